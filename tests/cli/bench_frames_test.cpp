#include "cli/bench/own_dialect.hpp"

#include <gtest/gtest.h>

namespace grapevine::cli::bench {
namespace {

using proto::Encoding;

constexpr std::uint32_t run = 0xC0FFEE42;
const MaskKey key{{'\x11', '\x2F', '\x53', '\x7A'}};

/// What a server finds in a client's frames.
std::string unmasked(std::string_view frame) {
    const auto second = static_cast<unsigned char>(frame[1]);
    EXPECT_NE(second & 0x80, 0) << "clients mask";
    std::size_t at = 2;
    std::size_t length = second & 0x7F;
    if (length >= 126) {
        const std::size_t length_bytes = length == 126 ? 2 : 8;
        length = 0;
        for (; at < 2 + length_bytes; ++at)
            length = length << 8 | static_cast<unsigned char>(frame[at]);
    }
    const std::string_view mask = frame.substr(at, 4);
    at += 4;
    EXPECT_EQ(frame.size() - at, length);
    std::string text{frame.substr(at)};
    for (std::size_t i = 0; i < text.size(); ++i)
        text[i] = static_cast<char>(text[i] ^ mask[i % 4]);
    return text;
}

/// The same as a server sends it.
std::string from_server(std::string_view payload) {
    const MaskKey none;
    std::string frame;
    append_frame(frame, Opcode::text, payload, none);
    const std::size_t mask_at = frame.size() - payload.size() - 4;
    frame.erase(mask_at, 4);
    frame[1] = static_cast<char>(frame[1] & 0x7F);
    return frame;
}

class BenchFrames : public testing::TestWithParam<std::tuple<Encoding, bool, std::size_t>> {
protected:
    Encoding encoding = std::get<0>(GetParam());
    bool is_answered = std::get<1>(GetParam());
    std::size_t payload_bytes = std::get<2>(GetParam());
};

TEST_P(BenchFrames, EveryMessageIsTheCommandTheCodecKnows) {
    const OwnDialect dialect{{.encoding = encoding, .payload_bytes = payload_bytes, .run = run}};
    const PublishFrame frame{
        dialect.publish({.channel = "#bob", .stream = 7, .is_answered = is_answered}), run, key};
    proto::ClientScratch scratch;
    for (const std::uint32_t number : {0U, 1U, 0xFFFFU, 3'000'000'000U}) {
        const std::uint32_t id = PublishFrame::first_id + number;
        std::string out = "before";
        frame.append_to(out, number, number / 2, id);
        ASSERT_EQ(out.size(), 6 + frame.size());
        const std::string text = unmasked(std::string_view{out}.substr(6));

        proto::CommandReader reader(scratch, encoding, text);
        proto::Command command;
        ASSERT_EQ(reader.next(command), proto::CommandReader::Step::command);
        EXPECT_EQ(command.kind, proto::CommandKind::publish);
        EXPECT_EQ(command.id, is_answered ? id : 0);
        EXPECT_EQ(command.channel, "#bob");
        EXPECT_EQ(command.data.size(), payload_bytes);
        EXPECT_EQ(command.data_kind, proto::PayloadKind::json);
        Stamp stamp;
        ASSERT_TRUE(read_stamp(command.data, payload_bytes, stamp));
        EXPECT_EQ(stamp, (Stamp{run, 7, number, number / 2}));
        EXPECT_EQ(reader.next(command), proto::CommandReader::Step::end);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Everything,
    BenchFrames,
    testing::Combine(
        testing::Values(Encoding::json, Encoding::protobuf),
        testing::Bool(),
        testing::Values(payload_bytes_min, 128, 500, 60'000)));

TEST(BenchStamp, IsReadBackAndNothingElseIs) {
    const Stamp stamp{run, 0, ~0U, 0x12345678};
    const std::string payload = stamped_payload(stamp, 60);
    EXPECT_EQ(payload.size(), 60U);
    Stamp read;
    ASSERT_TRUE(read_stamp(payload + "}", 60, read));
    EXPECT_EQ(read, stamp);
    EXPECT_FALSE(read_stamp(payload.substr(0, 59), 60, read)) << "cut";
    EXPECT_FALSE(read_stamp(payload + "}", 61, read)) << "of another length";
    for (std::size_t i = 1; i <= 32; ++i) {
        for (const char wrong : {'`', 'q', '"', '\x00', '\xFF'}) {
            std::string damaged = payload;
            damaged[i] = wrong;
            EXPECT_FALSE(read_stamp(damaged, 60, read)) << i;
        }
    }
}

TEST(BenchFrameReader, TakesWholeFramesAndWaitsForTheRest) {
    for (const std::size_t size : {0U, 5U, 125U, 126U, 65'535U, 65'536U}) {
        const std::string payload(size, 'x');
        const std::string bytes = from_server(payload) + from_server("next");
        for (const std::size_t cut : {std::size_t{1}, size / 2 + 1, bytes.size() - 7}) {
            FrameReader partial{std::string_view{bytes}.substr(0, cut)};
            Frame frame;
            EXPECT_EQ(partial.next(frame), FrameReader::Step::need_more);
            EXPECT_EQ(partial.rest().size(), cut);
        }
        FrameReader reader{bytes};
        Frame frame;
        ASSERT_EQ(reader.next(frame), FrameReader::Step::frame);
        EXPECT_EQ(frame.payload, payload);
        ASSERT_EQ(reader.next(frame), FrameReader::Step::frame);
        EXPECT_EQ(frame.payload, "next");
        EXPECT_EQ(reader.next(frame), FrameReader::Step::need_more);
        EXPECT_TRUE(reader.rest().empty());
    }
}

TEST(BenchFrameReader, RefusesWhatServersNeverSay) {
    const std::string_view broken[]{
        {"\x81\x81\x00\x00\x00\x00x", 7},  // masked
        {"\xC1\x00", 2},  // a reserved bit
        {"\x01\x00", 2},  // the first piece of a message
        {"\x80\x00", 2},  // a further piece
        {"\x82\x7F\x00\x00\x00\x01\x00\x00\x00\x00", 10}};  // four gigabytes
    for (const std::string_view bytes : broken) {
        Frame frame;
        EXPECT_EQ(FrameReader{bytes}.next(frame), FrameReader::Step::broken);
    }
}

class BenchReplies : public testing::TestWithParam<Encoding> {
protected:
    BenchReplies() {
        context.encoding = GetParam();
        context.payload_bytes = 50;
        context.mark = stamp_mark(run);
    }
    void push(const std::string& data) {
        std::string body;
        proto::append_publication(body, {.data = data, .info = {.user = "ann", .client = "c1"}});
        ASSERT_TRUE(proto::append_push(said, GetParam(), "#bob", proto::PayloadKind::json, body));
    }
    ReplyContext context;
    std::string said;
    std::uint32_t hint = 0;
};

TEST_P(BenchReplies, TellsMessagesAnswersAndTheRestApart) {
    using Kind = Replies::Kind;
    const Stamp first{run, 1, 2, 3};
    const Stamp second{run, 4, 5, 6};
    push(stamped_payload(first, 50));
    proto::append_done(said, GetParam(), PublishFrame::first_id, proto::CommandKind::publish);
    push(stamped_payload(second, 50));
    push(stamped_payload(second, 51));
    push(stamped_payload({.run = run + 1}, 50));
    proto::append_error(
        said, GetParam(), PublishFrame::first_id + 1, proto::ErrorCode::permission_denied);
    proto::append_done(said, GetParam(), 2, proto::CommandKind::subscribe);
    for (int round = 0; round < 2; ++round) {  // the second with what the first has learnt
        Replies replies{context, said, hint};
        ASSERT_EQ(replies.next(), Kind::message);
        EXPECT_EQ(replies.stamp(), first);
        ASSERT_EQ(replies.next(), Kind::done);
        ASSERT_EQ(replies.next(), Kind::message);
        EXPECT_EQ(replies.stamp(), second);
        ASSERT_EQ(replies.next(), Kind::damaged);
        ASSERT_EQ(replies.next(), Kind::other);
        EXPECT_EQ(replies.reply().kind, proto::Reply::Kind::publication) << "of another run";
        ASSERT_EQ(replies.next(), Kind::other);
        EXPECT_EQ(replies.reply().kind, proto::Reply::Kind::error);
        EXPECT_EQ(replies.reply().id, PublishFrame::first_id + 1);
        ASSERT_EQ(replies.next(), Kind::other);
        EXPECT_EQ(replies.reply().kind, proto::Reply::Kind::subscribe);
        EXPECT_EQ(replies.next(), Kind::end);
    }
}

TEST_P(BenchReplies, HearsPingsAndNonsense) {
    proto::append_ping(said, GetParam());
    Replies ping{context, said, hint};
    ASSERT_EQ(ping.next(), Replies::Kind::other);
    EXPECT_EQ(ping.reply().kind, proto::Reply::Kind::ping);
    Replies nonsense{context, "\x7Fnonsense", hint};
    EXPECT_EQ(nonsense.next(), Replies::Kind::malformed);
}

INSTANTIATE_TEST_SUITE_P(Both, BenchReplies, testing::Values(Encoding::json, Encoding::protobuf));

}  // namespace
}  // namespace grapevine::cli::bench
