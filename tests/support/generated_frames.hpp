/// Frames as the code generated from mesh.proto holds them: what our codec is held against.
#pragma once

#include "proto/mesh_frames.hpp"

#include <string>
#include <variant>

#include "mesh.pb.h"

namespace grapevine::tests {

/// Turns a frame into its generated twin.
struct ToGenerated {
    mesh::wire::Frame& out;

    static void put(mesh::wire::Hello& out, const proto::Hello& hello) {
        out.set_cluster(hello.cluster);
        out.set_proto_min(hello.proto_min);
        out.set_proto_max(hello.proto_max);
        out.set_node_id(hello.node_id.value);
        out.set_epoch(hello.epoch.value);
        out.set_boot(hello.boot.value);
        out.set_name(hello.name);
        out.set_nonce(hello.nonce);
        out.set_dial_seq(hello.dial_seq);
        out.set_expected_node_id(hello.expected_node_id.value);
        out.set_features(hello.features);
    }
    template <class Message>
    static void put(Message& message, const std::vector<proto::Change>& changes) {
        for (const proto::Change& change : changes) {
            auto& table = change.kind == proto::TableKind::users ? *message.mutable_users()
                                                                 : *message.mutable_channels();
            if (change.count == 0) table.add_gones(change.key);
            if (change.count == 1) table.add_ones(change.key);
            if (change.count > 1) table.add_manys(change.key);
            if (change.count > 1)
                table.mutable_counts()->push_back(static_cast<char>(change.count));
        }
    }

