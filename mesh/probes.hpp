/// Asking others whether they reach a node that we do not hear, and answering such questions.
///
///   A ─ PingReq{X, a} ─▶ P ─ Probe{p} ─▶ X       A hears nothing of X; P is one of three
///   A ◀─ Echo{a} ─────── P ◀─ Echo{p} ── X       X lives, and P reaches it, or
///   A ◀─ PingNack{X, a} ─ P                      P does not reach it either
///
/// Nonces are new for each question, so an old echo proves nothing. (SWIM's indirect probes: Das,
/// Gupta, Motivala 2002; the explicit denial is Lifeguard's.)
#pragma once

#include "mesh/mesh_config.hpp"
#include "mesh/now.hpp"
#include "proto/ids.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace grapevine::mesh {

using proto::NodeId;

class Probes {
public:
    Probes(const MeshConfig& config, std::uint64_t first_nonce)
        : config_(config), last_nonce_(first_nonce) {}

    // ---- our questions
    /// A new question about `target` to these peers, unless one is open. Its nonce; zero: none.
    std::uint64_t ask(NodeId target, const std::vector<NodeId>& peers, Now now);
    /// A peer answers. Whom it was asked about; nothing if it was not asked this.
    std::optional<NodeId> answered(std::uint64_t nonce, NodeId peer);
    /// Questions that nobody at all answered in time: we may be the one who is alone.
    std::size_t take_unanswered(Now now);

    // ---- questions of others
    struct Reply {
        NodeId to;
        NodeId target;
        std::uint64_t nonce = 0;  ///< as it was asked
    };
    /// The nonce to probe `target` with; nothing if there are too many questions: stay silent.
    std::optional<std::uint64_t> help(NodeId asker, NodeId target, std::uint64_t nonce, Now now);
    /// `target` echoed: who is to be told.
    std::optional<Reply> echoed(std::uint64_t nonce, NodeId target);
    /// Probes that were not echoed in time.
    std::vector<Reply> take_overdue(Now now);

    void forget(NodeId node);
    [[nodiscard]] std::size_t size() const { return asked_.size() + helped_.size(); }

private:
    struct Question {
        std::uint64_t nonce = 0;
        std::set<NodeId> open;  ///< peers that have not answered
        bool was_answered = false;
        Instant until{};
    };
    struct Errand {
        Reply reply;
        Instant until{};
    };

    std::uint64_t new_nonce();

    const MeshConfig& config_;
    std::uint64_t last_nonce_;
    std::map<NodeId, Question> asked_;  ///< by target
    std::map<std::uint64_t, Errand> helped_;  ///< by our own nonce
};

}  // namespace grapevine::mesh
