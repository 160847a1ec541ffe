/// Random text, bytes, numbers and JSON for property tests: mostly small, often at the edges.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace grapevine::tests::gen {

inline rc::Gen<std::uint64_t> number() {
    return rc::gen::oneOf(
        rc::gen::arbitrary<std::uint64_t>(),
        rc::gen::element<std::uint64_t>(
            0,
            1,
            127,
            128,
            16383,
            16384,
            1ULL << 32,
            1ULL << 63,
            std::numeric_limits<std::uint64_t>::max()),
        rc::gen::resize(1000, rc::gen::arbitrary<std::uint64_t>()));
}

inline rc::Gen<std::uint32_t> number32() {
    return rc::gen::map(
        number(), [](std::uint64_t value) { return static_cast<std::uint32_t>(value); });
}

inline std::string joined(const std::vector<std::string>& pieces) {
    std::string text;
    for (const std::string& piece : pieces)
        text += piece;
    return text;
}

/// Valid UTF-8 of up to `bytes_max`, with characters that encodings have to escape or count.
inline rc::Gen<std::string> text(std::size_t bytes_max = 40) {
    const auto piece = rc::gen::element<std::string>(
        "a",
        "b",
        "7",
        " ",
        "#",
        "\"",
        "\\",
        "/",
        "\n",
        "\r",
        "\t",
        "\x01",
        "\x7f",
        "\xc3\xa9",
        "\xe2\x80\xa8",
        "\xe6\xbc\xa2",
        "\xf0\x9f\x8d\x87",
        "{",
        "]",
        std::string(1, '\0'),
        "\\u0041",
        "a whole phrase of some length");
    return rc::gen::map(
        rc::gen::container<std::vector<std::string>>(piece),
        [bytes_max](std::vector<std::string> pieces) {
            while (joined(pieces).size() > bytes_max)
                pieces.pop_back();
            return joined(pieces);
        });
}

/// Any bytes, up to `bytes_max`.
inline rc::Gen<std::string> bytes(std::size_t bytes_max = 40) {
    return rc::gen::map(rc::gen::arbitrary<std::string>(), [bytes_max](std::string value) {
        if (value.size() > bytes_max) value.resize(bytes_max);
        return value;
    });
}

/// One valid JSON value as text. With `newlines`, the white space between tokens holds some.
inline rc::Gen<std::string> json(bool newlines = false, int depth = 3) {
    const auto scalar = rc::gen::element<std::string>(
        "true",
        "false",
        "0",
        "-1",
        "12.5e3",
        "18446744073709551615",
        R"("")",
        R"("text")",
        R"("a \"quote\" \\")",
        R"("]}{[,:")",
        R"("\\\\")",
        "\"\xc3\xa9\xf0\x9f\x8d\x87\"",
        R"("\ud83c\udf47\n")",
        "{}",
        "[]",
        "[null]");
    if (depth == 0) return scalar;
    const auto space = newlines ? rc::gen::element<std::string>("", " ", "\n", "\r\n ", "\t")
                                : rc::gen::element<std::string>("", "", " ", "\t");
    const auto container = rc::gen::exec([=] {
        const bool object = *rc::gen::arbitrary<bool>();
        const int members = *rc::gen::inRange(0, 4);
        std::string out = object ? "{" : "[";
        for (int member = 0; member < members; ++member) {
            if (member != 0) out += *space + "," + *space;
            if (object)
                out += *space + "\"k\\\"" + std::to_string(member) + "\"" + *space + ":" + *space;
            out += *json(newlines, depth - 1);
        }
        return out + *space + (object ? "}" : "]");
    });
    return rc::gen::oneOf(scalar, container, container);
}

}  // namespace grapevine::tests::gen
