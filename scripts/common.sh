# Shared by the scripts: where the project is, headings, colours on a terminal only.
# shellcheck shell=bash
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$project" || exit

bold='' dim='' red='' green='' plain=''
if [[ -t 1 && -z "${NO_COLOR:-}" ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
fi
# Not every script uses every colour.
: "$bold$dim$red$green$plain"

# Each argument on a line.
say() { printf '%s\n' "$@"; }
fail() {
    printf '%s%s: %s%s\n' "$red" "${0##*/}" "$*" "$plain" >&2
    exit 1
}
