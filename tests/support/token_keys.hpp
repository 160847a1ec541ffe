/// Keys for tests, made by openssl genpkey for nothing else.
#pragma once

#include <string_view>

namespace grapevine::tests::keys {

inline constexpr std::string_view rsa_private = R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCxeXUQ4EG+0mKy
g35SEpVIVFlkvRYMEA14LEb3qiiXj7WFhh9ESadvKn4FlwFvbEABcBrMoeO06M67
f3r2Xn2/kBWg3cLZfuoEaR1b3+glXrxt2FowwweyljplpUNLy3MyVNYHKsOUiKFW
SWNQp3FBVwZa/o0WK6Lys6JnZ6YsJrlmuh7uOK8dbO2MwM2JOIGWAUiyVicJ1TYg
c8D+JlfeFPWA6HDBUQoRrhQF37l/voSryJ77OI5VzilvsNEySTs5V+vGdvpZtdSh
+uJiAaTxmWtgixXMuuZfg+Yws+G9+IhBiyCU00gATXH+007EtG0qQBVStOhsa+y5
95FxXkUXAgMBAAECggEAIkNVHwN0ne8HH/iz8AtnZ7XlJkY9FeoZd5xwvQrMWGpl
vJgGvEvN9+/HsbOUEttexghLHDua9wfFNbyoVB0tAMlD67E0l4HhkyVqBh1Ft8VA
8qIE04orl8ZaEtqjkeP+4vYu9eZDKQ9xunNjqaQSAO/YqcOgIGofROT6UyVXFwm1
joAaT9yr0bnjmW76qzdsJbhIV6cDvFfAHidpsQt7ANdmceDmSQu+/DPsjPobA+Nk
RYLa/gx2owVYAQ5IYTVFVKAWHIdNJHLaFUQyqwihG9yU8o6xAnsUBb5HQan4LoMx
5gWLmGu7NQ2fKdm2YUay/AeETIf7/OP+U9wAnnp1yQKBgQD5G/aDEYbZhQiVNyPG
ikeoTmAasaVROmCxTHIxB3NhAdcW0M0Ft6mwMaLk3FSx81ukB7GteykuMRZ5GCJT
r0m19/6dwe/YlBhX7NLwqYysa7KLQd6iSAvBKukFbEC06C2iw02ue+EMlPhGjnzm
L0PjGrAok+W7rkwbzBtPe6T5uQKBgQC2YjihjvWPqVVBMPg0upyR/to0oWARE3/h
bVeq7NonqpI8gOA+MSiHbmArILVJXfFi8chJchHZscX7qXb4dWsrlYKle7kf5TMC
b7Ce2diBQkdfCiJZNjKuVt0fEQHxgwqcyn/65P2xDJBl2j2JjczMFkoqEjHKcUJH
ZbHW2yVdTwKBgQDWqBLm5H54B9vagLYySkvvKwJDXlrfQNe7T+2CdDInIGfQwEI7
MAVnz43Xekj9Qn/wO7UOkXdt11zPIk3KINz6keV02X4s+Yh0k509Rkzy8qbauvr2
ifCfFrPPOXYUrZFNlM/mj9bgeanrWrMjwwzTsNalULSA4nOw7FOITTpe+QKBgF6Q
7SYv1vmHZnIn7vqALACzMPcLGaGhB7SeGk/BAZiBo9OFS0BUAty+CVUzX2xMLoYM
MbqLT+Adgjdr9gj78PanThd54FI+aEWCHgUvlUfoUtNfkNHK/VpSJdMe4XAVbyI/
CT7RDw2HIzP8hd3VzXOgtxG7X1/FfAVDIIP0GxqXAoGAGoM6bt1FX5hWF7gkEdEG
bMr+bkvUQcW9+DYajbumX5b04jKGInuB4pIV+K6U2H2I1gdaXRwPuzMABIYasPaC
g19R3WrIBgVacGu5glDHL0bBic2FH4MWEjUhkuIVIC20qc0D93OXxKmdc34pQvEc
Zhp1xjuh84+UB4xcEj9MUzs=
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view rsa_public = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsXl1EOBBvtJisoN+UhKV
SFRZZL0WDBANeCxG96ool4+1hYYfREmnbyp+BZcBb2xAAXAazKHjtOjOu3969l59
v5AVoN3C2X7qBGkdW9/oJV68bdhaMMMHspY6ZaVDS8tzMlTWByrDlIihVkljUKdx
QVcGWv6NFiui8rOiZ2emLCa5Zroe7jivHWztjMDNiTiBlgFIslYnCdU2IHPA/iZX
3hT1gOhwwVEKEa4UBd+5f76Eq8ie+ziOVc4pb7DRMkk7OVfrxnb6WbXUofriYgGk
8ZlrYIsVzLrmX4PmMLPhvfiIQYsglNNIAE1x/tNOxLRtKkAVUrTobGvsufeRcV5F
FwIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view rsa_public_pkcs1 = R"(-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAsXl1EOBBvtJisoN+UhKVSFRZZL0WDBANeCxG96ool4+1hYYfREmn
byp+BZcBb2xAAXAazKHjtOjOu3969l59v5AVoN3C2X7qBGkdW9/oJV68bdhaMMMH
spY6ZaVDS8tzMlTWByrDlIihVkljUKdxQVcGWv6NFiui8rOiZ2emLCa5Zroe7jiv
HWztjMDNiTiBlgFIslYnCdU2IHPA/iZX3hT1gOhwwVEKEa4UBd+5f76Eq8ie+ziO
Vc4pb7DRMkk7OVfrxnb6WbXUofriYgGk8ZlrYIsVzLrmX4PmMLPhvfiIQYsglNNI
AE1x/tNOxLRtKkAVUrTobGvsufeRcV5FFwIDAQAB
-----END RSA PUBLIC KEY-----
)";

