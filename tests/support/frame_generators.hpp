/// Random frames between nodes, within all limits.
#pragma once

#include "proto/limits.hpp"
#include "proto/mesh_frames.hpp"
#include "tests/support/text_generators.hpp"

#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <vector>

namespace grapevine::tests {

/// A Forward together with the text it points to.
struct OwnedForward {
    std::uint64_t copy = 0;
    proto::Target target = proto::Target::channel;
    std::string name;
    proto::PayloadKind payload_kind = proto::PayloadKind::json;
    std::string body;
    std::uint64_t known = 0;
    std::uint64_t message_id = 0;
    std::uint32_t answer_soon = 0;

    [[nodiscard]] proto::Forward frame() const {
        return {copy, target, name, payload_kind, body, {known}, {message_id}, answer_soon};
    }
};

/// An answer to copies together with the text it points to: a Done, a Nack or an Acked; or a
/// Tunnel, a Spread, Names, Beats, a Query or a Found, which point to text too.
struct OwnedAnswer {
    enum class Kind : std::uint8_t {
        done,
        nack,
        acked,
        tunnel,
        spread,
        names,
        beats,
        query,
        found
    };
    Kind kind = Kind::done;
    std::vector<std::uint64_t> copies;
    std::string text;
    std::uint64_t number = 0;

