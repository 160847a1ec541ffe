// What scripts/instructions counts: each hot path of the machines, run so often that its beginning
// weighs nothing, between two marks that callgrind knows. Prints `name operations` for each.
#include "mesh/origin_log.hpp"
#include "mesh/replicas.hpp"
#include "mesh/tables.hpp"
#include "proto/mesh_codec.hpp"
#include "tests/support/two_nodes.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <valgrind/callgrind.h>
#include <vector>

namespace grapevine::tests {
namespace {

/// Per turn; what a loop reads from many sockets before it writes.
constexpr int messages_per_turn = 64;
constexpr int turns = 40;

/// Counts what `work` does, of which `operations` are done; once before, so that pools are filled.
template <class Work>
void count(const std::string& name, std::uint64_t operations, Work work) {
    work();
    CALLGRIND_ZERO_STATS;
    work();
    CALLGRIND_DUMP_STATS_AT(name.c_str());
    std::printf("%s %llu\n", name.c_str(), static_cast<unsigned long long>(operations));
}

void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "hot_paths: %s\n", what);
    std::exit(1);
}

const char* name_of(proto::Encoding encoding) {
    return encoding == proto::Encoding::json ? "json" : "protobuf";
}

void subscribe(TwoNodes& nodes, std::size_t node, SessionId session, proto::Encoding encoding) {
    std::string command;
    proto::append_command(
        command, encoding, {.id = 2, .kind = proto::CommandKind::subscribe, .channel = "den"});
    nodes[node].on(SessionReceived{session, command}, nodes.now());
}

// From the command's bytes on one node to the push's bytes on the other, both nodes together.
void messages(proto::Encoding encoding, std::string_view to, const std::string& name) {
    TwoNodes nodes;
    const SessionId ann = nodes.client(0, "ann", encoding);
    subscribe(nodes, 1, nodes.client(1, "bob", encoding), encoding);
    nodes.settle();
    const std::string command = publish_command(encoding, to, 128);
    const auto delivered = [&] { return nodes[1].sessions().counters().delivered; };
    const std::uint64_t before = delivered();
    count(name + "/" + name_of(encoding), turns * messages_per_turn, [&] {
        for (int turn = 0; turn < turns; ++turn) {
            for (int message = 0; message < messages_per_turn; ++message)
                nodes[0].on(SessionReceived{ann, command}, nodes.now());
            nodes.turn_until_quiet();
        }
    });
    must(delivered() - before == 2 * turns * messages_per_turn, "not every message was delivered");
}

// Each delivery of a message that 1,000 sessions of the other node get.
void fan_out(proto::Encoding encoding) {
    constexpr std::uint64_t subscribers = 1000;
    TwoNodes nodes;
    const SessionId ann = nodes.client(0, "ann", encoding);
    for (std::uint64_t number = 0; number < subscribers; ++number)
        subscribe(nodes, 1, nodes.client(1, "u" + std::to_string(number), encoding), encoding);
    nodes.settle();
    const std::string command = publish_command(encoding, "den", 128);
    count(std::string{"fan_out/"} + name_of(encoding), subscribers * turns, [&] {
        for (int turn = 0; turn < turns; ++turn) {
            nodes[0].on(SessionReceived{ann, command}, nodes.now());
            nodes.turn_until_quiet();
        }
    });
    must(
        nodes[1].sessions().counters().delivered == 2 * subscribers * turns,
        "not everybody got everything");
}

// A session that comes, says who it is, subscribes, and goes; the other node is told.
void visits(proto::Encoding encoding) {
    TwoNodes nodes;
    std::string connect;
    proto::append_command(
        connect,
        encoding,
        {.id = 1, .kind = proto::CommandKind::connect, .data = R"({"user":"a visitor"})"});
    std::uint64_t generation = 0;
    count(std::string{"visit/"} + name_of(encoding), turns, [&] {
        for (int turn = 0; turn < turns; ++turn) {
            const SessionId id{++generation << 32};
            nodes[0].on(SessionOpened{id, encoding, {generation, 1}}, nodes.now());
            nodes[0].on(SessionReceived{id, connect}, nodes.now());
            subscribe(nodes, 0, id, encoding);
            nodes.turn_until_quiet();
            nodes[0].on(mesh::SessionClosed{id}, nodes.now());
            nodes.turn_until_quiet();
        }
    });
    must(nodes[0].sessions().counters().connected == 2 * turns, "not every session was let in");
}

// Changes of another node's users: decoded, applied, hash-checked.
void apply_deltas() {
    constexpr std::uint64_t users = 20'000;
    constexpr std::size_t changes = 1000;
    mesh::OriginLog log{proto::Epoch{1}, 1 << 16, 1 << 16};
    mesh::Tables own{proto::NodeId{1}};
    mesh::EntrySums sums;
    std::vector<std::string> encoded;
    proto::Version from;
    for (std::uint64_t number = 0; encoded.size() < 60; ++number) {
        const proto::Change change{
            proto::mix64(number * 7919 % users),
            proto::TableKind::users,
            static_cast<std::uint8_t>(number / users % 2 == 0)};
        const std::uint8_t before = own.set(mesh::Tables::self_slot, change);
        if (before == change.count) continue;
        sums.count(change, before);
        log.record(change, before, sums.keys());
        if (log.version().value - from.value < changes) continue;
        proto::Delta delta;
        log.read(from, log.version(), delta);
        delta.origin = proto::NodeId{1};
        from = log.version();
        proto::append_frame(encoded.emplace_back(), delta);
    }
    mesh::MeshCounters counters;
    proto::MeshFrame frame;
    count("apply_change", encoded.size() * changes, [&] {
        mesh::Tables tables{proto::NodeId{2}};
        mesh::Replicas replicas{users};
        replicas.begin(proto::NodeId{1}, proto::Epoch{1}, tables);
        for (const std::string& bytes : encoded) {
            proto::MeshReader reader{bytes};
            reader.next(frame);
            must(
                replicas.apply(std::get<proto::Delta>(frame), tables, counters) ==
                    mesh::Replicas::Outcome::applied,
                "a delta was not applied");
        }
    });
}

// Where a user is, among a hundred thousand on three nodes.
void lookups() {
    constexpr std::uint64_t users = 100'000;
    mesh::Tables tables{proto::NodeId{1}};
    const std::vector<mesh::Slot> slots{
        mesh::Tables::self_slot,
        tables.take_slot(proto::NodeId{2}),
        tables.take_slot(proto::NodeId{3})};
    for (const mesh::Slot slot : slots)
        tables.show(slot, true);
    for (std::uint64_t number = 0; number < users; ++number)
        tables.set(slots[number % 3], {proto::mix64(number), proto::TableKind::users, 1});
    std::uint64_t found = 0;
    count("lookup", users, [&] {
        for (std::uint64_t number = 0; number < users; ++number)
            tables.for_each_place(
                proto::TableKind::users, proto::mix64(number), [&](mesh::Slot) { ++found; });
    });
    must(found == 2 * users, "not everybody was found");
}

int run() {
    if (RUNNING_ON_VALGRIND == 0) {
        std::fprintf(stderr, "hot_paths: nobody counts; scripts/instructions runs this\n");
        return 2;
    }
    for (const proto::Encoding encoding : {proto::Encoding::json, proto::Encoding::protobuf}) {
        messages(encoding, "den", "to_channel");
        messages(encoding, "#bob", "to_user");
        fan_out(encoding);
        visits(encoding);
    }
    apply_deltas();
    lookups();
    return 0;
}

}  // namespace
}  // namespace grapevine::tests

int main() {
    return grapevine::tests::run();
}
