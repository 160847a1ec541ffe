/// Our own bugs stop the program, in every build. Never for what a peer, a client or the network
/// did.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace grapevine::proto {

[[noreturn]] inline void fail_check(const char* why, const char* file, int line) {
    std::fprintf(stderr, "check_failed why=\"%s\" at=%s:%d\n", why, file, line);
    std::abort();
}

/// `why` says what must hold. The place is the caller's (clang 14 has no std::source_location).
inline void check(
    bool condition,
    const char* why,
    const char* file = __builtin_FILE(),
    int line = __builtin_LINE()) {
    if (!condition) [[unlikely]]
        fail_check(why, file, line);
}

}  // namespace grapevine::proto
