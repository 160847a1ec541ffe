// Programs of version 1 are in the field: what they said on a real link is played to this program,
// byte for byte, from either side, and everything works. docs/hacking.md says how it was recorded.
#include "proto/mesh_versions.hpp"
#include "tests/support/party.hpp"
#include "tests/support/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace grapevine::tests {
namespace {

using proto::MemberState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

template <class Frame>
Frame first(const Recording& recording, bool of_dialer) {
    Frame found;
    bool is_found = false;
    for (const RecordedLine& line : recording.lines) {
        if (line.by_dialer != of_dialer) continue;
        for_each_frame(line.message, [&](const proto::MeshFrame& frame) {
            if (const auto* one = std::get_if<Frame>(&frame); one != nullptr && !is_found) {
                found = *one;
                is_found = true;
            }
        });
    }
    EXPECT_TRUE(is_found);
    return found;
}

proto::Hello hello(const Recording& recording, bool of_dialer) {
    return of_dialer ? first<proto::Hello>(recording, true)
                     : first<proto::HelloAck>(recording, false).hello;
}

/// This program in the place of one of the two: it does what that one did, and hears what the other
/// said.
class Replay {
public:
    Replay(const Recording& recording, bool as_dialer, mesh::MeshConfig config = {})
        : recording_(recording),
          as_dialer_(as_dialer),
          self_(hello(recording, as_dialer)),
          other_(hello(recording, !as_dialer)),
          party(
              {.cluster = self_.cluster,
               .name = self_.name,
               .secret = recording.secret,
               .advertise = first<proto::Welcome>(recording, as_dialer).advertise,
               .epoch = self_.epoch.value,
               .boot = self_.boot.value},
              as_dialer ? std::vector<std::string>{"10.0.0.2:7000"} : std::vector<std::string>{},
              std::move(config)) {}

    void run() {
        for (const RecordedLine& line : recording_.lines) {
            const bool ours = line.by_dialer == as_dialer_;
            if (line.step == "leave") look_before_leaving();
            if (ours && !line.step.empty()) party.perform(line.step);
            if (!line.message.empty() && !was_opened_) open();
            if (!ours && !line.message.empty() && is_open_)
                party.driver().on(
                    mesh::LinkReceived{link_, with_our_copies(line.message)}, party.now());
            if (ours && !line.message.empty())
                for_each_frame(line.message, [&](const auto& frame) {
                    note(frame, they_said);
                    note_copy(frame, their_copies_);
                });
            turn();
        }
    }

    const Recording& recording_;
    const bool as_dialer_;
    const proto::Hello self_;
    const proto::Hello other_;
    Party party;
    std::vector<std::string> said;  ///< what users and people cause, in order
    std::vector<std::string>
        they_said;  ///< likewise, by the program that was recorded in our place
    std::optional<proto::Auth> proof;
    std::uint32_t newest_said = 0;  ///< the newest version of the protocol a frame of ours is of
    std::optional<mesh::MemberView> member;  ///< before anybody left

private:
    void open() {
        if (!as_dialer_) link_ = mesh::LinkId{mesh::accepted_link_bit | 1};
        while (!link_.value)
            turn();
        mesh::Nonce nonce;
        std::copy(self_.nonce.begin(), self_.nonce.end(), nonce.begin());
        party.driver().on(mesh::LinkOpened{link_, "10.0.0.9:4711", nonce}, party.now());
        is_open_ = was_opened_ = true;
    }
    void turn() {
        party.pass(std::chrono::milliseconds{20});
        const mesh::Edge edge = party.end_turn();
        for (const auto& resolve : edge.resolves)
            party.driver().on(mesh::Resolved{resolve.seed, {resolve.seed}}, party.now());
        for (const auto& dial : edge.dials)
            if (as_dialer_ && !link_.value)
                link_ = dial.link;
            else
                party.driver().on(
                    mesh::DialFailed{dial.link, mesh::DialFailure::timeout}, party.now());
        for (const auto& sent : edge.link_sends) {
            party.driver().on(mesh::LinkDrained{sent.link, sent.message.size()}, party.now());
            EXPECT_TRUE(for_each_frame(sent.message.view(), [&](const proto::MeshFrame& frame) {
                newest_said = std::max(newest_said, proto::version_of(frame));
                note(frame, said);
                note_copy(frame, our_copies_);
                if (const auto* auth = std::get_if<proto::Auth>(&frame)) proof = *auth;
            }));
        }
        for (const auto& close : edge.link_closes) {
            is_open_ = is_open_ && close.link != link_;
            party.driver().on(mesh::LinkClosed{close.link}, party.now());
        }
    }
    /// Heartbeats and the like come when they come.
    static void note(const proto::MeshFrame& frame, std::vector<std::string>& list) {
        if (std::holds_alternative<proto::Hello>(frame) ||
            std::holds_alternative<proto::HelloAck>(frame) ||
            std::holds_alternative<proto::Auth>(frame) ||
            std::holds_alternative<proto::Welcome>(frame) ||
            std::holds_alternative<proto::LinkActive>(frame) ||
            std::holds_alternative<proto::Forward>(frame) ||
            std::holds_alternative<proto::Done>(frame) ||
            std::holds_alternative<proto::Nack>(frame) ||
            std::holds_alternative<proto::Acked>(frame) ||
            std::holds_alternative<proto::Leave>(frame))
            list.emplace_back(first_frame_names.at(frame.index()));
    }
    static void note_copy(const proto::MeshFrame& frame, std::vector<std::uint64_t>& copies) {
        const auto* forward = std::get_if<proto::Forward>(&frame);
        if (forward != nullptr && forward->copy != 0) copies.push_back(forward->copy);
    }
    /// What the other answered names copies as the program did that was recorded in our place. Each
    /// life of a node numbers them anew: ours are put there, in the order they were sent.
    [[nodiscard]] std::string with_our_copies(std::string message) const {
        for (std::size_t at = 0; at < std::min(our_copies_.size(), their_copies_.size()); ++at) {
            std::string theirs(sizeof their_copies_[at], '\0');
            std::memcpy(theirs.data(), &their_copies_[at], theirs.size());
            if (const auto place = message.find(theirs); place != std::string::npos)
                std::memcpy(message.data() + place, &our_copies_[at], theirs.size());
        }
        return message;
    }
    void look_before_leaving() {
        if (member) return;
        // The message to a user who went has waited for him by then.
        for (int turns = 0; turns < 110; ++turns)
            turn();
        for (const mesh::MemberView& view : party.driver().mesh().members())
            if (view.name == other_.name) member = view;
    }

