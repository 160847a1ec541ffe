/// Every deadline of one loop: thousands of coarse, mostly cancelled timers at constant cost.
#pragma once

#include "node/system_clock.hpp"
#include "proto/ids.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace grapevine::node {

/// Names one armed timer; zero names none. Using it after the timer went off or was disarmed is
/// harmless.
using TimerId = proto::Id<struct TimerIdTag>;

/// What to call when time is up: a member function of an object that outlives the timer or disarms
/// it.
struct TimerCall {
    void (*run)(void* object) = nullptr;
    void* object = nullptr;

    template <auto member, class Object>
    static TimerCall to(Object* object) {
        return {[](void* erased) { (static_cast<Object*>(erased)->*member)(); }, object};
    }
};

/// Hashed wheel with a resolution of one millisecond. A timer never goes off early; it may be up to
/// a millisecond and one turn late. Allocates only when more timers are armed than ever before.
class TimerWheel {
public:
    explicit TimerWheel(Instant now);

    TimerId arm(Instant deadline, TimerCall call);
    /// Whether it was still armed. Sets `id` to none.
    bool disarm(TimerId& id);

    /// When to call `advance` next; nothing if no timer is armed. May be early, never late.
    [[nodiscard]] std::optional<Instant> next() const;
    /// Runs what is due by `now`. Timers armed meanwhile wait for the next call.
    void advance(Instant now);

    [[nodiscard]] std::size_t size() const { return armed_; }

private:
    /// Slots of one rotation. More slots: fewer looks at timers of later rotations; 4 bytes each.
    static constexpr std::size_t slot_count = 4096;
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    struct Entry {
        std::int64_t tick = 0;
        TimerCall call;
        std::uint32_t previous = none;
        std::uint32_t next = none;
        std::uint32_t generation = 1;
        bool armed = false;
    };

    void link(std::uint32_t index);
    void unlink(std::uint32_t index);
    void release(std::uint32_t index);
    void collect_due(std::size_t slot, std::int64_t tick);

    std::array<std::uint32_t, slot_count> first_;
    std::array<std::uint64_t, slot_count / 64> occupied_{};
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> free_;
    std::vector<TimerId> due_;
    std::int64_t tick_;
    std::size_t armed_ = 0;
};

}  // namespace grapevine::node
