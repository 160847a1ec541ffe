#include "node/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grapevine::node {
namespace {

using mesh::Duration;
using mesh::Instant;
using mesh::Now;
using testing::HasSubstr;
using namespace std::chrono_literals;

mesh::LinkRefused refused(std::string address, std::string name = "mallory") {
    return {
        .address = std::move(address),
        .name = std::move(name),
        .reason = proto::RefuseReason::wrong_secret,
        .text = "different secrets"};
}

/// What a journal prints of events a second apart, or another time.
struct Log {
    Journal journal{Level::info};
    Instant time{std::chrono::hours{1}};

    std::string write(const mesh::Event& event, Duration later = 1s) {
        time += later;
        testing::internal::CaptureStderr();
        journal.write(event, Now{time, {}});
        return testing::internal::GetCapturedStderr();
    }
};

TEST(Journal, WhoeverIsRefusedForEverIsOneLineAMinuteThatCounts) {
    Log log;
    EXPECT_THAT(
        log.write(refused("10.0.0.1")),
        HasSubstr("warning link_refused address=10.0.0.1 why=wrong_secret reason=\"different "
                  "secrets\"\n"));
    for (int second = 1; second < 60; ++second)
        EXPECT_EQ(log.write(refused("10.0.0.1")), "");
    EXPECT_THAT(log.write(refused("10.0.0.1")), HasSubstr("repeated=59\n"));
    EXPECT_EQ(log.write(refused("10.0.0.1")), "");
    EXPECT_THAT(log.write(refused("10.0.0.1", "eve")), HasSubstr("secrets\"\n"));
    EXPECT_THAT(log.write(refused("10.0.0.2")), HasSubstr("address=10.0.0.2"));
}

TEST(Journal, WhoRefusesUsIsRateLimitedToo) {
    Log log;
    mesh::LinkRefused by_peer = refused("10.0.0.1:7947");
    by_peer.by_peer = true;
    EXPECT_THAT(log.write(by_peer), HasSubstr("link_refused_by_peer address=10.0.0.1:7947"));
    EXPECT_EQ(log.write(by_peer, 8s), "");
}

TEST(Journal, ManyStrangersTogetherAreAFewLinesASecond) {
    Log log;
    log.time += 1s;
    std::string printed;
    for (int stranger = 0; stranger < 300; ++stranger)
        printed += log.write(refused("10.0." + std::to_string(stranger)), Duration{1});
    EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), 5);
    // Those that were not printed for that are not taken for printed.
    EXPECT_THAT(log.write(refused("10.0.299"), 1s), HasSubstr("suppressed=295\n"));
}

TEST(Journal, RemembersAsManyLinesAsItSays) {
    Repeats repeats;
    Instant time{1h};
    for (std::size_t line = 0; line <= Repeats::remembered_max; ++line)
        EXPECT_EQ(repeats.print(std::to_string(line), time += 1ms), 0u);
    EXPECT_EQ(repeats.print("1", time), std::nullopt);
    EXPECT_EQ(repeats.print("0", time), 0u) << "printed longest ago, so forgotten";
}

}  // namespace
}  // namespace grapevine::node
