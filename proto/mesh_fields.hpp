/// The fields of every frame, each written down once and used four times: to measure, to write, to
/// read and to check. A codec offers one function for each kind of field; `fields(codec, frame)`
/// calls them in the order of mesh.proto. Internal to the mesh codec.
///
///   varint fixed64      numbers                    text        bounded, valid UTF-8
///   choice              an enum, 1 to its last     bytes       bounded, anything
///   maybe_fixed64       optional                   exact       of one length
///   changes             the keys of two tables     list, each  bounded repetition
#pragma once

#include "proto/limits.hpp"
#include "proto/mesh_frames.hpp"

#include <type_traits>

namespace grapevine::proto::mesh_wire {

/// Readers fill a frame, the others only look at it.
template <class Codec, class Frame>
using As = std::conditional_t<Codec::reads, Frame, const Frame>;

template <class Codec>
void fields(Codec& codec, As<Codec, Hello>& hello) {
    codec.text(1, hello.cluster, limits::cluster_name_bytes);
    codec.varint(2, hello.proto_min);
    codec.varint(3, hello.proto_max);
    codec.fixed64(4, hello.node_id.value);
    codec.fixed64(5, hello.epoch.value);
    codec.fixed64(6, hello.boot.value);
    codec.text(7, hello.name, limits::node_name_bytes);
    codec.exact(8, hello.nonce, nonce_bytes);
    codec.varint(9, hello.dial_seq);
    codec.fixed64(10, hello.expected_node_id.value);
    codec.varint(11, hello.features);
}

template <class Codec>
void fields(Codec& codec, As<Codec, HelloAck>& ack) {
    fields(codec, ack.hello);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Auth>& auth) {
    codec.exact(1, auth.mac);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Welcome>& welcome) {
    codec.fixed64(1, welcome.your_epoch_floor.value);
    codec.bytes(2, welcome.advertise, limits::address_bytes);
    codec.varint(3, welcome.your_version.value);
}

template <class Codec>
void fields(Codec& codec, As<Codec, LinkActive>& active) {
    codec.varint(1, active.version.value);
    codec.fixed64(2, active.sethash);
    codec.fixed64(3, active.after_initiator.value);
    codec.varint(4, active.after_dial_seq);
    codec.varint(5, active.number);
}

template <class Codec>
void fields(Codec&, As<Codec, LinkSwitch>&) {}

template <class Codec>
void fields(Codec& codec, As<Codec, Refuse>& refuse) {
    codec.choice(1, refuse.reason, RefuseReason::leaving);
    codec.bytes(2, refuse.text, limits::refusal_text_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Ping>& ping) {
    codec.varint(1, ping.seq);
    codec.varint(2, ping.sent_us);
    codec.varint(3, ping.version.value);
    codec.fixed64(4, ping.sethash);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Pong>& pong) {
    codec.varint(1, pong.seq);
    codec.varint(2, pong.sent_us);
    codec.varint(3, pong.your_version.value);
}

template <class Codec>
void fields(Codec& codec, As<Codec, MemberFact>& member) {
    codec.fixed64(1, member.node_id.value);
    codec.fixed64(2, member.epoch.value);
    codec.varint(3, member.refute);
    codec.choice(4, member.state, MemberState::left);
    codec.text(5, member.name, limits::node_name_bytes);
    codec.list(6, member.addresses, limits::addresses_per_member, limits::address_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Members>& members) {
    codec.each(1, members.members, limits::members_per_frame);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Leave>& leave) {
    codec.fixed64(1, leave.epoch.value);
    codec.varint(2, leave.version.value);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Probe>& probe) {
    codec.fixed64(1, probe.nonce);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Echo>& echo) {
    codec.fixed64(1, echo.nonce);
}

template <class Codec>
void fields(Codec& codec, As<Codec, PingReq>& request) {
    codec.fixed64(1, request.target.value);
    codec.fixed64(2, request.nonce);
}

template <class Codec>
void fields(Codec& codec, As<Codec, PingNack>& nack) {
    codec.fixed64(1, nack.target.value);
    codec.fixed64(2, nack.nonce);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Suspect>& suspect) {
    codec.fixed64(1, suspect.node.value);
    codec.fixed64(2, suspect.epoch.value);
    codec.varint(3, suspect.refute);
    codec.fixed64(4, suspect.by.value);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Refute>& refute) {
    codec.fixed64(1, refute.node.value);
    codec.fixed64(2, refute.epoch.value);
    codec.varint(3, refute.refute);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Tunnel>& tunnel) {
    codec.fixed64(1, tunnel.from.value);
    codec.fixed64(2, tunnel.to.value);
    codec.fixed64(3, tunnel.opener.value);
    codec.varint(4, tunnel.id);
    codec.choice(5, tunnel.step, TunnelStep::close);
    codec.varint(6, tunnel.bytes);
    codec.bytes(7, tunnel.data, limits::tunnelled_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Held>& held) {
    codec.fixed64(1, held.origin.value);
    codec.fixed64(2, held.epoch.value);
    codec.varint(3, held.version.value);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Follow>& follow) {
    codec.varint(1, follow.wanted);
    codec.each(2, follow.held, limits::members_per_frame);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Beat>& beat) {
    codec.fixed64(1, beat.node.value);
    codec.fixed64(2, beat.epoch.value);
    codec.varint(3, beat.seq);
    codec.varint(4, beat.version.value);
    codec.fixed64(5, beat.sethash);
    codec.varint(6, beat.refute);
    codec.varint(7, beat.left);
    codec.varint(8, beat.number);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Beats>& beats) {
    codec.each(1, beats.beats, limits::members_per_frame);
    codec.bytes(2, beats.again.packed, limits::members_per_frame * BeatsAgain::entry_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Rest>& rest) {
    codec.choice(1, rest.step, RestStep::ending);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Spread>& spread) {
    codec.fixed64(1, spread.origin.value);
    codec.fixed64(2, spread.epoch.value);
    codec.varint(3, spread.number);
    codec.choice(4, spread.payload_kind, PayloadKind::binary);
    codec.bytes(5, spread.body, limits::forward_body_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Catchup>& catchup) {
    codec.fixed64(1, catchup.origin.value);
    codec.fixed64(2, catchup.epoch.value);
    codec.varint(3, catchup.version.value);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Delta>& delta) {
    codec.fixed64(1, delta.origin.value);
    codec.fixed64(2, delta.epoch.value);
    codec.varint(3, delta.from.value);
    codec.varint(4, delta.to.value);
    codec.changes(5, 6, delta.changes, limits::delta_changes);
    codec.maybe_fixed64(7, delta.hash_after);
}

template <class Codec>
void fields(Codec& codec, As<Codec, SnapBegin>& begin) {
    codec.fixed64(1, begin.origin.value);
    codec.fixed64(2, begin.epoch.value);
    codec.varint(3, begin.version.value);
    codec.varint(4, begin.keys);
}

template <class Codec>
void fields(Codec& codec, As<Codec, SnapChunk>& chunk) {
    codec.fixed64(1, chunk.origin.value);
    codec.changes(2, 3, chunk.changes, limits::snapshot_keys);
}

template <class Codec>
void fields(Codec& codec, As<Codec, SnapEnd>& end) {
    codec.fixed64(1, end.origin.value);
    codec.varint(2, end.version.value);
    codec.varint(3, end.keys);
    codec.fixed64(4, end.sethash);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Names>& names) {
    codec.fixed64(1, names.origin.value);
    codec.bytes(2, names.names.packed, limits::names_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Forward>& forward) {
    codec.fixed64(1, forward.copy);
    codec.choice(2, forward.target, Target::watchers);
    codec.bytes(3, forward.name, limits::channel_name_bytes);
    codec.choice(4, forward.payload_kind, PayloadKind::binary);
    codec.bytes(5, forward.body, limits::forward_body_bytes);
    codec.varint(6, forward.known.value);
    codec.varint(7, forward.message_id.value);
    codec.varint(8, forward.answer_soon);
}

inline constexpr std::size_t copy_list_bytes = limits::answers_per_frame * sizeof(std::uint64_t);

template <class Codec>
void fields(Codec& codec, As<Codec, Done>& done) {
    codec.bytes(1, done.copies.packed, copy_list_bytes);
    codec.bytes(2, done.sessions, limits::answers_per_frame);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Nack>& nack) {
    codec.bytes(1, nack.copies.packed, copy_list_bytes);
    codec.varint(2, nack.version.value);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Acked>& acked) {
    codec.varint(1, acked.message_id.value);
    codec.bytes(2, acked.user, limits::user_name_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Query>& query) {
    codec.fixed64(1, query.number);
    codec.choice(2, query.kind, QueryKind::presence_stats);
    codec.bytes(3, query.channel, limits::channel_name_bytes);
}

template <class Codec>
void fields(Codec& codec, As<Codec, Found>& found) {
    codec.fixed64(1, found.number);
    codec.choice(2, found.step, FoundStep::cut);
    codec.bytes(3, found.clients, limits::found_client_bytes);
    codec.varint(4, found.count);
    codec.bytes(5, found.users.packed, limits::found_users * sizeof(std::uint64_t));
}

}  // namespace grapevine::proto::mesh_wire
