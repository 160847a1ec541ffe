#!/usr/bin/env bash
# Wrong options and wrong files: each must end with 2 and a text that names the flag.
set -euo pipefail
grapevine="${GRAPEVINE:?the program to test}"
dir="$(mktemp -d)"
trap 'rm -rf "$dir"' EXIT
failures=0

# refuses FLAG ARGUMENTS...: exit code 2, and FLAG in what it says.
refuses() {
    local flag="$1" status=0 said
    shift
    said="$(timeout 10 "$grapevine" "$@" 2>&1 </dev/null)" || status=$?
    if ((status != 2)) || [[ "$said" != *"$flag"* ]]; then
        echo "grapevine $*: exit code $status instead of 2, or no $flag in: $said"
        failures=$((failures + 1))
    fi
}

: >"$dir/empty"
head -c 5000 /dev/zero >"$dir/large"

refuses "subcommand" ''
refuses --liste node --liste 127.0.0.1:8000
refuses --listen node --listen 8000
refuses --listen node --listen 127.0.0.1:
refuses --listen node --listen 127.0.0.1:65536
refuses --listen node --listen ::1:8000
refuses --listen node --listen '[nothing]:8000'
refuses --listen node --listen 0.0.0.0:8000
refuses --open node --listen '[::]:8000'
refuses --token-jwks-file node --listen '[::]:8000'
refuses --secret-file node --mesh-listen 0.0.0.0:7947
refuses "--open mesh" node --mesh-listen 0.0.0.0:7947
refuses "--open admin" node --admin-listen 192.0.2.1:9000 --open client
refuses --open node --open door
refuses --seeds node --seeds a:7001,b
refuses --seeds node --seeds a:0
refuses "--seeds 'srv:mesh.example'" node --seeds srv:mesh.example
refuses "for example srv:_grapevine._tcp.mesh.example" node --seeds srv:_grapevine._tcp
refuses "srv: before it" node --seeds _grapevine._tcp.mesh.example:7947
refuses "has the port itself" node --seeds srv:_grapevine._tcp.mesh.example:7947
refuses "no IPv4 address" node --seeds 10.0.0.256:7947
refuses "no IPv6 address" node --seeds '[zz::1]:7947'
refuses "that is no name" node --seeds mesh..example:7947
refuses --dns-server node --dns-server dns.example
refuses --dns-server node --dns-server dns.example:53
refuses --dns-server node --dns-server 127.0.0.1:0
refuses --dns-every node --dns-every 0
refuses --mesh-advertise node --mesh-advertise a.example:0
refuses --name node --name 'two words'
refuses --name node --mesh-listen 127.0.0.1:0
refuses --cluster node --cluster ../demo
refuses --cluster node --cluster ''
refuses --workers node --workers 0
refuses --secret-file node --secret-file "$dir/empty"
refuses --secret-file node --secret-file "$dir/large"
refuses --secret-file node --secret-file "$dir/missing"
refuses --secret-file node --secret-file "$dir"
echo one >"$dir/one" && echo one >"$dir/same" && echo two >"$dir/two" && chmod 600 "$dir"/*
refuses "the same secret" node --secret-file "$dir/one" --secret-file "$dir/same"
refuses --secret-file node --secret-file "$dir/one" --secret-file "$dir/missing"
refuses "3 times" node --secret-file "$dir/one" --secret-file "$dir/two" --secret-file "$dir/large"
echo 0123456789abcdef0123456789abcdef >"$dir/hmac" && echo 0123456789abcdef0123456789abcde >"$dir/guessable"
openssl genpkey -algorithm ed25519 >"$dir/private.pem" && openssl pkey -in "$dir/private.pem" -pubout >"$dir/public.pem"
refuses --token-hmac-secret-file node --token-hmac-secret-file "$dir/missing"
refuses "use 32 or more" node --token-hmac-secret-file "$dir/guessable"
refuses --token-key-file node --token-key-file "$dir/hmac"
refuses "openssl pkey" node --token-key-file "$dir/private.pem"
refuses --token-jwks-file node --token-jwks-file "$dir/public.pem"
refuses --token-audience node --token-audience web
refuses --token-issuer node --token-issuer shop
refuses --token-issuer node --token-issuer $'a\nb' --token-hmac-secret-file "$dir/hmac"
refuses "either --hmac-secret-file or --key-file" token --user alice
refuses "either --hmac-secret-file or --key-file" token --hmac-secret-file "$dir/hmac" --key-file "$dir/private.pem"
refuses --hmac-secret-file token --hmac-secret-file "$dir/guessable"
refuses --key-file token --key-file "$dir/public.pem"
refuses --jwks-file token --jwks-file "$dir/hmac" --hmac-secret-file "$dir/hmac"
refuses --user token --user '#alice' --hmac-secret-file "$dir/hmac"
refuses --info token --info '{' --hmac-secret-file "$dir/hmac"
refuses --channel token --channel '' --hmac-secret-file "$dir/hmac"
refuses --for-channel token --for-channel news --channel chat --hmac-secret-file "$dir/hmac"
refuses --for-channel token --client c-1 --hmac-secret-file "$dir/hmac"
refuses --audience token --audience $'a\nb' --hmac-secret-file "$dir/hmac"
for duration in '' 0 -1 1w 1.5h 3654d 99999999999999999999 h 'never!'; do
    refuses --expires token --expires "$duration" --hmac-secret-file "$dir/hmac"
done
refuses "--check needs" token --check a.b.c
refuses "openssl pkey" token --check a.b.c --key-file "$dir/private.pem"
refuses --user chat
refuses --user chat --user ''
refuses --user chat --user "$(printf 'x%.0s' {1..255})"
refuses --user chat --user $'a\nb'
refuses --channel chat --user alice --channel ''
refuses --url chat --user alice --url http://127.0.0.1:8000
refuses --url chat --user alice --url ws://:8000/x
refuses --to send hi
refuses --to send --to '' hi
refuses --to send --to '#bob' hi
refuses --to send --to "$(printf 'x%.0s' {1..255})" hi
refuses --user send --to bob --user $'a\nb' hi
refuses --url send --to bob --url http://127.0.0.1:8000 hi
refuses --wait send --to bob --wait long hi
refuses --qos send --to bob --qos 2 hi
refuses --timeout send --to bob --timeout 0 hi
refuses --idempotency-key send --to bob --idempotency-key '' hi
refuses --idempotency-key send --to bob --idempotency-key "$(printf 'x%.0s' {1..65})" hi
refuses --data send --to bob --data '{'
refuses --data send --to bob --data null
refuses --data send --to bob --data 1 hi
refuses TEXT send --to bob
refuses TEXT send --to bob $'\xff'
refuses TEXT send --to bob "$(printf 'x%.0s' {1..65535})"
refuses --admin status --admin ftp://127.0.0.1
refuses --admin status --admin http://127.0.0.1:9000/api

status=0
timeout 10 "$grapevine" status --admin http://127.0.0.1:1 2>"$dir/said" || status=$?
if ((status != 3)) || ! grep -q -e --admin "$dir/said"; then
    echo "status without a node: exit code $status instead of 3, or no --admin in: $(cat "$dir/said")"
    failures=$((failures + 1))
fi

for words in --version --help "node --help" "status --help" "chat --help" "send --help" "token --help"; do
    # shellcheck disable=SC2086
    "$grapevine" $words >"$dir/said" || failures=$((failures + 1))
    [[ -s "$dir/said" ]] || failures=$((failures + 1))
done

((failures == 0)) || {
    echo "$failures failure(s)"
    exit 1
}
