#include "proto/client_codec.hpp"
#include "proto/mesh_codec.hpp"
#include "tests/support/allocation_count.hpp"

#include <gtest/gtest.h>

namespace grapevine::proto {
namespace {

constexpr Encoding both_encodings[] = {Encoding::json, Encoding::protobuf};
constexpr std::string_view payload =
    R"({"text":"a message of usual length, with a \"quote\"","n":[1,2,3]})";

/// Does it a few times to fill what is reused, then counts.
template <class Action>
std::size_t steady_allocations_of(Action action) {
    for (int round = 0; round < 3; ++round)
        action();
    return tests::allocations_of([&] {
        for (int round = 0; round < 100; ++round)
            action();
    });
}

TEST(Allocations, TheCounterCounts) {
    EXPECT_EQ(tests::allocations_of([] { ::operator delete(::operator new(sizeof(int))); }), 1U);
    EXPECT_GE(tests::allocations_of([] { std::string(1000, 'x').clear(); }), 1U);
}

TEST(Allocations, ReadingAPublishCommandMakesNone) {
    for (const Encoding encoding : both_encodings) {
        std::string message;
        append_command(
            message,
            encoding,
            {.id = 1,
             .kind = CommandKind::publish,
             .channel = "chat:a \"lobby\"",
             .data = payload});
        ClientScratch scratch;
        EXPECT_EQ(
            steady_allocations_of([&] {
                CommandReader reader{scratch, encoding, message};
                Command command;
                ASSERT_EQ(reader.next(command), CommandReader::Step::command);
                ASSERT_EQ(command.data, payload);
            }),
            0U);
    }
}

TEST(Allocations, WritingAPushMakesNone) {
    for (const std::string_view message_id : {"", "0123456789abcdef0123456789abcdef"}) {
        std::string body;
        append_publication(body, {payload, {"alice", "client-1"}, message_id});
        for (const Encoding encoding : both_encodings) {
            std::string out;
            EXPECT_EQ(
                steady_allocations_of([&] {
                    out.clear();
                    ASSERT_TRUE(
                        append_push(out, encoding, "chat:a \"lobby\"", PayloadKind::json, body));
                }),
                0U);
        }
    }
}

TEST(Allocations, WritingAndReadingForwardsMakesNone) {
    std::string body;
    append_publication(body, {payload, {"alice", "client-1"}});
    const Forward forward{1, Target::user, "bob", PayloadKind::json, body};
    std::string out;
    MeshFrame frame;
    EXPECT_EQ(
        steady_allocations_of([&] {
            out.clear();
            append_frame(out, forward);
            append_frame(out, forward);
            MeshReader reader{out};
            while (reader.next(frame) == MeshReader::Step::frame)
                ASSERT_EQ(std::get<Forward>(frame), forward);
        }),
        0U);
}

TEST(Allocations, WritingAndReadingDeltasOfOneSizeMakesNone) {
    Delta delta{.origin = {1}, .epoch = {2}, .from = {3}, .to = {4}};
    for (std::uint64_t key = 0; key < 300; ++key)
        delta.changes.push_back({key, TableKind::users, static_cast<std::uint8_t>(key / 100)});
    std::string out;
    MeshFrame frame;
    EXPECT_EQ(
        steady_allocations_of([&] {
            out.clear();
            append_frame(out, delta);
            MeshReader reader{out};
            ASSERT_EQ(reader.next(frame), MeshReader::Step::frame);
            ASSERT_EQ(std::get<Delta>(frame).changes.size(), 300U);
        }),
        0U);
}

}  // namespace
}  // namespace grapevine::proto
