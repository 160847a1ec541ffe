// What the client machine keeps of each session, against the budget that docs/memory.md states.
// Skipped under sanitizers, which keep their own books.
#include "mesh/sessions.hpp"
#include "tests/support/client_builders.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <malloc.h>
#include <string>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace grapevine::tests {
namespace {

/// With a user of its own and a channel that ten share.
constexpr std::size_t session_bytes_max = 272;

std::size_t heap_bytes() {
    const struct mallinfo2 now = mallinfo2();
    return now.uordblks + now.hblkhd;
}

TEST(SessionMemory, ASessionCostsNoMoreThanItsBudgetAndGivesItBack) {
    constexpr std::uint32_t sessions = 10'000;
    mesh::Sessions machine{{.node_name = "n1", .hash_key = {.low = 1, .high = 2}}};
    mesh::SessionsOutput output;
    const auto come = [&](std::uint32_t slot) {
        const SessionId id = session_id(slot);
        machine.handle(mesh::SessionOpened{id, Encoding::json, {slot, slot}}, {}, output);
        const std::string data = R"({"user":"user-)" + std::to_string(slot) + "\"}";
        const std::string channel = "channel-" + std::to_string(slot / 10);
        const std::string message =
            written(Encoding::json, {a_connect(data), a_subscribe(channel)});
        machine.on(mesh::SessionReceived{id, message}, {}, output);
        output.clear();
    };
    come(0);  // the parsers' memory, which is of the loop and not of a session
    const std::size_t before = heap_bytes();
    const auto all_come = [&] {
        for (std::uint32_t slot = 1; slot <= sessions; ++slot)
            come(slot);
        return heap_bytes();
    };
    const auto all_leave = [&] {
        for (std::uint32_t slot = 1; slot <= sessions; ++slot) {
            machine.handle(mesh::SessionClosed{session_id(slot)}, {}, output);
            output.clear();
        }
    };
    const std::size_t each = (all_come() - before) / sessions;
    RecordProperty("session_bytes", static_cast<int>(each));
    EXPECT_LE(each, session_bytes_max);

    // The first to leave make the lists of free places; after that nothing is new.
    all_leave();
    const std::size_t again = all_come();
    all_leave();
    EXPECT_LE(all_come(), again + sessions / 10);
}

}  // namespace
}  // namespace grapevine::tests

#endif
