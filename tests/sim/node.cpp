#include "tests/sim/node.hpp"

#include "proto/check.hpp"
#include "proto/hash.hpp"
#include "proto/limits.hpp"
#include "tests/sim/event_text.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::sim {

namespace {

/// 2025-01-01, where all wall clocks start.
constexpr Duration wall_start = std::chrono::seconds{1'735'689'600};
constexpr const char* mesh_port = ":7000";
constexpr const char* json_port = ":8000";
constexpr const char* protobuf_port = ":8001";
/// As node/resolver.cpp does.
constexpr Duration resolver_gives_up_after = 8s;
/// A machine that wants to be woken at once again and again would burn a whole core.
constexpr std::uint64_t idle_turns_max = 8;
/// Tables are looked at when something may have changed them, and now and then to see that nothing
/// else did.
constexpr std::uint64_t full_look_every = 16;
constexpr std::uint64_t invariants_every = 4;

/// The length is told in 1, 3 or 9 bytes; who dialled also tells a mask (RFC 6455, 5.2).
std::size_t frame_head_bytes(std::size_t payload, bool is_masked) {
    const std::size_t length = payload < 126 ? 1 : payload < 65'536 ? 3 : 9;
    return 1 + length + (is_masked ? 4 : 0);
}

}  // namespace

Node::Node(Stage& stage, NodeOptions options, std::string ip)
    : stage_(stage),
      options_(std::move(options)),
      host_(stage.network.add_host(*this, std::move(ip))),
      rng_(stage.rng.fork()) {}

proto::NodeId Node::id() const {
    return proto::node_id_of(proto::HashKey::of_cluster(options_.mesh.cluster), options_.mesh.name);
}

std::string Node::mesh_address() const {
    return stage_.network.ip_of(host_) + mesh_port;
}

std::string Node::client_address(proto::Encoding encoding) const {
    return stage_.network.ip_of(host_) +
           (encoding == proto::Encoding::json ? json_port : protobuf_port);
}

const mesh::Mesh& Node::mesh() const {
    proto::check(is_running(), "the node runs");
    return process_->driver.mesh();
}

const mesh::Sessions& Node::sessions() const {
    proto::check(is_running(), "the node runs");
    return process_->driver.sessions();
}

const mesh::OtherLoops& Node::other_loops() const {
    proto::check(is_running(), "the node runs");
    return process_->driver.other_loops();
}

std::size_t Node::session_count() const {
    proto::check(is_running(), "the node runs");
    return process_->loops->session_count();
}

std::optional<proto::MemberState> Node::state_of(const Node& other) const {
    for (const mesh::MemberView& member : mesh().members())
        if (member.node == other.id()) return member.state;
    return std::nullopt;
}

std::optional<Socket> Node::socket_of(mesh::LinkId link) const {
    if (!is_running()) return std::nullopt;
    const auto found = process_->links.find(link);
    return found != process_->links.end() ? std::optional{found->second} : std::nullopt;
}

mesh::Now Node::now() const {
    const Instant time = stage_.clock.time();
    return mesh::Now{
        .steady = time + process_->steady_offset,
        .wall = mesh::WallTime{wall_start + options_.wall_offset + time.time_since_epoch()}};
}

// ---- life

void Node::start() {
    proto::check(!is_running(), "a node is started when it does not run");
    mesh::MeshConfig config = options_.mesh;
    config.boot = proto::Boot{rng_.next()};
    config.entropy = std::to_string(rng_.next());
    config.rng_seed = rng_.next();
    mesh::SessionsConfig sessions = options_.sessions;
    sessions.node_name = config.name;
    sessions.hash_key = proto::HashKey::of_cluster(config.cluster);
    const Duration offset{static_cast<Duration::rep>(rng_.below(3'600'000'000))};
    const mesh::Now start{
        .steady = stage_.clock.time() + offset,
        .wall = mesh::WallTime{
            wall_start + options_.wall_offset + stage_.clock.time().time_since_epoch()}};

    stage_.network.host_back(host_);
    stage_.network.set_paused(host_, false);
    process_ = std::make_unique<Process>(
        ProcessKey{++stage_.processes}, config, sessions, offset, start, options_.loops);
    process_->loops.emplace(
        stage_.clock,
        process_->driver,
        config.rng_seed,
        options_.loop_crossing_most,
        [this, key = process_->key](Loops::Fact fact) {
            if (process() == key) post(std::move(fact));
        });
    last_exit_ = Exit::running;
    events_.clear();
    stage_.network.listen(host_, mesh_address());
    stage_.network.listen(host_, client_address(proto::Encoding::json));
    stage_.network.listen(host_, client_address(proto::Encoding::protobuf));
    stage_.trace.say(name(), Line{"started"}.add("process", process_->key.value));
    stage_.checkers.see(ProcessStarted{
        .process = process_->key,
        .node = name(),
        .id = id(),
        .shows_those_who_left = options_.mesh.leave_linger > Duration{}});
    schedule_turn();
}

void Node::move_to(const std::string& ip) {
    proto::check(!is_running(), "a node is moved when it does not run");
    stage_.network.move(host_, ip);
    options_.mesh.advertise = mesh_address();
}

void Node::crash() {
    if (!is_running()) return;
    stage_.network.process_gone(host_);
    end(Exit::crashed);
}

void Node::lose_host() {
    if (!is_running()) return;
    stage_.network.host_lost(host_);
    end(Exit::crashed);
}

void Node::end(Exit how) {
    static constexpr const char* names[] = {
        "running", "never_started", "crashed", "left", "stopped"};
    stage_.trace.say(name(), Line{"ended"}.add("how", names[static_cast<std::size_t>(how)]));
    stage_.checkers.see(ProcessEnded{.process = process_->key});
    stage_.network.stop_listening(host_);
    process_.reset();
    last_exit_ = how;
}

void Node::pause() {
    if (!is_running()) return;
    stage_.trace.say(name(), Line{"paused"});
    if (!process_->paused)
        stage_.checkers.see(ProcessPaused{.process = process_->key, .at = stage_.clock.time()});
    stage_.network.set_paused(host_, true);
    process_->paused = true;
}

void Node::resume() {
    if (!is_paused()) return;
    stage_.trace.say(name(), Line{"resumed"});
    stage_.checkers.see(ProcessResumed{.process = process_->key, .at = stage_.clock.time()});
    process_->paused = false;
    stage_.network.set_paused(host_, false);
    schedule_turn();
}

void Node::leave() {
    if (!is_running()) return;
    post([this](mesh::Now time) {
        stage_.checkers.see(ProcessLeaves{.process = process_->key});
        process_->driver.leave(time);
    });
}

void Node::stall_loop(std::size_t loop, Duration span) {
    if (!is_running()) return;
    stage_.trace.say(name(), Line{"stalled"}.add("loop", loop));
    process_->loops->stall(loop, stage_.clock.time() + span);
}

proto::SessionId Node::enter(const std::string& user) {
    if (!is_running()) return {};
    const proto::SessionId visitor = new_session();
    post([this, user, visitor](mesh::Now time) {
        process_->loops->on(
            mesh::SessionOpened{
                .session = visitor,
                .encoding = proto::Encoding::json,
                .client = {rng_.next(), rng_.next()}},
            time);
        const std::string connect = R"({"id":1,"connect":{"data":{"user":")" + user + R"("}}})";
        process_->loops->on(mesh::SessionReceived{.session = visitor, .text = connect}, time);
    });
    return visitor;
}

void Node::go(proto::SessionId visitor) {
    post([this, visitor](mesh::Now time) {
        process_->free_slots.push_back(static_cast<std::uint32_t>(visitor.value));
        process_->loops->on(mesh::SessionClosed{.session = visitor}, time);
    });
}

std::string Node::new_payload(const std::string& channel) {
    return R"({"seq":)" + std::to_string(++stage_.sayings) + R"(,"from":"api )" + name() +
           R"(","to":")" + channel + "\"}";
}

std::string Node::publish(const std::string& channel) {
    const std::string payload = new_payload(channel);
    stage_.checkers.see(Said{.by = {.process = process()}, .channel = channel, .payload = payload});
    post([this, channel, payload](mesh::Now time) {
        const proto::Target target = channel == "$system"       ? proto::Target::everybody
                                     : channel.starts_with('#') ? proto::Target::user
                                                                : proto::Target::channel;
        const std::string_view named = target == proto::Target::user
                                           ? std::string_view{channel}.substr(1)
                                           : std::string_view{channel};
        process_->driver.publish(target, named, proto::PayloadKind::json, payload, time);
    });
    return payload;
}

std::string Node::send(const SendOrder& order) {
    if (!is_running()) return {};
    const std::string payload = new_payload("#" + order.to.front());
    const Speaker by{.process = process()};
    stage_.checkers.see(SendAsked{.by = by, .payload = payload, .order = order});
    for (const std::string& user : order.to)
        stage_.checkers.see(Said{
            .by = by,
            .channel = "#" + user,
            .payload = payload,
            .at_least_once = order.at_least_once});
    const std::uint64_t request = ++process_->api_requests;
    process_->api_sends[request] = payload;
    post([this, order, payload, request](mesh::Now time) {
        stage_.checkers.see(SendTaken{
            .process = process_->key,
            .session = {},
            .request = request,
            .within = answer_within(order.wait, order.at_least_once),
            .at = stage_.clock.time()});
        process_->driver.send(
            mesh::SendToUsers{
                .asker = {.session = {}, .command_id = 0, .request = request},
                .wait = order.wait,
                .at_least_once = order.at_least_once,
                .users = order.to,
                .data = payload,
                .user = {},
                .client = {},
                .idempotency_key = order.idempotency_key},
            time);
    });
    return payload;
}

Duration Node::answer_within(Wait wait, bool at_least_once) const {
    const mesh::MeshConfig& config = mesh().config();
    return at_least_once || wait == Wait::client ? config.acknowledge_within
                                                 : config.deliver_within;
}

const SendResult* Node::result_of(const std::string& payload) const {
    const auto found = api_results_.find(payload);
    return found != api_results_.end() ? &found->second : nullptr;
}

// ---- facts from the network

void Node::post(Fact fact) {
    if (!is_running()) return;
    process_->inbox.push_back(std::move(fact));
    schedule_turn();
}

proto::SessionId Node::new_session() {
    std::uint32_t slot = static_cast<std::uint32_t>(process_->generations.size());
    if (process_->free_slots.empty()) {
        process_->generations.push_back(0);
    } else {
        slot = process_->free_slots.back();
        process_->free_slots.pop_back();
    }
    const std::uint64_t generation = ++process_->generations[slot] & 0xffffff;
    const std::uint64_t loop = process_->loops->place();
    return proto::SessionId{loop << 56 | generation << 32 | slot};
}

void Node::accepted(Socket socket, std::string_view listener, std::string peer) {
    if (!is_running()) return;
    const bool is_link = listener.ends_with(mesh_port);
    const proto::Encoding encoding =
        listener.ends_with(protobuf_port) ? proto::Encoding::protobuf : proto::Encoding::json;
    post([this, socket, is_link, encoding, peer = std::move(peer)](mesh::Now time) {
        Wire& wire = process_->wires[socket];
        wire.is_link = is_link;
        wire.address = peer;
        if (is_link) {
            wire.link = mesh::LinkId{mesh::accepted_link_bit | ++process_->links_accepted};
            process_->links[wire.link] = socket;
            mesh::LinkOpened opened_link{.link = wire.link, .address = peer, .nonce = {}};
            for (char& byte : opened_link.nonce)
                byte = static_cast<char>(rng_.below(256));
            process_->driver.on(opened_link, time);
        } else {
            wire.session = new_session();
            process_->sessions[wire.session] = socket;
            const auto caller = stage_.callers.find(socket.connection);
            process_->callers[wire.session] = {
                .key = caller != stage_.callers.end() ? caller->second : SessionKey{},
                .encoding = encoding,
                .socket = socket};
            process_->loops->on(
                mesh::SessionOpened{
                    .session = wire.session,
                    .encoding = encoding,
                    .client = {rng_.next(), rng_.next()}},
                time);
        }
    });
}

void Node::opened(Socket socket) {
    post([this, socket](mesh::Now time) {
        const auto wire = process_->wires.find(socket);
        if (wire == process_->wires.end()) return;
        mesh::LinkOpened opened_link{
            .link = wire->second.link, .address = wire->second.address, .nonce = {}};
        for (char& byte : opened_link.nonce)
            byte = static_cast<char>(rng_.below(256));
        process_->driver.on(opened_link, time);
    });
}

void Node::dial_failed(Socket socket, mesh::DialFailure why) {
    post([this, socket, why](mesh::Now time) {
        const auto wire = process_->wires.find(socket);
        if (wire == process_->wires.end()) return;
        const mesh::LinkId link = wire->second.link;
        forget(socket);
        process_->driver.on(mesh::DialFailed{.link = link, .why = why}, time);
    });
}

void Node::received(Socket socket, const proto::Bytes& message) {
    post([this, socket, message](mesh::Now time) {
        const auto wire = process_->wires.find(socket);
        if (wire == process_->wires.end()) return;
        if (stage_.is_watched) stage_.trace.mix(message.view());
        take_message(wire->second, socket, message, time);
    });
}

void Node::take_message(
    const Wire& wire, Socket socket, const proto::Bytes& message, mesh::Now time) {
    const std::size_t most = !wire.is_link  ? proto::limits::client_message_bytes
                             : wire.trusted ? proto::limits::mesh_message_bytes
                                            : proto::limits::mesh_handshake_bytes;
    if (message.size() > most) {
        if (wire.is_link && !stage_.hostile.contains(stage_.network.peer_of(socket)))
            stage_.verdict.violated(
                "MessageLimit",
                "a node sent " + std::to_string(message.size()) + " bytes to " + name() +
                    " where " + std::to_string(most) + " are allowed");
        stage_.network.close(socket, static_cast<std::uint16_t>(proto::CloseCode::bad_request));
    } else if (wire.is_link) {
        process_->driver.on(mesh::LinkReceived{.link = wire.link, .message = message.view()}, time);
    } else {
        observe_commands(wire.session, message.view());
        process_->loops->on(
            mesh::SessionReceived{.session = wire.session, .text = message.view()}, time);
    }
}

void Node::drained(Socket socket, std::size_t bytes) {
    post([this, socket, bytes](mesh::Now time) {
        const auto found = process_->wires.find(socket);
        if (found == process_->wires.end()) return;
        Wire& wire = found->second;
        wire.flight_bytes -= std::min(wire.flight_bytes, bytes);
        if (wire.is_link)
            process_->driver.on(mesh::LinkDrained{.link = wire.link, .bytes = bytes}, time);
        else
            process_->loops->on(
                mesh::SessionDrained{.session = wire.session, .bytes = bytes}, time);
    });
}

void Node::closed(Socket socket, std::uint16_t) {
    post([this, socket](mesh::Now time) {
        const auto found = process_->wires.find(socket);
        if (found == process_->wires.end()) return;
        const Wire wire = found->second;
        forget(socket);
        if (wire.is_link) return process_->driver.on(mesh::LinkClosed{.link = wire.link}, time);
        stage_.checkers.see(
            SessionLost{.process = process_->key, .session = process_->callers[wire.session].key});
        process_->loops->on(mesh::SessionClosed{.session = wire.session}, time);
    });
}

void Node::forget(Socket socket) {
    const Wire& wire = process_->wires.at(socket);
    process_->links.erase(wire.link);
    if (!wire.is_link) {
        process_->sessions.erase(wire.session);
        process_->free_slots.push_back(static_cast<std::uint32_t>(wire.session.value));
    }
    process_->wires.erase(socket);
}

// ---- turns

void Node::schedule_turn() {
    if (process_->turn_scheduled || process_->paused) return;
    process_->turn_scheduled = true;
    const Duration least = options_.turn_delay_least;
    const auto range = static_cast<std::uint64_t>((options_.turn_delay_most - least).count());
    const Duration late = least + Duration{static_cast<Duration::rep>(rng_.below(range + 2))};
    stage_.clock.in(late, [this, key = process_->key] {
        if (process() != key) return;
        process_->turn_scheduled = false;
        if (!process_->paused) turn();
    });
}

/// What one turn of the real loop does: sockets first, then timers, then what the machines want.
void Node::turn() {
    const mesh::Now time = now();
    mesh::Driver& driver = process_->driver;
    std::deque<Fact> facts = std::exchange(process_->inbox, {});
    for (const Fact& fact : facts) {
        fact(time);
        observe();
    }
    if (next_deadline() <= time.steady) {
        process_->loops->time_reached(time);
        driver.time_reached(time);
        ++process_->ticks;
        observe();
    }
    driver.end_turn(time);
    if (driver.edge().has_left) process_->loops->shut_down(time);
    process_->loops->end_turn();
    observe();
    if (++process_->turns % full_look_every == 0) {
        process_->seen_progress = 0;
        observe();
    }
    process_->idle_turns =
        facts.empty() && next_deadline() <= time.steady ? process_->idle_turns + 1 : 0;
    if (process_->idle_turns > idle_turns_max)
        stage_.verdict.violated("Progress", name() + " asks to be woken at once, again and again");
    stage_.trace.mix(host_.value);
    stage_.trace.mix(static_cast<std::uint64_t>(stage_.clock.time().time_since_epoch().count()));
    carry_out(driver.edge());
    if (!is_running()) return;
    if (stage_.is_watched) observe_queues();
    if (stage_.turn_ended) stage_.turn_ended(*this);
    schedule_wake();
}

void Node::carry_out(mesh::Edge& edge) {
    for (const mesh::Dial& dial : edge.dials) {
        const Socket socket = stage_.network.dial(host_, dial.address);
        process_->wires[socket] = Wire{
            .is_link = true,
            .link = dial.link,
            .session = {},
            .trusted = false,
            .flight_bytes = 0,
            .address = dial.address};
        process_->links[dial.link] = socket;
    }
    for (const mesh::Resolve& resolve : edge.resolves) {
        const mesh::Resolved answer = stage_.names.ask(name(), resolve.seed, stage_.clock.time());
        const Duration takes =
            answer.whole ? Duration{static_cast<Duration::rep>(1'000 + rng_.below(20'000))}
                         : resolver_gives_up_after;
        stage_.clock.in(takes, [this, key = process_->key, answer] {
            if (process() != key) return;
            post([this, answer](mesh::Now time) { process_->driver.on(answer, time); });
        });
    }
    for (const mesh::SendFrame& send : edge.link_sends)
        if (const auto socket = process_->links.find(send.link); socket != process_->links.end()) {
            process_->wires[socket->second].flight_bytes += send.message.size();
            const bool is_masked = socket->second.side == Side::dialer;
            ++link_traffic_.messages;
            link_traffic_.bytes +=
                send.message.size() + frame_head_bytes(send.message.size(), is_masked);
            stage_.network.send(socket->second, send.message);
        }
    if (stage_.is_watched) observe_session_sends(edge);
    for (const mesh::SendToSession& send : edge.session_sends)
        stage_.network.send(process_->callers[send.session].socket, send.message);
    for (const mesh::TrustLink& trust : edge.link_trusts)
        if (const auto socket = process_->links.find(trust.link); socket != process_->links.end())
            process_->wires[socket->second].trusted = true;
    for (const mesh::CloseLink& close : edge.link_closes)
        if (const auto socket = process_->links.find(close.link); socket != process_->links.end())
            stage_.network.close(socket->second);
    for (const mesh::CloseSession& close : edge.session_closes) {
        stage_.checkers.see(
            SessionLost{.process = process_->key, .session = process_->callers[close.session].key});
        if (const auto socket = process_->sessions.find(close.session);
            socket != process_->sessions.end())
            stage_.network.close(socket->second, static_cast<std::uint16_t>(close.code));
    }
    for (const PresenceTold& told : std::exchange(process_->presence_told, {}))
        stage_.checkers.see(told);
    for (const mesh::Answer& answer : edge.api_answers)
        take_api_answer(answer);
    for (const mesh::Event& event : edge.events) {
        stage_.trace.say(name(), line_of(event));
        stage_.checkers.see(MeshTold{.process = process_->key, .event = event});
        if (const auto* diverged = std::get_if<mesh::Diverged>(&event);
            diverged != nullptr && !stage_.liars.contains(diverged->node))
            stage_.verdict.violated(
                "NoDivergence", name() + " found a replica that differs from its origin");
        ++process_->events_told;
        events_.push_back(event);
    }
    const bool has_left = edge.has_left;
    const bool must_stop = edge.must_stop;
    edge.clear();
    if (!has_left && !must_stop) return;
    const auto wires = process_->wires;
    for (const auto& [socket, wire] : wires)
        stage_.network.close(socket);
    end(must_stop ? Exit::stopped : Exit::left);
}

Instant Node::next_deadline() const {
    return std::min(process_->driver.next_deadline(), process_->loops->next_deadline());
}

void Node::schedule_wake() {
    const Instant deadline = next_deadline();
    if (deadline == mesh::never) return;
    const Instant wake = std::max(deadline - process_->steady_offset, stage_.clock.time());
    if (process_->wake_at <= wake && process_->wake_at > stage_.clock.time()) return;
    process_->wake_at = wake;
    stage_.clock.at(wake, [this, wake, key = process_->key] {
        if (process() != key || process_->wake_at != wake) return;
        process_->wake_at = mesh::never;
        schedule_turn();
    });
}

// ---- observing

/// A sum that grows whenever the tables or what is visible may have changed.
std::uint64_t Node::progress() const {
    const mesh::MeshCounters& mesh = process_->driver.mesh().counters();
    return 1 + mesh.deltas_applied + mesh.changes_applied + mesh.snapshots_applied +
           mesh.divergences + mesh.downs + mesh.suspicions + process_->loops->progress() +
           process_->driver.edge().events.size() + process_->events_told + process_->ticks;
}

void Node::observe() {
    if (!stage_.is_watched) return;
    const std::uint64_t now_at = progress();
    if (now_at == process_->seen_progress) return;
    process_->seen_progress = now_at;
    if (++process_->looks % invariants_every == 0) {
        process_->driver.mesh().check_invariants();
        process_->loops->check_invariants();
    }
    ReplicasSeen seen{
        .process = process_->key, .self = id(), .replicas = process_->driver.mesh().replicas()};
    if (!stage_.liars.empty())
        std::erase_if(seen.replicas, [this](const auto& replica) {
            return stage_.liars.contains(replica.first);
        });
    stage_.checkers.see(seen);
    observe_questions();
}

/// What the table says only for a moment need not be asked about.
void Node::observe_questions() {
    for (auto& [command, asked] : process_->asked) {
        if (asked.shown.empty()) continue;
        const std::set<proto::NodeId> shown = nodes_with(asked.channel);
        std::erase_if(asked.shown, [&](proto::NodeId node) { return !shown.contains(node); });
    }
}

std::set<proto::NodeId> Node::nodes_with(const std::string& channel) const {
    const std::uint64_t key = proto::channel_key_of(mesh().hash_key(), channel).value;
    std::set<proto::NodeId> nodes;
    std::set<proto::NodeId> left;  // shown for a while, but nobody is there
    for (const mesh::MemberView& member : mesh().members())
        if (member.state == proto::MemberState::left) left.insert(member.node);
    for (const mesh::Mesh::Entry& entry : mesh().visible_entries())
        if (entry.kind == proto::TableKind::channels && entry.key == key &&
            !left.contains(entry.node))
            nodes.insert(entry.node);
    return nodes;
}

/// Sends, and what is about who is subscribed, among what a session says.
void Node::observe_commands(proto::SessionId session, std::string_view message) {
    if (!stage_.is_watched) return;
    const Caller& caller = process_->callers[session];
    proto::CommandReader reader{stage_.scratch, caller.encoding, message};
    proto::Command command;
    while (reader.next(command) == proto::CommandReader::Step::command) {
        const bool is_question = command.kind == proto::CommandKind::presence ||
                                 command.kind == proto::CommandKind::presence_stats;
        const std::string channel{command.channel};
        if (is_question || command.kind == proto::CommandKind::subscribe ||
            command.kind == proto::CommandKind::unsubscribe)
            process_->asked[{session, command.id}] = {.kind = command.kind, .channel = channel};
        if (is_question) {
            process_->asked[{session, command.id}].shown = nodes_with(channel);
            stage_.checkers.see(PresenceTaken{
                .process = process_->key,
                .session = caller.key,
                .command = command.id,
                .channel = channel,
                .shown = process_->asked[{session, command.id}].shown});
        }
        if (command.kind == proto::CommandKind::rpc && command.method == "send")
            stage_.checkers.see(SendTaken{
                .process = process_->key,
                .session = caller.key,
                .request = command.id,
                .within = answer_within(wait_in(command.data), is_at_least_once(command.data)),
                .at = stage_.clock.time()});
    }
}

/// Of a question that is about a channel.
void Node::observe_answer(proto::SessionId session, const proto::Reply& reply) {
    const auto found = process_->asked.find({session, reply.id});
    if (found == process_->asked.end()) return;
    const Process::Asked asked = found->second;
    process_->asked.erase(found);
    const SessionKey key = process_->callers[session].key;
    switch (reply.kind) {
    case proto::Reply::Kind::subscribe:
    case proto::Reply::Kind::unsubscribe:
        return stage_.checkers.see(SubscribedAt{
            .process = process_->key,
            .session = key,
            .channel = asked.channel,
            .is_on = asked.kind == proto::CommandKind::subscribe});
    case proto::Reply::Kind::presence:
    case proto::Reply::Kind::presence_stats: break;
    default: return;
    }
    PresenceTold told{
        .process = process_->key,
        .session = key,
        .command = reply.id,
        .is_count = reply.kind == proto::Reply::Kind::presence_stats,
        .clients = {},
        .count = reply.presence_stats.clients,
        .is_incomplete = reply.incomplete,
        .shown = asked.shown};
    for (const proto::ClientInfo& one : reply.presence)
        told.clients.emplace_back(one.client, one.user);
    process_->presence_told.push_back(std::move(told));
}

/// What sessions are really handed, whatever counters say of it.
void Node::observe_session_sends(const mesh::Edge& edge) {
    for (const mesh::SendToSession& send : edge.session_sends) {
        const Caller& caller = process_->callers[send.session];
        proto::ReplyReader reader{stage_.scratch, caller.encoding, send.message.view()};
        proto::Reply reply;
        while (reader.next(reply) == proto::ReplyReader::Step::reply) {
            if (reply.id != 0) observe_answer(send.session, reply);
            if (reply.kind == proto::Reply::Kind::publication)
                stage_.checkers.see(Written{
                    .process = process_->key,
                    .session = caller.key,
                    .channel = std::string{reply.channel},
                    .payload = std::string{reply.publication.data}});
            else if (
                reply.kind == proto::Reply::Kind::rpc || reply.kind == proto::Reply::Kind::error)
                stage_.checkers.see(
                    Replied{.process = process_->key, .session = caller.key, .request = reply.id});
        }
    }
}

void Node::take_api_answer(const mesh::Answer& answer) {
    const std::uint64_t request = answer.asker.request;
    stage_.checkers.see(Replied{.process = process_->key, .session = {}, .request = request});
    stage_.trace.mix(answer.json.view());
    const auto asked = process_->api_sends.find(request);
    if (asked == process_->api_sends.end()) return;
    const std::string payload = asked->second;
    process_->api_sends.erase(asked);
    const auto error = static_cast<std::uint32_t>(answer.error);
    const auto result =
        error != 0 ? SendResult{.error = error} : read_send_result(answer.json.view());
    if (!result)
        return stage_.verdict.violated(
            "WellFormed", name() + " answers " + std::string{answer.json.view()});
    api_results_[payload] = *result;
    stage_.checkers.see(
        SendAnswered{.by = {.process = process_->key}, .payload = payload, .result = *result});
}

void Node::observe_queues() {
    QueuesSeen seen{
        .process = process_->key,
        .link_queued_bytes = 0,
        .link_flight_bytes = 0,
        .session_queued_bytes = 0,
        .links = process_->links.size(),
        .members = 0,
        .flows = process_->driver.mesh().flow_sizes(),
        .limits = process_->driver.mesh().config(),
        .session_limit_bytes = options_.sessions.queue_bytes_max};
    for (const auto& [socket, wire] : process_->wires) {
        seen.link_flight_bytes = std::max(seen.link_flight_bytes, wire.flight_bytes);
        if (wire.is_link)
            seen.link_queued_bytes =
                std::max(seen.link_queued_bytes, process_->driver.mesh().queued_bytes(wire.link));
        else
            seen.session_queued_bytes =
                std::max(seen.session_queued_bytes, process_->loops->queued_bytes(wire.session));
    }
    if (process_->turns % 32 == 0) seen.members = process_->driver.mesh().members().size();
    stage_.checkers.see(seen);
}

}  // namespace grapevine::sim
