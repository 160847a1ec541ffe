#include "mesh/status.hpp"

#include "proto/client_codec.hpp"

namespace grapevine::mesh {
namespace {

void append_key(std::string& out, std::string_view key) {
    if (out.back() != '{') out.push_back(',');
    proto::append_json_string(out, key);
    out.push_back(':');
}

void append_number(std::string& out, std::string_view key, std::uint64_t value) {
    append_key(out, key);
    out += std::to_string(value);
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
    append_key(out, key);
    proto::append_json_string(out, value);
}

void append_flag(std::string& out, std::string_view key, bool value) {
    append_key(out, key);
    out += value ? "true" : "false";
}

/// 64-bit ids and hashes are text: a JavaScript number would lose digits.
void append_hex(std::string& out, std::string_view key, std::uint64_t value) {
    static constexpr std::string_view digits = "0123456789abcdef";
    append_key(out, key);
    out.push_back('"');
    for (int shift = 60; shift >= 0; shift -= 4)
        out.push_back(digits[(value >> shift) & 15]);
    out.push_back('"');
}

/// Seconds with one decimal, without floating point.
void append_seconds(std::string& out, std::string_view key, Duration value) {
    const auto tenths = value.count() / 100'000;
    append_key(out, key);
    out += std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

void append_member(std::string& out, const MemberView& member, Now now) {
    out.push_back('{');
    append_text(out, "name", member.name);
    append_hex(out, "id", member.node.value);
    append_text(out, "state", text_of(member.state));
    append_flag(out, "self", member.is_self);
    append_number(out, "epoch", member.epoch.value);
    append_number(out, "sessions", member.sessions);
    append_number(out, "users", member.users);
    append_number(out, "channels", member.channels);
    if (member.names != 0) {
        append_number(out, "names", member.names);
        append_number(out, "name_bytes", member.name_bytes);
    }
    append_number(out, "version", member.version.value);
    append_hex(out, "hash", member.sethash);
    if (member.protocol != 0) append_number(out, "protocol", member.protocol);
    if (!member.address.empty()) append_text(out, "address", member.address);
    if (!member.is_self) {
        append_flag(out, "linked", member.linked);
        if (!member.linked && member.is_told_of) append_text(out, "link", "not needed");
        if (member.linked)
            append_text(
                out,
                "link",
                member.is_tunnel      ? "through another node"
                : member.linked_by_us ? "dialled"
                                      : "accepted");
        if (member.round_trip > Duration{})
            append_number(out, "rtt_us", static_cast<std::uint64_t>(member.round_trip.count()));
        if (member.last_equal != never)
            append_seconds(out, "seconds_since_equal", now.steady - member.last_equal);
        append_number(out, "queued_bytes", member.queued_bytes);
    }
    out.push_back('}');
}

void append_refusal(std::string& out, const RefusedLink& refusal, Now now) {
    out.push_back('{');
    append_text(out, "address", refusal.address);
    if (!refusal.name.empty()) append_text(out, "name", refusal.name);
    append_text(out, "reason", word_of(refusal.reason));
    append_text(out, "by", refusal.by_peer ? "peer" : "us");
    append_text(out, "text", refusal.text);
    append_number(out, "times", refusal.times);
    append_seconds(out, "seconds_since_first", now.steady - refusal.first);
    append_seconds(out, "seconds_since_last", now.steady - refusal.last);
    out.push_back('}');
}

}  // namespace

std::string_view text_of(proto::MemberState state) {
    switch (state) {
    case proto::MemberState::joining: return "joining";
    case proto::MemberState::alive: return "alive";
    case proto::MemberState::suspect: return "suspect";
    case proto::MemberState::down: return "down";
    case proto::MemberState::left: return "left";
    }
    return "unknown";
}

void append_user_status(std::string& out, const Mesh& mesh, std::span<const std::string> users) {
    out += "{\"users\":{";
    for (const std::string& user : users) {
        const Mesh::UserPlaces places = mesh.where_is(user);
        append_key(out, user);
        out.push_back('{');
        append_flag(out, "online", !places.nodes.empty());
        append_number(out, "sessions", places.sessions);
        append_key(out, "nodes");
        out.push_back('[');
        for (const std::string& node : places.nodes) {
            if (out.back() != '[') out.push_back(',');
            proto::append_json_string(out, node);
        }
        out += "]}";
    }
    out += "}}";
}

void append_inquired(std::string& out, const Inquired& inquired) {
    if (inquired.kind == QueryKind::presence)
        proto::append_presence_result(out, inquired.clients, inquired.is_incomplete);
    else
        proto::append_presence_stats_result(out, inquired.stats, inquired.is_incomplete);
}

void append_cluster(std::string& out, const Mesh& mesh, Reader reader, Now now) {
    out.push_back('{');
    append_text(out, "self", mesh.config().name);
    append_text(out, "cluster", mesh.config().cluster);
    append_flag(out, "ready", mesh.is_ready(now.steady));
    append_key(out, "nodes");
    out.push_back('[');
    for (const MemberView& member : mesh.members()) {
        if (out.back() != '[') out.push_back(',');
        append_member(out, member, now);
    }
    out += "]";
    if (reader == Reader::operators) {
        append_key(out, "refusals");
        out.push_back('[');
        for (const RefusedLink& refusal : mesh.refusals()) {
            if (out.back() != '[') out.push_back(',');
            append_refusal(out, refusal, now);
        }
        out += "]";
    }
    out += "}";
}

}  // namespace grapevine::mesh