inline constexpr std::string_view rsa_1024_public = R"(-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDN3sDw2Gzm731GlcJ6vW9p9HVQ
n67DFXBaPkFO8EmNIfYxS7M4vtaQcF0NZ6mvKnCaRpaIBVViTo3tDEVA79vm2gfR
K0z7o5FFROnyi/XitgwRj6oUabhxeXQLZlSxW2U7jGI0gQMLEJu9cHpAp7UIWGBH
cAXl/SvQlVjirw5iPwIDAQAB
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view p256_private = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/PMu2GFpqFU6DM3T
FzsVGUv5EXyD8/iNdkqALvRlzuGhRANCAASqIrR7AhuJMDu67QYyzPtnhio3C3cG
5X8TLZhTv6TPyHQVDiMHJA+oya0opc3a/GholcfrDPkuhuvQG3m8bGGl
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view p256_private_sec1 = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIPzzLthhaahVOgzN0xc7FRlL+RF8g/P4jXZKgC70Zc7hoAoGCCqGSM49
AwEHoUQDQgAEqiK0ewIbiTA7uu0GMsz7Z4YqNwt3BuV/Ey2YU7+kz8h0FQ4jByQP
qMmtKKXN2vxoaJXH6wz5Lobr0Bt5vGxhpQ==
-----END EC PRIVATE KEY-----
)";

inline constexpr std::string_view p256_public = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqiK0ewIbiTA7uu0GMsz7Z4YqNwt3
BuV/Ey2YU7+kz8h0FQ4jByQPqMmtKKXN2vxoaJXH6wz5Lobr0Bt5vGxhpQ==
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view p256_certificate = R"(-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIUTz4mSBrwuKYo0wXgzau1GjBYmxEwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGdG9rZW5zMCAXDTI2MTEyMjA2NTgzNloYDzIxMjYxMDI5MDY1
ODM2WjARMQ8wDQYDVQQDDAZ0b2tlbnMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AASqIrR7AhuJMDu67QYyzPtnhio3C3cG5X8TLZhTv6TPyHQVDiMHJA+oya0opc3a
/GholcfrDPkuhuvQG3m8bGGlo1MwUTAdBgNVHQ4EFgQU/3eEQeO/zsT5cmmisPX4
aHswLWYwHwYDVR0jBBgwFoAU/3eEQeO/zsT5cmmisPX4aHswLWYwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAizGRRN4MTxwDIWGTD5Wfb0qmUC7qL
B2JeSm2wfaPv+gIhAMkBVXYWgcSoNkmFHCAJfovnT7TMQ73l3lmZ85hEBv1n
-----END CERTIFICATE-----
)";

inline constexpr std::string_view p384_private = R"(-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCjusGZAz76AeMnp3/T
A41P27TH4X5fHNg5PwzQZ0YAR9pQv5v75jMFbDr895BGIcuhZANiAAR1uy62MMPw
e7pdzBOHeMktpaa+ZBTUKHxrTtqd1Pi44heFEXodBYo7zFjZmNDACsAZlEdb7cUj
fV8aE6dRzFoqjU0BL/OzH5FLEB5hUFCL0oOjslAjsMCVFcWHWXfMSds=
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view p384_public = R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEdbsutjDD8Hu6XcwTh3jJLaWmvmQU1Ch8
a07andT4uOIXhRF6HQWKO8xY2ZjQwArAGZRHW+3FI31fGhOnUcxaKo1NAS/zsx+R
SxAeYVBQi9KDo7JQI7DAlRXFh1l3zEnb
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view ed25519_private = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIGbU4KFkOmIztcoO6GuNFWR5Lsnn3qDv9hdEhpMy7PUE
-----END PRIVATE KEY-----
)";

inline constexpr std::string_view ed25519_private_locked = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAh4jpk5wg8dVAICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEIvJYAGzIdVYBL3sd2gnST8EQL86
B0PFVkw/XouJpfpYFsOYg9TGyq1zkMfg46ayqZTez6vR+65dB5ntitZk6mMJ3SEE
UDB+Dsyub5CReopE900=
-----END ENCRYPTED PRIVATE KEY-----
)";

inline constexpr std::string_view ed25519_public = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEANgwEoE34esU5XlBmXCsKl3Al0nfdv515jFf4Tyidx9s=
-----END PUBLIC KEY-----
)";

inline constexpr std::string_view x25519_public = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAH2956mLKoaLkl/NvLCZv/ITGOzJoLaKufKFVWXofT3A=
-----END PUBLIC KEY-----
)";

}  // namespace grapevine::tests::keys
