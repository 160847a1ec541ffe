#include "tests/bench/peer_load/nats_dialect.hpp"
#include "tests/bench/peer_load/topics_dialect.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grapevine::bench_peers {
namespace {

using namespace cli::bench;

constexpr std::uint32_t this_run = 0xC0FFEE42;
constexpr std::size_t bytes_of_payload = 60;
const DialectSpec dialect_spec{.payload_bytes = bytes_of_payload, .run = this_run};
const Stamp first{this_run, 3, 17, 1'000};
const Stamp second{this_run, 3, 18, 2'000};

std::string payload(const Stamp& stamp, std::size_t bytes = bytes_of_payload) {
    return stamped_payload(stamp, bytes);
}

/// Writes down what it is told.
class Notes final : public ClientOwner {
public:
    void connected() override { all.emplace_back("connected"); }
    void subscribed() override { all.emplace_back("subscribed"); }
    void arrived(const Stamp& stamp) override {
        all.push_back("arrived " + std::to_string(stamp.number));
    }
    void damaged() override { all.emplace_back("damaged"); }
    void refused(proto::CommandKind what, std::string_view why) override {
        all.push_back("refused " + std::to_string(static_cast<int>(what)) + " " + std::string(why));
    }
    void ended(bool, std::string_view) override {}

    std::vector<std::string> all;
};

class Session final : public Hearer {
public:
    explicit Session(Notes& notes) : Hearer(notes) {}
    void taken() override { owner.connected(); }
    void subscribed() override { owner.subscribed(); }
    void say(std::string_view message) override { said += message; }
    void sent_away(const std::string&) override { has_ended = true; }
    [[nodiscard]] bool is_open() const override { return !has_ended; }

    std::string said;
    bool has_ended = false;
};

class BenchDialects : public testing::Test {
protected:
    using Words = std::vector<std::string>;

    bool nats_reads(std::string_view message) { return nats.read(message, state, session); }
    static std::string msg(const std::string& data) {
        return "MSG room 1 " + std::to_string(data.size()) + "\r\n" + data + "\r\n";
    }

    NatsDialect nats{dialect_spec};
    TopicsDialect topics{dialect_spec};
    ReadState state;
    Notes notes;
    Session session{notes};
};

TEST_F(BenchDialects, NatsSaysWhatItsServerReads) {
    EXPECT_NE(
        nats.connect({.user = "a\"b", .token = {}}).find(R"("name":"a\"b"})"), std::string::npos);
    EXPECT_TRUE(nats.connect({}).ends_with("}\r\nPING\r\n"));
    EXPECT_EQ(nats.subscribe("room"), "SUB room 1\r\nPING\r\n");
    const PublishText text = nats.publish({.channel = "room", .stream = 3});
    EXPECT_EQ(text.message, "PUB room 60\r\n" + payload({this_run, 3, 0, 0}) + "\r\n");
    EXPECT_EQ(text.opcode, Opcode::binary);
}

TEST_F(BenchDialects, NatsReadsSeveralLinesOfOneMessage) {
    ASSERT_TRUE(nats_reads("INFO {\"server_id\":\"x\"}\r\nPONG\r\nPONG\r\n"));
    ASSERT_TRUE(nats_reads(msg(payload(first)) + "PING\r\n" + msg(payload(second)) + "+OK\r\n"));
    EXPECT_EQ(notes.all, (Words{"connected", "subscribed", "arrived 17", "arrived 18"}));
    EXPECT_EQ(session.said, "PONG\r\n");
    EXPECT_TRUE(state.rest.empty());
}

TEST_F(BenchDialects, NatsReadsLinesThatAreSplitAnywhere) {
    const std::string all =
        "INFO {}\r\nPONG\r\nPONG\r\n" + msg(payload(first)) + "PING\r\n" + msg(payload(second));
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        state = {};
        notes.all.clear();
        ASSERT_TRUE(nats_reads(std::string_view{all}.substr(0, cut)));
        ASSERT_TRUE(nats_reads(std::string_view{all}.substr(cut)));
        ASSERT_EQ(notes.all, (Words{"connected", "subscribed", "arrived 17", "arrived 18"})) << cut;
        ASSERT_TRUE(state.rest.empty());
    }
    state = {};
    notes.all.clear();
    for (const char byte : all)
        ASSERT_TRUE(nats_reads({&byte, 1}));
    EXPECT_EQ(notes.all.size(), 4U);
}

TEST_F(BenchDialects, NatsJudgesWhatItIsGiven) {
    const std::string right = payload(first);
    ASSERT_TRUE(nats_reads(msg(payload({this_run + 1, 3, 17, 0}))));
    EXPECT_TRUE(notes.all.empty()) << "of another run";
    ASSERT_TRUE(nats_reads(msg(right.substr(0, 50)) + msg(right + "x")));
    EXPECT_EQ(notes.all, (Words{"damaged", "damaged"}));
}

TEST_F(BenchDialects, NatsTellsWhatWasRefused) {
    ASSERT_TRUE(
        nats_reads("-ERR 'Authorization Violation'\r\nPONG\r\n-ERR 'x'\r\nPONG\r\n-ERR 'y'\r\n"));
    const auto number = [](proto::CommandKind kind) {
        return std::to_string(static_cast<int>(kind));
    };
    EXPECT_EQ(
        notes.all,
        (Words{
            "refused " + number(proto::CommandKind::connect) + " -ERR 'Authorization Violation'",
            "connected",
            "refused " + number(proto::CommandKind::subscribe) + " -ERR 'x'",
            "subscribed",
            "refused " + number(proto::CommandKind::publish) + " -ERR 'y'"}));
}

TEST_F(BenchDialects, NatsEndsWithWhatMakesNoSense) {
    const std::string wrong[]{
        "MSG room 1 x\r\n",
        "MSG\r\nMSG \r\n",
        "MSG room 1 99999999\r\n",
        "MSG room 1 3\r\nabcde\r\n",
        std::string(100'000, 'x')};
    for (const std::string& text : wrong) {
        state = {};
        session.has_ended = false;
        EXPECT_FALSE(nats_reads(text) && !session.has_ended) << text.substr(0, 30);
    }
    EXPECT_TRUE(notes.all.empty());
}

TEST_F(BenchDialects, TopicsAreReadAsTheyWereSent) {
    EXPECT_TRUE(topics.connect({}).empty());
    EXPECT_EQ(topics.subscribe("room"), "S room");
    EXPECT_EQ(
        topics.publish({.channel = "room", .stream = 3}).message,
        "P room " + payload({this_run, 3, 0, 0}));
    ASSERT_TRUE(topics.read("s", state, session));
    ASSERT_TRUE(topics.read(payload(first), state, session));
    ASSERT_TRUE(topics.read(payload({this_run + 1, 3, 17, 0}), state, session));
    ASSERT_TRUE(topics.read(payload(first, bytes_of_payload + 1), state, session));
    EXPECT_EQ(notes.all, (Words{"subscribed", "arrived 17", "damaged"}));
    EXPECT_FALSE(topics.read("nonsense", state, session));
}

}  // namespace
}  // namespace grapevine::bench_peers
