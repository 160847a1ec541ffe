#include "tests/sim/shrink.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace grapevine::sim {

namespace {

/// Spans of seconds become milliseconds; shorter ones are over before anybody notices.
constexpr unsigned spans_halved_max = 10;
/// A run without time for anything proves nothing of the faults in it.
constexpr Duration after_last_fault = 200ms;

class Shrinker {
public:
    Shrinker(std::uint64_t seed, std::string law, const CutRunner& run, std::size_t runs_max)
        : seed_(seed), law_(std::move(law)), run_(run), runs_max_(runs_max) {
        shrunk_.cut.faults = size().faults;
    }

    Shrunk shrink() {
        leave_out_faults();
        fewer(&SwarmCut::hoppers_most, size().hoppers, 0);
        fewer(&SwarmCut::streams_most, size().streams, 0);
        fewer(&SwarmCut::clients_most, size().clients, 1);
        leave_out_faults();
        end_sooner();
        shorten_spans();
        return shrunk_;
    }

private:
    [[nodiscard]] SwarmSize size() const { return size_of(seed_, shrunk_.cut); }

    bool try_instead(SwarmCut smaller) {
        if (shrunk_.runs >= runs_max_) return false;
        ++shrunk_.runs;
        if (run_(smaller) != law_) return false;
        shrunk_.cut = std::move(smaller);
        return true;
    }

    bool try_without(std::size_t begin, std::size_t count) {
        SwarmCut smaller = shrunk_.cut;
        std::vector<std::size_t>& faults = *smaller.faults;
        const auto first = faults.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto left = static_cast<std::size_t>(faults.end() - first);
        faults.erase(first, first + static_cast<std::ptrdiff_t>(std::min(count, left)));
        return try_instead(std::move(smaller));
    }

    /// Whether any of the pieces of `count` faults could be left out.
    bool leave_out_pieces(std::size_t count) {
        bool did = false;
        for (std::size_t begin = 0; begin < shrunk_.cut.faults->size();)
            if (try_without(begin, count))
                did = true;
            else
                begin += count;
        return did;
    }

    /// All of them, halves, quarters, ... and single ones until every one is needed.
    void leave_out_faults() {
        for (std::size_t count = shrunk_.cut.faults->size(); count > 1; count = (count + 1) / 2)
            leave_out_pieces(count);
        while (leave_out_pieces(1)) {
        }
    }

    /// The least, then ever less ambitious.
    void fewer(std::size_t SwarmCut::*most, std::size_t there_are, std::size_t least) {
        for (std::size_t tried = least; tried < there_are;
             tried += std::max<std::size_t>(1, (there_are - tried) / 2)) {
            SwarmCut smaller = shrunk_.cut;
            smaller.*most = tried;
            if (try_instead(std::move(smaller))) return;
        }
    }

    void end_sooner() {
        const SwarmSize now = size();
        Duration tried = after_last_fault;
        if (!now.faults.empty()) tried += plan_of(seed_)[now.faults.back()].at;
        for (; now.safety - tried > after_last_fault; tried += (now.safety - tried) / 2) {
            SwarmCut smaller = shrunk_.cut;
            smaller.safety_most = tried;
            if (try_instead(std::move(smaller))) return;
        }
    }

    void shorten_spans() {
        if (shrunk_.cut.faults->empty()) return;
        SwarmCut smaller = shrunk_.cut;
        while (++smaller.spans_halved <= spans_halved_max)
            if (!try_instead(smaller)) return;
    }

    std::uint64_t seed_;
    std::string law_;
    const CutRunner& run_;
    std::size_t runs_max_;
    Shrunk shrunk_;
};

}  // namespace

Shrunk
shrink(std::uint64_t seed, const std::string& law, const CutRunner& run, std::size_t runs_max) {
    return Shrinker{seed, law, run, runs_max}.shrink();
}

}  // namespace grapevine::sim