    void operator()(const proto::Hello& hello) const { put(*out.mutable_hello(), hello); }
    void operator()(const proto::HelloAck& ack) const { put(*out.mutable_hello_ack(), ack.hello); }
    void operator()(const proto::Auth& auth) const {
        out.mutable_auth()->set_mac(auth.mac.data(), auth.mac.size());
    }
    void operator()(const proto::Welcome& welcome) const {
        out.mutable_welcome()->set_your_epoch_floor(welcome.your_epoch_floor.value);
        out.mutable_welcome()->set_advertise(welcome.advertise);
        out.mutable_welcome()->set_your_version(welcome.your_version.value);
    }
    void operator()(const proto::LinkActive& active) const {
        out.mutable_link_active()->set_version(active.version.value);
        out.mutable_link_active()->set_sethash(active.sethash);
        out.mutable_link_active()->set_after_initiator(active.after_initiator.value);
        out.mutable_link_active()->set_after_dial_seq(active.after_dial_seq);
        out.mutable_link_active()->set_number(active.number);
    }
    void operator()(const proto::LinkSwitch&) const { out.mutable_link_switch(); }
    void operator()(const proto::Refuse& refuse) const {
        out.mutable_refuse()->set_reason(static_cast<std::uint32_t>(refuse.reason));
        out.mutable_refuse()->set_text(refuse.text);
    }
    void operator()(const proto::Ping& ping) const {
        out.mutable_ping()->set_seq(ping.seq);
        out.mutable_ping()->set_sent_us(ping.sent_us);
        out.mutable_ping()->set_version(ping.version.value);
        out.mutable_ping()->set_sethash(ping.sethash);
    }
    void operator()(const proto::Pong& pong) const {
        out.mutable_pong()->set_seq(pong.seq);
        out.mutable_pong()->set_sent_us(pong.sent_us);
        out.mutable_pong()->set_your_version(pong.your_version.value);
    }
    void operator()(const proto::Members& members) const {
        out.mutable_members();
        for (const proto::MemberFact& fact : members.members) {
            auto& member = *out.mutable_members()->add_members();
            member.set_node_id(fact.node_id.value);
            member.set_epoch(fact.epoch.value);
            member.set_refute(fact.refute);
            member.set_state(static_cast<std::uint32_t>(fact.state));
            member.set_name(fact.name);
            for (const std::string& address : fact.addresses)
                member.add_addresses(address);
        }
    }
    void operator()(const proto::Leave& leave) const {
        out.mutable_leave()->set_epoch(leave.epoch.value);
        out.mutable_leave()->set_version(leave.version.value);
    }
    void operator()(const proto::Probe& probe) const {
        out.mutable_probe()->set_nonce(probe.nonce);
    }
    void operator()(const proto::PingReq& request) const {
        out.mutable_ping_req()->set_target(request.target.value);
        out.mutable_ping_req()->set_nonce(request.nonce);
    }
    void operator()(const proto::PingNack& nack) const {
        out.mutable_ping_nack()->set_target(nack.target.value);
        out.mutable_ping_nack()->set_nonce(nack.nonce);
    }
    void operator()(const proto::Suspect& suspect) const {
        out.mutable_suspect()->set_node(suspect.node.value);
        out.mutable_suspect()->set_epoch(suspect.epoch.value);
        out.mutable_suspect()->set_refute(suspect.refute);
        out.mutable_suspect()->set_by(suspect.by.value);
    }
    void operator()(const proto::Follow& follow) const {
        out.mutable_follow()->set_wanted(follow.wanted);
        for (const proto::Held& held : follow.held) {
            auto& message = *out.mutable_follow()->add_held();
            message.set_origin(held.origin.value);
            message.set_epoch(held.epoch.value);
            message.set_version(held.version.value);
        }
    }
    void operator()(const proto::Beats& beats) const {
        out.mutable_beats();
        for (const proto::Beat& beat : beats.beats) {
            auto& message = *out.mutable_beats()->add_beats();
            message.set_node(beat.node.value);
            message.set_epoch(beat.epoch.value);
            message.set_seq(beat.seq);
            message.set_version(beat.version.value);
            message.set_sethash(beat.sethash);
            message.set_refute(beat.refute);
            message.set_left(beat.left);
            message.set_number(beat.number);
        }
        out.mutable_beats()->set_again(std::string{beats.again.packed});
    }
    void operator()(const proto::Rest& rest) const {
        out.mutable_rest()->set_step(static_cast<std::uint32_t>(rest.step));
    }
    void operator()(const proto::Spread& spread) const {
        auto& message = *out.mutable_spread();
        message.set_origin(spread.origin.value);
        message.set_epoch(spread.epoch.value);
        message.set_number(spread.number);
        message.set_payload_kind(static_cast<std::uint32_t>(spread.payload_kind));
        message.set_body(std::string{spread.body});
    }
    void operator()(const proto::Tunnel& tunnel) const {
        auto& message = *out.mutable_tunnel();
        message.set_from(tunnel.from.value);
        message.set_to(tunnel.to.value);
        message.set_opener(tunnel.opener.value);
        message.set_id(tunnel.id);
        message.set_step(static_cast<std::uint32_t>(tunnel.step));
        message.set_bytes(tunnel.bytes);
        message.set_data(std::string{tunnel.data});
    }
    void operator()(const proto::Refute& refute) const {
        out.mutable_refute()->set_node(refute.node.value);
        out.mutable_refute()->set_epoch(refute.epoch.value);
        out.mutable_refute()->set_refute(refute.refute);
    }
    void operator()(const proto::Echo& echo) const { out.mutable_echo()->set_nonce(echo.nonce); }
    void operator()(const proto::Catchup& catchup) const {
        out.mutable_catchup()->set_origin(catchup.origin.value);
        out.mutable_catchup()->set_epoch(catchup.epoch.value);
        out.mutable_catchup()->set_version(catchup.version.value);
    }
    void operator()(const proto::Delta& delta) const {
        auto& message = *out.mutable_delta();
        message.set_origin(delta.origin.value);
        message.set_epoch(delta.epoch.value);
        message.set_from(delta.from.value);
        message.set_to(delta.to.value);
        put(message, delta.changes);
        if (delta.hash_after) message.set_hash_after(*delta.hash_after);
    }
    void operator()(const proto::SnapBegin& begin) const {
        out.mutable_snap_begin()->set_origin(begin.origin.value);
        out.mutable_snap_begin()->set_epoch(begin.epoch.value);
        out.mutable_snap_begin()->set_version(begin.version.value);
        out.mutable_snap_begin()->set_keys(begin.keys);
    }
    void operator()(const proto::SnapChunk& chunk) const {
        out.mutable_snap_chunk()->set_origin(chunk.origin.value);
        put(*out.mutable_snap_chunk(), chunk.changes);
    }
    void operator()(const proto::SnapEnd& end) const {
        out.mutable_snap_end()->set_origin(end.origin.value);
        out.mutable_snap_end()->set_version(end.version.value);
        out.mutable_snap_end()->set_keys(end.keys);
        out.mutable_snap_end()->set_sethash(end.sethash);
    }
    void operator()(const proto::Names& names) const {
        out.mutable_names()->set_origin(names.origin.value);
        out.mutable_names()->set_names(std::string{names.names.packed});
    }
    void operator()(const proto::Forward& forward) const {
        auto& message = *out.mutable_forward();
        message.set_copy(forward.copy);
        message.set_target(static_cast<std::uint32_t>(forward.target));
        message.set_name(std::string{forward.name});
        message.set_payload_kind(static_cast<std::uint32_t>(forward.payload_kind));
        message.set_body(std::string{forward.body});
        message.set_known(forward.known.value);
        message.set_message_id(forward.message_id.value);
        message.set_answer_soon(forward.answer_soon);
    }
    template <class Message>
    static void put(Message& message, const proto::CopyList& copies) {
        for (std::size_t index = 0; index < copies.size(); ++index)
            message.add_copies(copies[index]);
    }
    void operator()(const proto::Done& done) const {
        put(*out.mutable_done(), done.copies);
        out.mutable_done()->set_sessions(std::string{done.sessions});
    }
    void operator()(const proto::Nack& nack) const {
        put(*out.mutable_nack(), nack.copies);
        out.mutable_nack()->set_version(nack.version.value);
    }
    void operator()(const proto::Query& query) const {
        out.mutable_query()->set_number(query.number);
        out.mutable_query()->set_kind(static_cast<std::uint32_t>(query.kind));
        out.mutable_query()->set_channel(std::string{query.channel});
    }
    void operator()(const proto::Found& found) const {
        auto& message = *out.mutable_found();
        message.set_number(found.number);
        message.set_step(static_cast<std::uint32_t>(found.step));
        message.set_clients(std::string{found.clients});
        message.set_count(found.count);
        for (std::size_t index = 0; index < found.users.size(); ++index)
            message.add_users(found.users[index]);
    }
    void operator()(const proto::Acked& acked) const {
        out.mutable_acked()->set_message_id(acked.message_id.value);
        out.mutable_acked()->set_user(std::string{acked.user});
    }
};

/// A batch of this one frame, written by generated code.
inline std::string generated_batch(const proto::MeshFrame& frame) {
    mesh::wire::Batch batch;
    std::visit(ToGenerated{*batch.add_frames()}, frame);
    return batch.SerializeAsString();
}

}  // namespace grapevine::tests
