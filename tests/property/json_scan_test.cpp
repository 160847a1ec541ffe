// The short way through JSON must never disagree with the parser: what it recognises the parser
// accepts and leaves alone, and a command read on the short way is the command the general way
// reads.
#include "proto/client_codec.hpp"
#include "proto/json_scan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <simdjson.h>

namespace grapevine::proto {
namespace {

bool is_ordinary(std::string_view text) {
    JsonScan scan{text};
    return scan.value() && scan.at_end();
}

bool parser_accepts(const std::string& text) {
    simdjson::dom::parser parser;
    return parser.parse(text).error() == simdjson::SUCCESS;
}

/// Pieces of JSON in any order: mostly nonsense, often nearly right, sometimes right.
rc::Gen<std::string> json_pieces() {
    const auto piece = rc::gen::element<std::string>(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"key\":",
        "true",
        "false",
        "null",
        "nul",
        "0",
        "01",
        "-",
        "-0",
        "1.5",
        "1.",
        ".5",
        "1e5",
        "1e999",
        "1E+2",
        "123456789012345678",
        "1234567890123456789",
        "99999999999999999999",
        " ",
        "\t",
        "\n",
        "\r",
        "\\",
        "\\n",
        "\\u0041",
        "\\ud83d",
        "\\u12",
        "\"\\ud83d\\ude00\"",
        "\"\xc3\xa9\"",
        "\"\xc3\"",
        "\x01",
        "\"0123456789abcdef\"",
        "{}",
        "[]",
        "{\"a\":1}",
        "[1,2]",
        "\"\\\"\"");
    return rc::gen::map(
        rc::gen::container<std::vector<std::string>>(piece),
        [](const std::vector<std::string>& pieces) {
            std::string text;
            for (const std::string& part : pieces)
                text += part;
            return text;
        });
}

/// Valid JSON, nested a little.
std::string any_json(int depth = 0) {
    switch (*rc::gen::inRange(0, depth < 4 ? 8 : 6)) {
    case 0: return "null";
    case 1: return *rc::gen::element<std::string>("true", "false");
    case 2: return std::to_string(*rc::gen::arbitrary<std::int64_t>());
    case 3: return *rc::gen::element<std::string>("0.5", "-1.25e-7", "3E8", "0");
    case 4: return "\"" + std::string(*rc::gen::inRange<std::size_t>(0, 40), 'x') + "\"";
    case 5:
        return *rc::gen::element<std::string>(
            "\"\\\"q\\\\\"", "\"\xe6\xbc\xa2\xe5\xad\x97\"", "\"\\u00e9\\n\"", "\"a b\"");
    case 6: {
        std::string text = "[";
        for (int count = *rc::gen::inRange(0, 4); count > 0; --count)
            text += any_json(depth + 1) + (count > 1 ? ", " : "");
        return text + "]";
    }
    default: {
        std::string text = "{";
        for (int count = *rc::gen::inRange(0, 4); count > 0; --count)
            text += "\"k" + std::to_string(count) + "\" :" + any_json(depth + 1) +
                    (count > 1 ? "," : "");
        return text + "}";
    }
    }
}

RC_GTEST_PROP(JsonScan, RecognisesOnlyWhatTheParserAccepts, ()) {
    const std::string text = *json_pieces();
    if (is_ordinary(text)) RC_ASSERT(parser_accepts(text));
}

RC_GTEST_PROP(JsonScan, OneDamagedByteIsNoticed, ()) {
    std::string text = any_json();
    text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
    if (is_ordinary(text)) RC_ASSERT(parser_accepts(text));
}

RC_GTEST_PROP(JsonScan, LeavesAsItIsWhatTheParserWouldLeave, ()) {
    const std::string text = any_json();
    RC_ASSERT(parser_accepts(text));
    RC_TAG(is_ordinary(text) ? "ordinary" : "general");
    ClientScratch scratch;
    std::string_view out;
    RC_ASSERT(normalise_json(scratch, text, out));
    RC_ASSERT(out == text);
}

// The most common payloads must take the short way, or it serves nobody.
TEST(JsonScan, RecognisesChat) {
    for (const char* text :
         {R"("hello")",
          R"({"text":"hi there","n":17,"ok":true,"list":[1,2.5,null]})",
          "{\"t\":\"\xc3\xa9\"}",
          "-12.5"})
        EXPECT_TRUE(is_ordinary(text)) << text;
}

TEST(JsonScan, StopsAtItsDepth) {
    EXPECT_TRUE(is_ordinary(std::string(32, '[') + std::string(32, ']')));
    EXPECT_FALSE(is_ordinary(std::string(33, '[') + std::string(33, ']')));
    EXPECT_FALSE(is_ordinary(std::string(100'000, '[')));
}

// An unknown member sends a line the general way; both ways must read the same command.
RC_GTEST_PROP(JsonScan, ReadsTheCommandTheGeneralWayReads, ()) {
    const std::string data = any_json();
    const std::string channel =
        *rc::gen::element<std::string>("chat:lobby", "#bob", "", "caf\xc3\xa9", "a\\\"b");
    const std::string id = *rc::gen::element<std::string>(
        "", "\"id\":7,", "\"id\":4000000000,", "\"id\":0,", "\"id\":01,", "\"id\" : 12 ,");
    const std::string publish =
        "\"publish\":{\"channel\":\"" + channel + "\", \"data\":" + data + "}";
    const std::string short_way = "{" + id + publish + "}";
    const std::string general_way = "{" + id + publish + ",\"unknown\":0}";
    ClientScratch one;
    ClientScratch other;
    Command left;
    Command right;
    CommandReader short_reader{one, Encoding::json, short_way};
    CommandReader general_reader{other, Encoding::json, general_way};
    const auto left_step = short_reader.next(left);
    RC_ASSERT(left_step == general_reader.next(right));
    if (left_step != CommandReader::Step::command) return;
    RC_ASSERT(left.id == right.id);
    RC_ASSERT(left.kind == right.kind);
    RC_ASSERT(left.channel == right.channel);
    RC_ASSERT(left.data == right.data);
    RC_ASSERT(left.data_kind == right.data_kind);
}

}  // namespace
}  // namespace grapevine::proto