    [[nodiscard]] proto::MeshFrame frame() const {
        switch (kind) {
        case Kind::done: return proto::Done{proto::CopyList::of(copies), text};
        case Kind::nack: return proto::Nack{proto::CopyList::of(copies), {number}};
        case Kind::tunnel:
            return proto::Tunnel{
                .from = {number},
                .to = {number + 1},
                .opener = {number + (number & 1)},
                .id = number,
                .step = text.empty() ? proto::TunnelStep::open : proto::TunnelStep::data,
                .bytes = number,
                .data = text};
        case Kind::spread:
            return proto::Spread{
                .origin = {number},
                .epoch = {number + 1},
                .number = number,
                .payload_kind = proto::PayloadKind::binary,
                .body = text};
        case Kind::names: return proto::Names{{number}, {text}};
        case Kind::query:
            return proto::Query{
                .number = number,
                .kind = text.size() % 2 == 0 ? proto::QueryKind::presence
                                             : proto::QueryKind::presence_stats,
                .channel = text};
        case Kind::found:
            return proto::Found{
                .number = number,
                .step = static_cast<proto::FoundStep>(1 + text.size() % 3),
                .clients = text,
                .count = copies.front(),
                .users = proto::CopyList::of(copies)};
        case Kind::beats:
            return proto::Beats{
                .beats = {},
                .again = {std::string_view{text}.substr(
                    0, text.size() - text.size() % proto::BeatsAgain::entry_bytes)}};
        case Kind::acked: break;
        }
        return proto::Acked{{number}, text};
    }
};

namespace gen {

template <class Id>
rc::Gen<Id> id() {
    return rc::gen::map(number(), [](std::uint64_t value) { return Id{value}; });
}

inline rc::Gen<proto::Hello> hello() {
    return rc::gen::exec([] {
        proto::Hello hello;
        hello.cluster = *text(proto::limits::cluster_name_bytes);
        hello.proto_min = *number32();
        hello.proto_max = *number32();
        hello.node_id = *id<proto::NodeId>();
        hello.epoch = *id<proto::Epoch>();
        hello.boot = *id<proto::Boot>();
        hello.name = *text(proto::limits::node_name_bytes);
        hello.nonce =
            *rc::gen::container<std::string>(proto::nonce_bytes, rc::gen::arbitrary<char>());
        hello.dial_seq = *number();
        hello.expected_node_id = *id<proto::NodeId>();
        hello.features = *number();
        return hello;
    });
}

inline rc::Gen<proto::Auth> auth() {
    return rc::gen::exec([] {
        proto::Auth auth;
        for (std::uint8_t& byte : auth.mac)
            byte = *rc::gen::arbitrary<std::uint8_t>();
        auth.mac[7] |= 1;  // all zeros is not a hash
        return auth;
    });
}

inline rc::Gen<proto::Refuse> refuse() {
    return rc::gen::exec([] {
        const auto reason = static_cast<proto::RefuseReason>(*rc::gen::inRange(1, 11));
        return proto::Refuse{reason, *bytes(proto::limits::refusal_text_bytes)};
    });
}

inline rc::Gen<proto::MemberFact> member() {
    return rc::gen::exec([] {
        proto::MemberFact fact;
        fact.node_id = *id<proto::NodeId>();
        fact.epoch = *id<proto::Epoch>();
        fact.refute = *number32();
        fact.state = static_cast<proto::MemberState>(*rc::gen::inRange(1, 6));
        fact.name = *text(proto::limits::node_name_bytes);
        fact.addresses =
            *rc::gen::container<std::vector<std::string>>(bytes(proto::limits::address_bytes));
        if (fact.addresses.size() > proto::limits::addresses_per_member)
            fact.addresses.resize(proto::limits::addresses_per_member);
        return fact;
    });
}

inline rc::Gen<proto::Change> change() {
    return rc::gen::exec([] {
        const bool of_user = *rc::gen::arbitrary<bool>();
        const auto count = static_cast<std::uint8_t>(
            of_user ? *rc::gen::element(0, 1, 2, 3, 254, 255) : *rc::gen::element(0, 1));
        return proto::Change{
            *number(), of_user ? proto::TableKind::users : proto::TableKind::channels, count};
    });
}

inline rc::Gen<std::vector<proto::Change>> changes() {
    return rc::gen::container<std::vector<proto::Change>>(change());
}

inline rc::Gen<proto::Delta> delta() {
    return rc::gen::exec([] {
        proto::Delta delta;
        delta.origin = *id<proto::NodeId>();
        delta.epoch = *id<proto::Epoch>();
        const std::uint64_t one = *number();
        const std::uint64_t other = *number();
        delta.from.value = std::min(one, other);
        delta.to.value = std::max(one, other);
        if (delta.from == delta.to) delta.from.value != 0 ? --delta.from.value : ++delta.to.value;
        delta.changes = *changes();
        if (*rc::gen::arbitrary<bool>()) delta.hash_after = *number();
        return delta;
    });
}

inline rc::Gen<proto::SnapChunk> snap_chunk() {
    return rc::gen::exec([] { return proto::SnapChunk{*id<proto::NodeId>(), *changes()}; });
}

inline rc::Gen<proto::Held> held() {
    return rc::gen::exec([] {
        return proto::Held{*id<proto::NodeId>(), *id<proto::Epoch>(), *id<proto::Version>()};
    });
}

inline rc::Gen<proto::Beat> beat() {
    return rc::gen::exec([] {
        return proto::Beat{
            *id<proto::NodeId>(),
            *id<proto::Epoch>(),
            *number(),
            *id<proto::Version>(),
            *number(),
            *number32(),
            *number32(),
            *rc::gen::inRange<std::uint32_t>(0, proto::limits::numbered_beats + 1)};
    });
}

inline rc::Gen<OwnedForward> owned_forward() {
    return rc::gen::exec([] {
        OwnedForward forward;
        forward.copy = *number();
        forward.target = static_cast<proto::Target>(*rc::gen::inRange(1, 5));
        forward.name = *bytes(proto::limits::user_name_bytes);
        forward.payload_kind = static_cast<proto::PayloadKind>(*rc::gen::inRange(1, 3));
        forward.body = *bytes(1000);
        forward.known = *number();
        forward.message_id = *number();
        forward.answer_soon = *number32();
        return forward;
    });
}

inline rc::Gen<OwnedAnswer> owned_answer() {
    return rc::gen::exec([] {
        OwnedAnswer answer;
        answer.kind = static_cast<OwnedAnswer::Kind>(*rc::gen::inRange(0, 9));
        answer.number = *number();
        const std::size_t count = *rc::gen::inRange<std::size_t>(1, 40);
        while (answer.copies.size() < count)
            answer.copies.push_back(*number());
        if (answer.kind == OwnedAnswer::Kind::acked)
            answer.text = *bytes(proto::limits::user_name_bytes);
        else if (answer.kind == OwnedAnswer::Kind::query)
            answer.text = "c" + *bytes(proto::limits::channel_name_bytes - 1);
        else if (answer.kind == OwnedAnswer::Kind::names)
            for (std::size_t name = 0; name < count; ++name)
                proto::NameList::append(
                    answer.text, "u" + *bytes(proto::limits::user_name_bytes - 1));
        else if (answer.kind >= OwnedAnswer::Kind::tunnel)
            answer.text = *bytes(300);
        else if (*rc::gen::arbitrary<bool>())
            answer.text = *rc::gen::container<std::string>(count, rc::gen::arbitrary<char>());
        return answer;
    });
}

/// Any frame that owns what it says: all but Forward and the answers to it.
inline rc::Gen<proto::MeshFrame> frame() {
    using namespace proto;
    return rc::gen::exec([]() -> MeshFrame {
        switch (*rc::gen::inRange(0, 24)) {
        case 0: return *hello();
        case 1: return HelloAck{*hello()};
        case 2: return *auth();
        case 3: return Welcome{*id<Epoch>(), *bytes(limits::address_bytes), *id<Version>()};
        case 4: return LinkActive{*id<Version>(), *number(), *id<NodeId>(), *number(), *number()};
        case 5: return LinkSwitch{};
        case 6: return *refuse();
        case 7: return Ping{*number(), *number(), *id<Version>(), *number()};
        case 8: return Pong{*number(), *number(), *id<Version>()};
        case 9: return Members{*rc::gen::container<std::vector<MemberFact>>(member())};
        case 10: return Leave{*id<Epoch>(), *id<Version>()};
        case 11: return Probe{*number()};
        case 12: return Echo{*number()};
        case 13: return Catchup{*id<NodeId>(), *id<Epoch>(), *id<Version>()};
        case 14: return *delta();
        case 15: return SnapBegin{*id<NodeId>(), *id<Epoch>(), *id<Version>(), *number()};
        case 16: return *snap_chunk();
        case 17: return PingReq{*id<NodeId>(), *number()};
        case 18: return PingNack{*id<NodeId>(), *number()};
        case 19: return Suspect{*id<NodeId>(), *id<Epoch>(), *number32(), *id<NodeId>()};
        case 20: return Refute{*id<NodeId>(), *id<Epoch>(), *rc::gen::arbitrary<std::uint32_t>()};
        case 21: return Follow{*number32(), *rc::gen::container<std::vector<Held>>(held())};
        case 22: return Beats{*rc::gen::container<std::vector<Beat>>(beat()), {}};
        case 23: return Rest{static_cast<RestStep>(*rc::gen::inRange(1, 4))};
        default: return SnapEnd{*id<NodeId>(), *id<Version>(), *number(), *number()};
        }
    });
}

}  // namespace gen

/// What a reader gives back for changes in any order: each table's ones, manys and gones, users
/// first.
inline std::vector<proto::Change> in_wire_order(std::vector<proto::Change> changes) {
    const auto rank = [](const proto::Change& change) {
        const int group = change.count == 0 ? 2 : change.count == 1 ? 0 : 1;
        return static_cast<int>(change.kind) * 3 + group;
    };
    std::stable_sort(
        changes.begin(), changes.end(), [&](const proto::Change& left, const proto::Change& right) {
            return rank(left) < rank(right);
        });
    return changes;
}

/// The frame as a reader gives it back.
inline proto::MeshFrame as_read(proto::MeshFrame frame) {
    if (auto* const delta = std::get_if<proto::Delta>(&frame))
        delta->changes = in_wire_order(delta->changes);
    if (auto* const chunk = std::get_if<proto::SnapChunk>(&frame))
        chunk->changes = in_wire_order(chunk->changes);
    return frame;
}

}  // namespace grapevine::tests
