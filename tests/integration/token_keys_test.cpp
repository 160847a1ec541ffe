#include "node/token_keys.hpp"
#include "proto/limits.hpp"
#include "proto/tokens/signing_key.hpp"
#include "tests/support/token_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace grapevine::node {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Files in a folder of their own, and what is told of them.
class TokenKeyFilesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "grapevine-keys-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string path(const std::string& name) const { return (folder_ / name).string(); }
    /// Never with the stamp of before, however coarse the clock of files is.
    void write(const std::string& name, std::string_view text) {
        std::ofstream{path(name), std::ios::binary} << text;
        second_ += std::chrono::seconds{1};
        std::filesystem::last_write_time(path(name), second_);
    }
    bool look(TokenKeyFiles& files) {
        told_.clear();
        return files.look([this](const std::string& fault) { told_.push_back(fault); });
    }
    static bool knows(const TokenKeyFiles& files, const proto::SigningKey& signer) {
        proto::TokenReader reader;
        return reader.open(*files.keys(), sign_token(signer, "{}")).fault.empty();
    }
    static proto::SigningKey maker(std::string_view secret) {
        return *proto::read_signing_secret(secret).key;
    }

    const std::string old_ = "the secret of this month, 32 bytes";
    const std::string fresh_ = "the secret of next month, 32 bytes";
    std::filesystem::path folder_;
    std::filesystem::file_time_type second_ = std::filesystem::file_time_type::clock::now();
    std::vector<std::string> told_;
};

TEST_F(TokenKeyFilesTest, AllFilesTogetherAreTheKeys) {
    write("secret", old_ + "\r\n");
    write("public.pem", tests::keys::ed25519_public);
    write(
        "jwks",
        R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
    const TokenKeyFiles files{
        {.hmac_secret_file = path("secret"),
         .key_file = path("public.pem"),
         .jwks_file = path("jwks")}};
    EXPECT_EQ(files.keys()->size(), 3U);
    EXPECT_TRUE(knows(files, maker(old_)));
    EXPECT_TRUE(knows(files, *proto::read_signing_pem(tests::keys::ed25519_private).key));
    EXPECT_TRUE(TokenKeyFiles{TokenConfig{}}.keys()->empty());
}

TEST_F(TokenKeyFilesTest, AFileThatChangesIsReadAgain) {
    write("secret", old_);
    TokenKeyFiles files{{.hmac_secret_file = path("secret")}};
    EXPECT_FALSE(look(files));
    const TokenKeyFiles::Keys before = files.keys();
    write("secret", fresh_);
    EXPECT_TRUE(look(files));
    EXPECT_TRUE(knows(files, maker(fresh_)));
    EXPECT_FALSE(knows(files, maker(old_)));
    EXPECT_FALSE(look(files));
    // Who uses the old ones on another loop keeps them as they were.
    EXPECT_EQ(before->size(), 1U);
    // Another file in its place, as `mv` puts it there.
    write("other", old_);
    std::filesystem::rename(path("other"), path("secret"));
    EXPECT_TRUE(look(files));
    EXPECT_TRUE(knows(files, maker(old_)));
}

TEST_F(TokenKeyFilesTest, ABrokenFileIsToldOnceAndItsKeysStay) {
    write("secret", old_);
    write("public.pem", tests::keys::ed25519_public);
    TokenKeyFiles files{{.hmac_secret_file = path("secret"), .key_file = path("public.pem")}};
    write("secret", "short");
    EXPECT_FALSE(look(files));
    EXPECT_THAT(
        told_,
        ElementsAre(testing::AllOf(
            HasSubstr("--token-hmac-secret-file '" + path("secret") + "': is a secret of 5 bytes"),
            HasSubstr("the keys it had before stay in force"))));
    EXPECT_FALSE(look(files));
    EXPECT_THAT(told_, ElementsAre());
    std::filesystem::remove(path("secret"));
    EXPECT_FALSE(look(files));
    EXPECT_THAT(told_, ElementsAre(HasSubstr("cannot be read")));
    EXPECT_TRUE(knows(files, maker(old_)));
    // Another file's change does not lose them.
    write("public.pem", tests::keys::p256_public);
    EXPECT_TRUE(look(files));
    EXPECT_TRUE(knows(files, maker(old_)));
    EXPECT_TRUE(knows(files, *proto::read_signing_pem(tests::keys::p256_private).key));
    EXPECT_FALSE(knows(files, *proto::read_signing_pem(tests::keys::ed25519_private).key));
    write("secret", fresh_);
    EXPECT_TRUE(look(files));
    EXPECT_TRUE(knows(files, maker(fresh_)));
}

TEST_F(TokenKeyFilesTest, AtTheStartABrokenFileIsAnError) {
    const auto fault = [](const TokenConfig& config) {
        try {
            const TokenKeyFiles files{config};
            return std::string{};
        } catch (const BadTokenKeys& bad) {
            return std::string{bad.what()};
        }
    };
    EXPECT_THAT(fault({.key_file = path("missing")}), HasSubstr("--token-key-file"));
    EXPECT_THAT(fault({.key_file = folder_.string()}), HasSubstr("cannot be read"));
    write("secret", old_);
    EXPECT_THAT(fault({.jwks_file = path("secret")}), HasSubstr("is no JWK set"));
    write("large", std::string(proto::limits::token_key_file_bytes + 1, 'k'));
    EXPECT_THAT(fault({.hmac_secret_file = path("large")}), HasSubstr("is it a file of keys?"));
    write("largest", std::string(proto::limits::token_key_file_bytes, 'k'));
    EXPECT_EQ(fault({.hmac_secret_file = path("largest")}), "");
}

}  // namespace
}  // namespace grapevine::node