    mesh::LinkId link_;
    std::vector<std::uint64_t> our_copies_;  ///< in the order they were sent
    std::vector<std::uint64_t> their_copies_;
    bool is_open_ = false;
    bool was_opened_ = false;
};

class RecordedLink : public testing::TestWithParam<bool> {};

TEST_P(RecordedLink, OfVersionOneIsUnderstoodFromBeginningToEnd) {
    const bool as_dialer = GetParam();
    const Recording recording = recording_of("mesh_v1_link.txt");
    ASSERT_FALSE(recording.lines.empty());
    Replay replay{recording, as_dialer};
    replay.run();
    EXPECT_EQ(replay.other_.proto_max, 1u) << "the recording is of a later program";

    // The handshake, with the very proof that the program of then gave.
    ASSERT_TRUE(replay.proof);
    EXPECT_EQ(replay.proof->mac, first<proto::Auth>(recording, as_dialer).mac);
    EXPECT_EQ(replay.party.count<mesh::LinkRefused>(), 0u);
    EXPECT_EQ(replay.party.count<mesh::FrameRejected>(), 0u);
    EXPECT_EQ(replay.party.count<mesh::Diverged>(), 0u);
    EXPECT_EQ(replay.newest_said, 1u);
    // Its table: who is left of two users and a channel, after the snapshot and the deltas.
    ASSERT_TRUE(replay.member);
    EXPECT_EQ(replay.member->state, MemberState::alive);
    EXPECT_EQ(replay.member->protocol, 1u);
    EXPECT_EQ(replay.member->users, 1u);
    EXPECT_EQ(replay.member->version.value, 5u);
    EXPECT_NE(replay.member->last_equal, mesh::never);
    EXPECT_EQ(replay.party.count<mesh::SnapshotApplied>(), 1u);
    // Messages to users and channels, their answers and acknowledgements, as they went then.
    EXPECT_EQ(replay.said, replay.they_said);
    const std::string user = as_dialer ? "ann" : "bob";
    const std::string other = as_dialer ? "amy" : "ben";
    for (const std::string& heard :
         {user + R"(: {"text":"hello"})",
          user + R"(: {"text":"for you"})",
          user + R"(: {"all":1})",
          other + R"(: {"all":1})"})
        EXPECT_THAT(replay.party.heard(), Contains(heard).Times(2));
    EXPECT_EQ(replay.party.heard().size(), 8u);
    EXPECT_THAT(
        replay.party.receipts(),
        ElementsAre(
            HasSubstr(R"("written")"), HasSubstr(R"("acked")"), HasSubstr(R"("not_connected")")));
    // And the end.
    EXPECT_EQ(replay.party.count<mesh::MemberLeft>(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    , RecordedLink, testing::Bool(), [](const testing::TestParamInfo<bool>& as) {
        return as.param ? "PlayedToADialer" : "PlayedToAnAcceptor";
    });

}  // namespace
}  // namespace grapevine::tests
