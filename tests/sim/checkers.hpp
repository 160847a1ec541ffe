/// All laws that hold at every moment, fed together. A new checker is a new element of the tuple.
#pragma once

#include "tests/sim/at_most_once.hpp"
#include "tests/sim/bounded_memory.hpp"
#include "tests/sim/channel_fifo.hpp"
#include "tests/sim/comings.hpp"
#include "tests/sim/complete_delivery.hpp"
#include "tests/sim/fifo_per_sender.hpp"
#include "tests/sim/no_misdelivery.hpp"
#include "tests/sim/no_resurrection.hpp"
#include "tests/sim/prefix_exact.hpp"
#include "tests/sim/terminates_bounded.hpp"
#include "tests/sim/true_presence.hpp"
#include "tests/sim/truthful_result.hpp"
#include "tests/sim/verdict.hpp"

#include <tuple>

namespace grapevine::sim {

class Checkers {
public:
    explicit Checkers(Verdict& verdict)
        : all_(
              PrefixExact{verdict},
              NoMisdelivery{verdict},
              AtMostOnce{verdict},
              ChannelFifo{verdict},
              FifoPerSender{verdict},
              TerminatesBounded{verdict},
              TruthfulResult{verdict},
              BoundedMemory{verdict},
              NoResurrection{verdict},
              Comings{verdict},
              TruePresence{verdict},
              CompleteDelivery{}) {}

    /// Every checker that watches facts of this kind sees it.
    template <class Fact>
    void see(const Fact& fact) {
        std::apply([&](auto&... checker) { (offer(checker, fact), ...); }, all_);
    }
    [[nodiscard]] CompleteDelivery& complete_delivery() { return std::get<CompleteDelivery>(all_); }

private:
    template <class Checker, class Fact>
    static void offer(Checker& checker, const Fact& fact) {
        if constexpr (requires { checker.on(fact); }) checker.on(fact);
    }

    std::tuple<
        PrefixExact,
        NoMisdelivery,
        AtMostOnce,
        ChannelFifo,
        FifoPerSender,
        TerminatesBounded,
        TruthfulResult,
        BoundedMemory,
        NoResurrection,
        Comings,
        TruePresence,
        CompleteDelivery>
        all_;
};

}  // namespace grapevine::sim
