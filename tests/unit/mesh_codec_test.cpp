#include "proto/limits.hpp"
#include "proto/mesh_codec.hpp"
#include "tests/support/generated_frames.hpp"

#include <gtest/gtest.h>

namespace grapevine::proto {
namespace {

/// What a reader says of a batch that holds one frame.
bool accepts(const std::string& batch) {
    MeshReader reader{batch};
    MeshFrame frame;
    const bool read = reader.next(frame) == MeshReader::Step::frame &&
                      reader.next(frame) == MeshReader::Step::end;
    EXPECT_EQ(read, reader.why().empty());
    return read;
}

/// As a peer without our checks would send it.
bool accepts_frame(const MeshFrame& frame) {
    return accepts(tests::generated_batch(frame));
}

Hello hello() {
    Hello hello;
    hello.cluster = "home";
    hello.name = "n1";
    hello.nonce = std::string(nonce_bytes, 'n');
    return hello;
}

Delta delta(std::size_t changes, std::uint8_t count = 1) {
    Delta delta{.origin = {1}, .epoch = {2}, .from = {3}, .to = {4}};
    for (std::size_t key = 0; key < changes; ++key)
        delta.changes.push_back({key, TableKind::users, count});
    return delta;
}

std::string text(std::size_t size) {
    return std::string(size, 'x');
}

TEST(MeshLimits, NamesOfHello) {
    for (std::string Hello::*name : {&Hello::cluster, &Hello::name}) {
        Hello frame = hello();
        frame.*name = text(127);
        EXPECT_TRUE(accepts_frame(frame));
        frame.*name = text(128);
        EXPECT_TRUE(accepts_frame(frame));
        EXPECT_TRUE(accepts_frame(HelloAck{frame}));
        frame.*name = text(129);
        EXPECT_FALSE(accepts_frame(frame));
        EXPECT_FALSE(accepts_frame(HelloAck{frame}));
        frame.*name = "\xff";
        EXPECT_FALSE(accepts_frame(frame)) << "not UTF-8";
    }
}

TEST(MeshLimits, NumbersOfSignsOfLife) {
    Beats beats{.beats = {{.node = {1}, .epoch = {2}, .number = limits::numbered_beats}}};
    EXPECT_TRUE(accepts_frame(beats));
    ++beats.beats.front().number;
    EXPECT_FALSE(accepts_frame(beats));
    const std::string most = text(limits::members_per_frame * BeatsAgain::entry_bytes);
    EXPECT_TRUE(accepts_frame(Beats{.beats = {}, .again = {most}}));
    const std::string more = most + "xyz";
    EXPECT_FALSE(accepts_frame(Beats{.beats = {}, .again = {more}}));
    EXPECT_FALSE(accepts_frame(Beats{.beats = {}, .again = {"part"}}));
}

TEST(MeshLimits, NonceAndMacHaveOneLength) {
    for (const std::size_t size : {0, 15, 16, 17}) {
        Hello frame = hello();
        frame.nonce = text(size);
        EXPECT_EQ(accepts_frame(frame), size == nonce_bytes) << size;
    }
    for (const std::size_t size : {0, 31, 32, 33}) {
        mesh::wire::Batch batch;
        batch.add_frames()->mutable_auth()->set_mac(text(size));
        EXPECT_EQ(accepts(batch.SerializeAsString()), size == 32) << size;
    }
}

TEST(MeshLimits, AddressesAndTexts) {
    EXPECT_TRUE(accepts_frame(Welcome{.advertise = text(limits::address_bytes)}));
    EXPECT_FALSE(accepts_frame(Welcome{.advertise = text(limits::address_bytes + 1)}));
    EXPECT_TRUE(accepts_frame(Refuse{RefuseReason::is_self, text(limits::refusal_text_bytes)}));
    EXPECT_FALSE(
        accepts_frame(Refuse{RefuseReason::is_self, text(limits::refusal_text_bytes + 1)}));

    MemberFact fact{.name = text(limits::node_name_bytes)};
    fact.addresses.assign(limits::addresses_per_member, text(limits::address_bytes));
    EXPECT_TRUE(accepts_frame(Members{{fact}}));
    fact.addresses.back() += 'x';
    EXPECT_FALSE(accepts_frame(Members{{fact}}));
    fact.addresses.assign(limits::addresses_per_member + 1, "a:1");
    EXPECT_FALSE(accepts_frame(Members{{fact}}));
    fact.addresses.clear();
    fact.name += 'x';
    EXPECT_FALSE(accepts_frame(Members{{fact}}));
}

TEST(MeshLimits, MembersInOneFrame) {
    Members members;
    members.members.resize(limits::members_per_frame);
    EXPECT_TRUE(accepts_frame(members));
    members.members.resize(limits::members_per_frame + 1);
    EXPECT_FALSE(accepts_frame(members));
}

TEST(MeshLimits, NumbersOfEnums) {
    for (const int number : {0, 1, 10, 11, 256 + 1}) {
        mesh::wire::Batch batch;
        batch.add_frames()->mutable_refuse()->set_reason(number);
        EXPECT_EQ(accepts(batch.SerializeAsString()), number >= 1 && number <= 10) << number;
    }
    for (const int number : {0, 1, 5, 6, 256 + 1}) {
        mesh::wire::Batch batch;
        batch.add_frames()->mutable_members()->add_members()->set_state(number);
        EXPECT_EQ(accepts(batch.SerializeAsString()), number >= 1 && number <= 5) << number;
    }
    for (const int target : {0, 1, 4, 5, 256 + 1})
        for (const int kind : {0, 1, 2, 3, 256 + 1}) {
            mesh::wire::Batch batch;
            batch.add_frames()->mutable_forward()->set_target(target);
            batch.mutable_frames(0)->mutable_forward()->set_payload_kind(kind);
            const bool valid = target >= 1 && target <= 4 && kind >= 1 && kind <= 2;
            EXPECT_EQ(accepts(batch.SerializeAsString()), valid) << target << ' ' << kind;
        }
}

TEST(MeshLimits, NamesAndBodiesOfForwards) {
    const std::string longest = text(limits::channel_name_bytes);
    Forward forward{.target = Target::channel, .name = longest};
    EXPECT_TRUE(accepts_frame(forward));
    const std::string longer = text(limits::channel_name_bytes + 1);
    forward.name = longer;
    EXPECT_FALSE(accepts_frame(forward));
    forward.target = Target::user;
    forward.name = longest;
    EXPECT_FALSE(accepts_frame(forward)) << "a user's name leaves room for the # of the channel";
    forward.name.remove_prefix(1);
    EXPECT_TRUE(accepts_frame(forward));
    forward.name = "\xff";
    EXPECT_TRUE(accepts_frame(forward)) << "checked where it entered";

    const std::string largest = text(limits::forward_body_bytes);
    forward.body = largest;
    EXPECT_TRUE(accepts_frame(forward));
    const std::string larger = text(limits::forward_body_bytes + 1);
    forward.body = larger;
    EXPECT_FALSE(accepts_frame(forward));
}

TEST(MeshLimits, QuestionsAndWhatIsFound) {
    const std::string longest = text(limits::channel_name_bytes);
    const std::string longer = text(limits::channel_name_bytes + 1);
    Query query{.number = 1, .kind = QueryKind::presence, .channel = longest};
    EXPECT_TRUE(accepts_frame(query));
    query.channel = longer;
    EXPECT_FALSE(accepts_frame(query));
    query.channel = "";
    EXPECT_FALSE(accepts_frame(query));

    const std::string clients = text(limits::found_client_bytes + 1);
    const std::vector<std::uint64_t> users(limits::found_users + 1, 7);
    Found found{.number = 1, .step = FoundStep::last};
    EXPECT_TRUE(accepts_frame(found)) << "nobody";
    found.clients = std::string_view{clients}.substr(1);
    found.users = CopyList::of(std::span{users}.subspan(1));
    EXPECT_TRUE(accepts_frame(found));
    found.clients = clients;
    EXPECT_FALSE(accepts_frame(found));
    found.clients = {};
    found.users = CopyList::of(users);
    EXPECT_FALSE(accepts_frame(found));

    grapevine::mesh::wire::Batch batch;
    auto& half = *batch.add_frames()->mutable_found();
    half.set_number(1);
    half.set_step(static_cast<std::uint32_t>(FoundStep::last));
    half.GetReflection()->MutableUnknownFields(&half)->AddLengthDelimited(
        half.kUsersFieldNumber, text(12));
    EXPECT_FALSE(accepts(batch.SerializeAsString())) << "a hash and a half";
}

TEST(MeshLimits, NamesOfUsers) {
    const auto names = [](std::size_t count, std::size_t bytes) {
        std::string packed;
        for (std::size_t name = 0; name < count; ++name)
            NameList::append(packed, std::string(bytes, 'x'));
        return packed;
    };
    const auto accepts_names = [](const std::string& packed) {
        return accepts_frame(Names{.origin = {1}, .names = {packed}});
    };
    EXPECT_TRUE(accepts_names(names(1, 1)));
    EXPECT_TRUE(accepts_names(names(60, limits::user_name_bytes)));
    EXPECT_FALSE(accepts_names(names(1, limits::user_name_bytes + 1)));
    EXPECT_FALSE(accepts_names(names(1, 0)));
    EXPECT_FALSE(accepts_names("")) << "names of nobody";
    EXPECT_TRUE(accepts_names(names(limits::names_bytes / 4, 3)));
    EXPECT_FALSE(accepts_names(names(limits::names_bytes / 4 + 1, 3)));
    std::string cut = names(3, 10);
    cut.pop_back();
    EXPECT_FALSE(accepts_names(cut));
    cut.resize(22);
    EXPECT_TRUE(accepts_names(cut));
    cut.push_back(1);
    EXPECT_FALSE(accepts_names(cut));
}

TEST(MeshLimits, ChangesInOneFrame) {
    for (const std::uint8_t count : {0, 1, 2}) {
        EXPECT_TRUE(accepts_frame(delta(limits::delta_changes, count)));
        EXPECT_FALSE(accepts_frame(delta(limits::delta_changes + 1, count)));
        SnapChunk chunk{.origin = {1}, .changes = delta(limits::snapshot_keys, count).changes};
        EXPECT_TRUE(accepts_frame(chunk));
        chunk.changes.push_back({1, TableKind::channels, 1});
        EXPECT_FALSE(accepts_frame(chunk)) << "both tables count together";
    }
}

TEST(MeshLimits, DeltaCoversSomething) {
    Delta frame = delta(1);
    frame.from = frame.to;
    EXPECT_FALSE(accepts_frame(frame));
    frame.from.value = frame.to.value + 1;
    EXPECT_FALSE(accepts_frame(frame));
    frame.from.value = frame.to.value - 1;
    frame.changes.clear();
    EXPECT_TRUE(accepts_frame(frame)) << "a key may come and go within the interval";
}

TEST(MeshLimits, CountsBelongToManysOfUsers) {
    mesh::wire::Batch batch;
    auto& message = *batch.add_frames()->mutable_delta();
    message.set_to(1);
    auto& users = *message.mutable_users();
    users.add_manys(7);
    EXPECT_FALSE(accepts(batch.SerializeAsString())) << "no count";
    users.set_counts("\x02\x02");
    EXPECT_FALSE(accepts(batch.SerializeAsString())) << "too many counts";
    users.set_counts("\x02");
    EXPECT_TRUE(accepts(batch.SerializeAsString()));
    users.set_counts("\xff");
    EXPECT_TRUE(accepts(batch.SerializeAsString()));
    users.set_counts("\x01");
    EXPECT_FALSE(accepts(batch.SerializeAsString())) << "one is not many";
    users.set_counts(std::string(1, '\0'));
    EXPECT_FALSE(accepts(batch.SerializeAsString()));

    *message.mutable_channels() = users;
    message.mutable_channels()->set_counts("\x02");
    message.clear_users();
    EXPECT_FALSE(accepts(batch.SerializeAsString())) << "channels have no counts";
}

TEST(MeshReader, RefusesKeysThatAreNotWhole) {
    // Batch{Frame{delta{to: 1, users{ones: 7 bytes}}}}
    const std::string keys = "\x0a\x07"
                             "1234567";
    const std::string body = std::string{"\x20\x01\x2a\x09"} + keys;
    EXPECT_FALSE(accepts(std::string{"\x0a\x0f\x7a\x0d"} + body));
}

TEST(MeshReader, RefusesOneFieldTwiceAndTwoKindsInOneFrame) {
    EXPECT_TRUE(accepts("\x0a\x04\x42\x02\x08\x01"));
    EXPECT_FALSE(accepts("\x0a\x06\x42\x04\x08\x01\x08\x01"));
    EXPECT_FALSE(accepts("\x0a\x08\x42\x02\x08\x01\x4a\x02\x08\x01"));
    EXPECT_FALSE(accepts("\x0a\x05\x42\x03\x0a\x01x")) << "a number as text";
}

TEST(MeshReader, StaysMalformedAndSaysWhy) {
    std::string batch = "\xff";
    MeshReader reader{batch};
    MeshFrame frame;
    EXPECT_EQ(reader.next(frame), MeshReader::Step::malformed);
    EXPECT_EQ(reader.next(frame), MeshReader::Step::malformed);
    EXPECT_FALSE(reader.why().empty());
}

TEST(MeshReader, AnEmptyBatchEndsAtOnce) {
    MeshReader reader{{}};
    MeshFrame frame;
    EXPECT_EQ(reader.next(frame), MeshReader::Step::end);
    EXPECT_EQ(reader.next(frame), MeshReader::Step::end);
}

TEST(MeshReader, LeavesNothingOfThePreviousFrame) {
    Delta full = delta(3);
    full.hash_after = 9;
    const Delta bare{.from = {0}, .to = {1}};
    std::string batch;
    append_frame(batch, full);
    append_frame(batch, bare);
    MeshReader reader{batch};
    MeshFrame frame;
    EXPECT_EQ(reader.next(frame), MeshReader::Step::frame);
    EXPECT_EQ(std::get<Delta>(frame), full);
    EXPECT_EQ(reader.next(frame), MeshReader::Step::frame);
    EXPECT_EQ(std::get<Delta>(frame), bare);
}

TEST(MeshWriterDeathTest, WhatIsOverALimitIsOurBug) {
    std::string out;
    Delta frame = delta(limits::delta_changes + 1);
    EXPECT_DEATH(append_frame(out, frame), "more changes than the limit");
    frame = delta(1);
    frame.to = frame.from;
    EXPECT_DEATH(append_frame(out, frame), "empty interval");
    frame = delta(1, 2);
    frame.changes[0].kind = TableKind::channels;
    EXPECT_DEATH(append_frame(out, frame), "channel with a count");
    EXPECT_DEATH(append_frame(out, MeshFrame{Auth{}}), "wrong length");
}

}  // namespace
}  // namespace grapevine::proto
