#include "cli/bench/cpu.hpp"

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <sys/resource.h>

namespace grapevine::cli::bench {
namespace {

std::int64_t micros(const timeval& time) {
    return std::int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
}

std::int64_t waited_us() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{
        std::fopen("/proc/thread-self/schedstat", "r"), &std::fclose};
    std::int64_t ran_ns = 0;
    std::int64_t waited_ns = 0;
    if (file == nullptr ||
        std::fscanf(file.get(), "%" SCNd64 " %" SCNd64, &ran_ns, &waited_ns) != 2)
        return 0;
    return waited_ns / 1000;
}

}  // namespace

CpuTimes cpu_times_of_this_thread() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return {micros(usage.ru_utime), micros(usage.ru_stime), waited_us()};
}

}  // namespace grapevine::cli::bench
