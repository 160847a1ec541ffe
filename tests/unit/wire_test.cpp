#include "proto/wire.hpp"

#include <gtest/gtest.h>

namespace grapevine::proto::wire {
namespace {

std::string varint_of(std::uint64_t value) {
    Count count;
    count.put_varint(value);
    std::string text;
    Store store{grow(text, count.total())};
    store.put_varint(value);
    return text;
}

TEST(WireReader, ReadsVarintsOfEveryLength) {
    for (int bits = 0; bits < 64; ++bits)
        for (const std::uint64_t value : {1ULL << bits, (1ULL << bits) - 1}) {
            const std::string text = varint_of(value);
            Reader in{text};
            std::uint64_t read = 0;
            ASSERT_TRUE(in.varint(read)) << bits;
            EXPECT_EQ(read, value);
            EXPECT_TRUE(in.done());
        }
}

TEST(WireReader, RefusesVarintsThatNeverEndOrDoNotFit) {
    std::uint64_t value = 0;
    EXPECT_FALSE(Reader{std::string(11, '\x80')}.varint(value));
    EXPECT_FALSE((Reader{std::string(9, '\xff') + '\x02'}.varint(value)));
    EXPECT_TRUE((Reader{std::string(9, '\xff') + '\x01'}.varint(value)));
    EXPECT_EQ(value, ~std::uint64_t{0});
    EXPECT_FALSE(Reader{""}.varint(value));
    EXPECT_FALSE(Reader{"\x80"}.varint(value));
}

TEST(WireReader, RefusesFieldNumberZeroGroupsAndWideTags) {
    Field field;
    EXPECT_FALSE(Reader{std::string(1, '\0')}.field(field));
    EXPECT_FALSE(Reader{"\x07"}.field(field)) << "field 0 of a wire type that does not exist";
    EXPECT_FALSE(Reader{"\x0b"}.field(field)) << "start of a group";
    EXPECT_FALSE(Reader{"\x0c"}.field(field)) << "end of a group";
    EXPECT_FALSE(Reader{"\x0e"}.field(field)) << "wire type 6";
    EXPECT_FALSE(Reader{"\xff\xff\xff\xff\x1f"}.field(field)) << "more than 32 bits";
    EXPECT_FALSE(Reader{"\x88\x80\x80\x80\x80\x01"}.field(field)) << "more than five bytes";
    EXPECT_TRUE(Reader{"\x0d"}.field(field));
    EXPECT_EQ(field.type, Type::fixed32);
}

TEST(WireReader, NeverTakesMoreThanThereIs) {
    std::string_view text;
    EXPECT_FALSE(Reader{"\x04"
                        "abc"}
                     .bytes(text));
    EXPECT_TRUE(Reader{"\x03"
                       "abc"}
                    .bytes(text));
    EXPECT_EQ(text, "abc");
    EXPECT_FALSE(Reader{"\xff\xff\xff\xff\x0f"}.bytes(text));
    std::uint64_t number = 0;
    EXPECT_FALSE(Reader{"1234567"}.fixed64(number));
    EXPECT_FALSE(Reader{"123"}.skip(Type::fixed32));
    EXPECT_TRUE(Reader{"1234"}.skip(Type::fixed32));
}

TEST(WireReader, RefusesANumberWiderThanItsField) {
    std::uint32_t value = 0;
    const Field field{.number = 1, .type = Type::varint};
    EXPECT_TRUE(Reader{varint_of(0xffffffff)}.value(field, value));
    EXPECT_EQ(value, 0xffffffff);
    EXPECT_FALSE(Reader{varint_of(0x100000000)}.value(field, value));
}

TEST(WireFields, LeaveOutDefaultsAndMeasureNestedMessages) {
    std::string out = "before";
    append_message(out, [](auto& message) {
        message.varint(1, 0);
        message.bytes(2, "");
        message.fixed64(3, 0);
        message.message(4, [](auto& inner) { inner.bytes(16, "x"); });
    });
    EXPECT_EQ(out, "before\x22\x04\x82\x01\x01x");
}

}  // namespace
}  // namespace grapevine::proto::wire
