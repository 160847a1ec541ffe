#include "tests/sim/event_text.hpp"

#include "proto/check.hpp"

#include <variant>

namespace grapevine::sim {

namespace {

struct Writer {
    Line operator()(const mesh::MemberJoined& event) const {
        return Line{"member_joined"}
            .add("node", event.name)
            .add("epoch", event.epoch.value)
            .add("address", event.address);
    }
    Line operator()(const mesh::MemberSuspected& event) const {
        return Line{"member_suspected"}
            .add("node", event.name)
            .add("silent", event.silent)
            .add("link_lost", std::uint64_t{event.link_lost});
    }
    Line operator()(const mesh::MemberCleared& event) const {
        return Line{"member_cleared"}.add("node", event.name);
    }
    Line operator()(const mesh::MemberDown& event) const {
        return Line{"member_down"}
            .add("node", event.name)
            .add("silent", event.silent)
            .add("refused", std::uint64_t{event.refused});
    }
    Line operator()(const mesh::Braked& event) const {
        return Line{"braked"}.add("suspects", std::uint64_t{event.suspects});
    }
    Line operator()(const mesh::SuspicionRefuted& event) const {
        return Line{"suspicion_refuted"}
            .add("by", event.by.value)
            .add("refute", std::uint64_t{event.refute});
    }
    Line operator()(const mesh::MemberReached& event) const {
        return Line{"member_reached"}.add("node", event.name).add("relay", event.relay.value);
    }
    Line operator()(const mesh::MemberReturned& event) const {
        return Line{"member_returned"}.add("node", event.name);
    }
    Line operator()(const mesh::MemberLeft& event) const {
        return Line{"member_left"}.add("node", event.name);
    }
    Line operator()(const mesh::MemberForgotten& event) const {
        return Line{"member_forgotten"}.add("node", event.name);
    }
    Line operator()(const mesh::MemberRestarted& event) const {
        return Line{"member_restarted"}.add("node", event.name).add("epoch", event.epoch.value);
    }
    Line operator()(const mesh::LinkUp& event) const {
        return Line{"link_up"}
            .add("node", event.name)
            .add("link", hex_text(event.link.value))
            .add("dialled", std::uint64_t{event.dialled})
            .add("tunnel", std::uint64_t{event.is_tunnel});
    }
    Line operator()(const mesh::LinkDown& event) const {
        return Line{"link_down"}
            .add("node", event.node.value)
            .add("link", hex_text(event.link.value))
            .add("why", text_of(event.why));
    }
    Line operator()(const mesh::LinkSwitched& event) const {
        return Line{"link_switched"}
            .add("node", event.node.value)
            .add("from", hex_text(event.from.value))
            .add("to", hex_text(event.to.value));
    }
    Line operator()(const mesh::LinkRefused& event) const {
        return Line{"link_refused"}
            .add("address", event.address)
            .add("reason", static_cast<std::uint64_t>(event.reason))
            .add("name", event.name)
            .add("by_peer", std::uint64_t{event.by_peer})
            .add("text", event.text);
    }
    Line operator()(const mesh::FrameRejected& event) const {
        return Line{"frame_rejected"}.add("node", event.node.value).add("why", event.why);
    }
    Line operator()(const mesh::SelfDialled& event) const {
        return Line{"self_dialled"}.add("address", event.address);
    }
    Line operator()(const mesh::EpochRaised& event) const {
        return Line{"epoch_raised"}.add("from", event.from.value).add("to", event.to.value);
    }
    Line operator()(const mesh::CatchupAsked& event) const {
        return Line{"catchup_asked"}.add("node", event.node.value).add("held", event.held.value);
    }
    Line operator()(const mesh::SnapshotApplied& event) const {
        return Line{"snapshot_applied"}
            .add("node", event.node.value)
            .add("version", event.version.value)
            .add("keys", event.keys);
    }
    Line operator()(const mesh::Diverged& event) const {
        return Line{"diverged"}.add("node", event.node.value).add("version", event.version.value);
    }
    Line operator()(const mesh::NameTaken& event) const {
        return Line{"name_taken"}.add("by", event.by_address);
    }
    Line operator()(const mesh::SeedAnswered& event) const {
        return Line{"seed_answered"}
            .add("seed", event.seed)
            .add("addresses", std::uint64_t{event.addresses})
            .add("appeared", std::uint64_t{event.appeared})
            .add("vanished", std::uint64_t{event.vanished})
            .add("whole", std::uint64_t{event.whole});
    }
    Line operator()(const mesh::LimitReached& event) const {
        return Line{"limit_reached"}.add("what", event.what);
    }
};

}  // namespace

Line line_of(const mesh::Event& event) {
    return std::visit(Writer{}, event);
}

std::string_view text_of(mesh::LinkEnd end) {
    switch (end) {
    case mesh::LinkEnd::peer_closed: return "peer_closed";
    case mesh::LinkEnd::silent: return "silent";
    case mesh::LinkEnd::handshake_timeout: return "handshake_timeout";
    case mesh::LinkEnd::unread: return "unread";
    case mesh::LinkEnd::refused: return "refused";
    case mesh::LinkEnd::protocol_error: return "protocol_error";
    case mesh::LinkEnd::replaced: return "replaced";
    case mesh::LinkEnd::replaced_process: return "replaced_process";
    case mesh::LinkEnd::switch_overdue: return "switch_overdue";
    case mesh::LinkEnd::epoch_raised: return "epoch_raised";
    case mesh::LinkEnd::member_left: return "member_left";
    case mesh::LinkEnd::leaving: return "leaving";
    case mesh::LinkEnd::idle: return "idle";
    }
    proto::check(false, "every LinkEnd has a name");
    return {};
}

}  // namespace grapevine::sim
