/// What the generator's own thread used of its core, and how long it waited for one: whoever
/// measures with it has to know whether it measured the generator.
#pragma once

#include <cstdint>

namespace grapevine::cli::bench {

/// Since the thread began.
struct CpuTimes {
    std::int64_t user_us = 0;
    std::int64_t system_us = 0;
    /// Ready to run, and the machine had no core for it. 0 where the kernel does not tell.
    std::int64_t waited_us = 0;

    [[nodiscard]] std::int64_t used_us() const { return user_us + system_us; }
    CpuTimes operator+(const CpuTimes& more) const {
        return {user_us + more.user_us, system_us + more.system_us, waited_us + more.waited_us};
    }
    CpuTimes operator-(const CpuTimes& before) const {
        return {
            user_us - before.user_us, system_us - before.system_us, waited_us - before.waited_us};
    }
};

CpuTimes cpu_times_of_this_thread();

}  // namespace grapevine::cli::bench
