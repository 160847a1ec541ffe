// Every frame of version 1 with every field it has, as the programs of then wrote it: this one
// reads the same in it, and writes the same bytes. A line that differs would not be understood by
// them.
#include "proto/mesh_versions.hpp"
#include "tests/support/recording.hpp"

#include <gtest/gtest.h>

#include <map>

namespace grapevine::tests {
namespace {

using namespace proto;

Hello hello() {
    return {
        .cluster = "recorded",
        .proto_min = 1,
        .proto_max = 1,
        .node_id = {0x1122334455667788},
        .epoch = {1'700'000'000'000'000},
        .boot = {0x99aabbccddeeff00},
        .name = "node-1",
        .nonce = std::string(nonce_bytes, 'n'),
        .dial_seq = 300,
        .expected_node_id = {0x8877665544332211},
        .features = 5};
}

const std::vector<std::uint64_t> copies{7, 1ull << 40};

std::vector<MeshFrame> frames() {
    Sha256 mac{};
    for (std::size_t at = 0; at < mac.size(); ++at)
        mac[at] = static_cast<std::uint8_t>(at + 1);
    const NodeId node{0x0102030405060708};
    const Epoch epoch{1'700'000'000'000'001};
    return {
        hello(),
        HelloAck{hello()},
        Auth{mac},
        Welcome{{epoch.value - 1}, "node-1.example:7947", {1000}},
        LinkActive{{1000}, 0xfedcba9876543210, node, 77, 1ull << 33},
        LinkSwitch{},
        Refuse{RefuseReason::leaving, "this node is leaving"},
        Ping{3, 4'000'000'000, {1000}, 0xfedcba9876543210},
        Pong{3, 4'000'000'000, {999}},
        Members{
            {{node, epoch, 2, MemberState::suspect, "node-2", {"10.0.0.2:7947", "[::1]:7947"}},
             {{9}, {10}, 0, MemberState::left, "node-3", {}}}},
        Leave{epoch, {1001}},
        Probe{0xabcdef},
        Echo{0xabcdef},
        Catchup{node, epoch, {12}},
        Delta{
            node,
            epoch,
            {12},
            {16},
            {{1, TableKind::users, 1},
             {2, TableKind::users, 255},
             {3, TableKind::users, 0},
             {4, TableKind::channels, 1},
             {5, TableKind::channels, 0}},
            0x1234},
        SnapBegin{node, epoch, {16}, 70'000},
        SnapChunk{
            node,
            {{1, TableKind::users, 1}, {2, TableKind::users, 9}, {4, TableKind::channels, 1}}},
        SnapEnd{node, {17}, 3, 0x5678},
        Forward{
            .copy = copies[1],
            .target = Target::user,
            .name = "bob",
            .payload_kind = PayloadKind::binary,
            .body = std::string_view{"\0\xff body", 7},
            .known = {16},
            .message_id = {1ull << 60}},
        Done{CopyList::of(copies), std::string_view{"\x01\xff", 2}},
        Nack{CopyList::of(copies), {17}},
        Acked{{1ull << 60}, "bob"}};
}

TEST(RecordedFrames, OfVersionOneAreWrittenAndReadAsThen) {
    std::map<std::string, std::string> recorded;
    std::ifstream file = fixture("mesh_v1_frames.txt");
    for (std::string name, hex; file >> name >> hex;)
        recorded[name] = hex;
    std::size_t seen = 0;
    for (const MeshFrame& frame : frames()) {
        const std::string name{first_frame_names.at(frame.index())};
        std::string written;
        append_frame(written, frame);
        EXPECT_EQ(hex_of(written), recorded[name]) << name;
        const std::string then = bytes_of(recorded[name]);
        std::size_t read = 0;
        EXPECT_TRUE(for_each_frame(then, [&](const MeshFrame& understood) {
            EXPECT_EQ(understood, frame) << name;
            EXPECT_EQ(version_of(understood), 1u) << name;
            ++read;
        })) << name;
        EXPECT_EQ(read, 1u) << name;
        ++seen;
    }
    EXPECT_EQ(seen, first_frame_names.size());
    EXPECT_EQ(recorded.size(), seen);
}

}  // namespace
}  // namespace grapevine::tests
