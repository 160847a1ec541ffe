#include "node/metrics.hpp"

#include "mesh/status.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

namespace grapevine::node {
namespace {

using namespace std::chrono_literals;

class Page {
public:
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        head(name, help, "counter");
        line(name, {}, value);
    }
    void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
        head(name, help, "gauge");
        line(name, {}, value);
    }
    void seconds(std::string_view name, std::string_view help, mesh::Duration value) {
        head(name, help, "gauge");
        const std::string thousandths = std::to_string(1000 + value / 1ms % 1000);
        text_.append("grapevine_").append(name).append(" ");
        text_.append(std::to_string(value / 1s)).append(".").append(thousandths.substr(1));
        text_.append("\n");
    }
    void head(std::string_view name, std::string_view help, std::string_view type) {
        text_.append("# HELP grapevine_").append(name).append(" ").append(help).append("\n");
        text_.append("# TYPE grapevine_").append(name).append(" ").append(type).append("\n");
    }
    void line(std::string_view name, std::string_view labels, std::uint64_t value) {
        text_.append("grapevine_")
            .append(name)
            .append(labels)
            .append(" ")
            .append(std::to_string(value))
            .append("\n");
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

/// One value of a label.
struct Reason {
    std::string_view label;
    std::uint64_t count;
};

void by_label(
    Page& page,
    std::string_view name,
    std::string_view help,
    std::string_view label,
    std::span<const Reason> reasons) {
    page.head(name, help, "counter");
    for (const Reason& reason : reasons) {
        std::string labels = "{";
        labels.append(label).append("=\"").append(reason.label).append("\"}");
        page.line(name, labels, reason.count);
    }
}

void by_reason(
    Page& page, std::string_view name, std::string_view help, std::span<const Reason> reasons) {
    by_label(page, name, help, "reason", reasons);
}

void sessions_part(Page& page, const LoopReport& loops) {
    const mesh::SessionsCounters& s = loops.sessions;
    page.gauge(
        "client_connections", "Open WebSocket connections of clients.", loops.client_connections);
    page.gauge("sessions", "Sessions of this node.", loops.session_count);
    page.gauge(
        "client_queue_bytes",
        "Memory of messages that clients have not taken; what many share counts once.",
        loops.queued_bytes);
    page.counter("sessions_opened_total", "Sessions ever opened.", s.opened);
    page.counter("sessions_connected_total", "Sessions whose connect was accepted.", s.connected);
    page.counter("commands_total", "Commands read from clients.", s.commands);
    page.counter("command_errors_total", "Commands answered with an error.", s.errors);
    page.counter("client_publishes_total", "Publications accepted from clients.", s.publishes);
    page.counter("messages_delivered_total", "Publications handed to sessions.", s.delivered);
    page.counter("messages_not_here_total", "Deliveries for nobody of this node.", s.not_here);
    page.counter(
        "binary_skipped_total", "Binary payloads not sent to JSON sessions.", s.binary_skipped);
    page.counter(
        "bodies_rejected_total", "Deliveries whose body could not be read.", s.bodies_rejected);
    page.counter(
        "subscriptions_expired_total",
        "Subscriptions by token that were not refreshed.",
        s.subscriptions_expired);
    by_reason(
        page,
        "sessions_closed_total",
        "Sessions that ended, by reason.",
        std::array<Reason, 9>{
            {{"client", s.closed_by_client},
             {"bad_request", s.closed_bad_request},
             {"stale", s.closed_stale},
             {"no_pong", s.closed_no_pong},
             {"slow", s.closed_slow},
             {"shutdown", s.closed_shutdown},
             {"invalid_token", s.closed_invalid_token},
             {"expired", s.closed_expired},
             {"inappropriate_protocol", loops.wrong_kind}}});
}

/// How far the others' tables may be behind here. Who is down is hidden, and nobody's table.
void convergence_part(Page& page, std::span<const mesh::MemberView> members, mesh::Now now) {
    mesh::Duration lag{};
    std::uint64_t never_equal = 0;
    for (const mesh::MemberView& member : members) {
        const bool is_shown = member.state == proto::MemberState::alive ||
                              member.state == proto::MemberState::suspect;
        if (member.is_self || !is_shown) continue;
        if (member.last_equal == mesh::never)
            ++never_equal;
        else
            lag = std::max(lag, now.steady - member.last_equal);
    }
    page.seconds(
        "convergence_lag_seconds",
        "How long ago the table of another node was last found equal to the copy here: of the node "
        "where that is longest ago. They are compared with each heartbeat, and when changes come.",
        lag);
    page.gauge(
        "convergence_pending",
        "Nodes whose users are shown and whose table was not yet found equal.",
        never_equal);
}

std::uint64_t without_link(std::span<const mesh::MemberView> members) {
    return static_cast<std::uint64_t>(
        std::count_if(members.begin(), members.end(), [](const mesh::MemberView& member) {
            return member.is_told_of && !member.linked;
        }));
}

void mesh_part(Page& page, const mesh::Driver& driver, mesh::Now now) {
    const mesh::Mesh& mesh = driver.mesh();
    const mesh::MeshCounters& m = mesh.counters();
    page.gauge("ready", "1 if this node takes part.", mesh.is_ready(now.steady) ? 1 : 0);
    page.head("members", "Known nodes by state, this one included.", "gauge");
    std::array<std::uint64_t, 6> states{};
    const std::vector<mesh::MemberView> members = mesh.members();
    for (const mesh::MemberView& member : members)
        ++states.at(static_cast<std::size_t>(member.state));
    for (std::size_t state = 1; state < states.size(); ++state) {
        std::string labels = "{state=\"";
        labels.append(mesh::text_of(static_cast<proto::MemberState>(state))).append("\"}");
        page.line("members", labels, states.at(state));
    }
    convergence_part(page, members, now);
    page.gauge(
        "table_bytes", "Memory of the location and interest tables.", mesh.table_memory_bytes());
    const mesh::NameSizes names = mesh.name_sizes();
    page.gauge("names", "Names of users that are known here.", names.names);
    page.gauge("names_bytes", "What they count for in their budget.", names.bytes);
    page.counter("names_refused_total", "Names not kept because there was no room.", names.refused);
    page.counter("published_total", "Publications routed.", m.published);
    page.counter(
        "published_nowhere_total", "Publications that nobody wanted.", m.published_nowhere);
    page.counter(
        "comings_told_total",
        "Sessions that began or ended to be subscribed where that is told.",
        m.comings_told);
    page.counter(
        "inquiries_total",
        "Questions who is subscribed to a channel, by clients, the API and other nodes.",
        m.inquiries);
    page.counter(
        "inquiries_refused_total", "Of these, because too many were open.", m.inquiries_refused);
    page.counter(
        "inquiries_incomplete_total",
        "Of these, answered without what somebody did not say in time, or without room for all.",
        m.inquiries_incomplete);
    page.counter("forwards_sent_total", "Publications sent to other nodes.", m.forwards_sent);
    page.counter(
        "forwards_received_total", "Publications received from other nodes.", m.forwards_received);
    page.counter(
        "forwards_dropped_total",
        "Publications dropped because a link was full.",
        m.forwards_dropped);
    page.counter("deltas_sent_total", "Deltas sent.", m.deltas_sent);
    page.counter("deltas_applied_total", "Deltas applied.", m.deltas_applied);
    page.counter("deltas_ignored_total", "Deltas that were old news.", m.deltas_ignored);
    page.counter(
        "changes_applied_total",
        "Changes of other nodes' users and channels applied.",
        m.changes_applied);
    page.counter("catchups_asked_total", "Catch-ups asked for.", m.catchups_asked);
    page.counter("snapshots_begun_total", "Snapshots begun for others.", m.snapshots_begun);
    page.counter(
        "snapshots_restarted_total",
        "Snapshots for others begun anew: more changed than the log keeps.",
        m.snapshots_restarted);
    page.counter("snapshots_applied_total", "Snapshots applied.", m.snapshots_applied);
    page.counter("divergences_total", "Replicas whose hash was wrong.", m.divergences);
    page.counter(
        "seed_lookups_total", "Names of seeds looked up, with a whole answer.", m.seeds_resolved);
    page.counter(
        "seed_lookups_failed_total",
        "Names of seeds looked up to which something was not answered.",
        m.seeds_unresolved);
    page.counter(
        "seed_addresses_left_out_total",
        "Addresses of seeds beyond the bounds.",
        m.seed_addresses_left_out);
    page.counter("suspicions_total", "Members suspected.", m.suspicions);
    page.counter("downs_total", "Members declared down.", m.downs);
    page.counter(
        "accusations_total", "Suspicions of others that were told to this node.", m.accusations);
    page.counter(
        "refutations_total",
        "Times this node was suspected and contradicted: it runs late or is badly connected.",
        m.refutations);
    page.counter(
        "reached_by_others_total",
        "Echoes, through other nodes, of members that this node did not hear.",
        m.reached_by_others);
    page.gauge("tunnels", "Links through other nodes (relays) that end here.", mesh.tunnel_count());
    page.counter("tunnels_opened_total", "Links through other nodes, tried.", m.tunnels_opened);
    page.counter(
        "tunnel_frames_carried_total",
        "Frames carried between two other nodes.",
        m.tunnel_frames_carried);
    page.counter(
        "tunnel_frames_refused_total",
        "Frames between two other nodes that could not be carried.",
        m.tunnel_frames_refused);
    page.gauge(
        "members_without_link",
        "Members that need no link: the mesh is large, and neighbours pass on what they say.",
        without_link(members));
    page.counter(
        "links_rested_total", "Links ended because neither end needed them.", m.links_rested);
    page.counter(
        "deltas_relayed_total",
        "Changes of other nodes passed on to neighbours.",
        m.deltas_relayed);
    page.counter(
        "spreads_sent_total",
        "Publications for everybody told to neighbours, those of other nodes included.",
        m.spreads_sent);
    page.counter(
        "waits_for_link_dropped_total",
        "Publications that waited in vain for a link to be made.",
        m.waits_dropped);
    page.gauge(
        "health",
        "How late or alone this node seems to be: 0 well, 8 worst; it waits so much longer before "
        "it "
        "suspects others.",
        static_cast<std::uint64_t>(mesh.health_score()));
    page.counter(
        "frames_rejected_total", "Frames between nodes that were no frames.", m.frames_rejected);
    page.counter("links_refused_total", "Links refused, by us or by the peer.", m.links_refused);
    page.head("link_refusals_total", "Links refused, by who refused and why.", "counter");
    for (std::size_t reason = 1; reason < mesh::refuse_reasons; ++reason)
        for (const bool by_peer : {false, true}) {
            std::string labels = by_peer ? "{by=\"peer\",reason=\"" : "{by=\"us\",reason=\"";
            labels.append(mesh::word_of(static_cast<proto::RefuseReason>(reason))).append("\"}");
            page.line(
                "link_refusals_total",
                labels,
                (by_peer ? m.refused_by_peers : m.refused_by_us).at(reason));
        }
}

void flows_part(Page& page, const mesh::Mesh& mesh) {
    const mesh::MeshCounters& m = mesh.counters();
    page.counter("user_messages_total", "Messages accepted for users.", m.user_messages);
    by_label(
        page,
        "user_messages_ended_total",
        "What became of messages for users.",
        "result",
        std::array<Reason, 5>{
            {{"written", m.user_written},
             {"acked", m.user_acked},
             {"not_connected", m.user_not_connected},
             {"undeliverable", m.user_undeliverable},
             {"unknown", m.user_unknown}}});
    page.counter(
        "user_messages_refused_total",
        "Messages for users that found no room: a bound was reached.",
        m.user_refused);
    page.counter(
        "user_messages_parked_total",
        "Messages that waited for their user to appear.",
        m.user_parked);
    page.counter(
        "user_messages_repeated_total",
        "Messages sent again because nobody had taken them.",
        m.user_repeats);
    page.counter(
        "copies_denied_total",
        "Misroutes: copies for a user whom the other node did not have (any more).",
        m.copies_denied);
    page.counter("denials_sent_total", "Copies denied because nobody was here.", m.denials_sent);
    page.counter(
        "answers_ignored_total",
        "Answers to copies that were over or never sent.",
        m.answers_ignored);
    page.counter(
        "acknowledges_ignored_total",
        "Acknowledgements of messages that were over or never sent.",
        m.acknowledges_ignored);
    page.counter(
        "sends_repeated_total", "Sends whose idempotency key was known.", m.sends_repeated);
    page.counter(
        "sends_refused_total",
        "Sends refused because too many wait for their result.",
        m.sends_refused);
    const mesh::FlowSizes sizes = mesh.flow_sizes();
    page.gauge("flows", "Users with messages on their way, or just now.", sizes.flows);
    page.gauge("held_messages", "Messages for users that have not ended.", sizes.messages);
    page.gauge("held_bytes", "Their names and bodies.", sizes.bytes);
    page.gauge("parked_messages", "Of these, messages that have nobody to go to.", sizes.parked);
    page.gauge("copies_in_flight", "Copies that are not answered.", sizes.copies);
    page.gauge("receipts", "Sends whose result is waited for.", sizes.receipts);
    page.gauge("idempotency_keys", "Keys of sends that are remembered.", sizes.idempotency_keys);
}

void loops_part(Page& page, const mesh::OtherLoops& loops, const OtherLoopsSeen& others) {
    page.gauge("loops", "Event loops, each a thread.", loops.size());
    page.gauge(
        "loops_stalled",
        "Loops besides the first that stand still: nothing was heard of them for two seconds.",
        others.stalled);
    page.counter("loop_stalls_total", "Times that a loop stood still.", others.stalls_seen);
    page.counter(
        "loop_copies_dropped_total",
        "Copies of messages that a loop had no room for, because it is far behind.",
        loops.dropped());
    page.head("loop_waiting_bytes", "Messages that a loop has not taken yet.", "gauge");
    for (std::size_t loop = 0; loop < loops.size(); ++loop)
        page.line(
            "loop_waiting_bytes",
            "{loop=\"" + std::to_string(loop) + "\"}",
            loops.waiting_bytes(loop));
}

void edge_part(Page& page, const LoopReport& loops) {
    const EdgeCounters& e = loops.edge;
    page.gauge("http_connections", "Open HTTP connections.", loops.http_connections);
    page.counter("connections_accepted_total", "TCP connections accepted.", e.accepted);
    page.counter("accept_errors_total", "Failed accepts.", e.accept_errors);
    page.counter(
        "clients_refused_full_total",
        "Clients turned away to keep descriptors for links and operators.",
        e.clients_refused_full);
    page.counter("accept_pauses_total", "Pauses for lack of descriptors.", e.accept_pauses);
    by_reason(
        page,
        "handshakes_refused_total",
        "Connections that got no further than their head.",
        std::array<Reason, 7>{
            {{"invalid_head", e.head_invalid},
             {"head_too_large", e.head_too_large},
             {"head_timeout", e.head_timeouts},
             {"head_abandoned", e.head_abandoned},
             {"invalid_handshake", e.handshake_invalid},
             {"websocket_version", e.handshake_version},
             {"refused", e.handshake_refused}}});
    page.counter("http_requests_total", "HTTP requests.", e.http_requests);
    page.counter(
        "http_errors_total",
        "HTTP requests answered with an error of the protocol.",
        e.http_errors);
    page.counter("http_timeouts_total", "HTTP connections that were too slow.", e.http_timeouts);
    page.counter(
        "websocket_opened_total", "WebSocket connections opened, links included.", e.opened);
    page.counter("websocket_closed_total", "WebSocket connections closed.", e.closed);
    page.counter("dials_total", "Connections dialled.", e.dials);
    page.counter("dials_failed_total", "Dials that failed.", e.dials_failed);
    page.counter("slow_closed_total", "Slow connections closed with a code.", e.slow_closed);
    page.counter(
        "resets_total", "Connections reset because a close code could not be delivered.", e.resets);
    page.counter("oversize_total", "Messages over the limit.", e.oversize);
    page.counter(
        "protocol_errors_total", "Violations of the WebSocket protocol.", e.protocol_errors);
    page.counter("websocket_messages_in_total", "WebSocket messages received.", e.messages_in);
    page.counter("websocket_messages_out_total", "WebSocket messages sent.", e.messages_out);
    page.counter("websocket_bytes_in_total", "Bytes received in WebSocket frames.", e.bytes_in);
    page.counter("websocket_bytes_out_total", "Bytes sent in WebSocket frames.", e.bytes_out);
    page.counter("writes_total", "System calls that wrote.", e.writes);
    page.counter("writes_full_total", "Times that the kernel had no room.", e.writes_full);
}

}  // namespace

std::string metrics_text(
    const mesh::Driver& driver,
    const LoopReport& loops,
    const OtherLoopsSeen& others,
    mesh::Now now) {
    Page page;
    sessions_part(page, loops);
    mesh_part(page, driver, now);
    flows_part(page, driver.mesh());
    loops_part(page, driver.other_loops(), others);
    edge_part(page, loops);
    return page.take();
}

}  // namespace grapevine::node
