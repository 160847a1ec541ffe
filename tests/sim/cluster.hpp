/// The world as a scenario uses it: whatever law is violated, and whatever was still wrong at its
/// end, fails the test with the seed and the last events.
#pragma once

#include "tests/sim/world.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace grapevine::sim {

class Cluster : public World {
public:
    explicit Cluster(WorldOptions options) : World(std::move(options)) {}
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    ~Cluster() { EXPECT_TRUE(is_good()) << report(); }

    /// Starts every node and waits until all see each other.
    void form() {
        start_all();
        wait_until_converged(20s);
    }
    void wait_until_converged(Duration within) {
        ASSERT_TRUE(run_until([this] { return is_converged(); }, within))
            << why_not_converged().value_or("") << "\n"
            << report();
    }
    /// Waits for a condition; the test fails with its name if it does not come.
    void wait_for(const char* what, const std::function<bool()>& reached, Duration within) {
        ASSERT_TRUE(run_until(reached, within)) << what << " did not come to be\n" << report();
    }
    /// Virtual time until `reached`; fails like wait_for.
    Duration time_until(const char* what, const std::function<bool()>& reached, Duration within) {
        const Instant start = time();
        wait_for(what, reached, within);
        return time() - start;
    }
    /// Liveness, with the reason if it does not come.
    void expect_all_is_well(Duration within = 45s) {
        expect_liveness(within);
        EXPECT_TRUE(is_good()) << report();
    }
};

}  // namespace grapevine::sim
