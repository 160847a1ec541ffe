#include "mesh/sessions.hpp"

#include "mesh/session_commands.hpp"
#include "mesh/session_delivery.hpp"
#include "mesh/session_presence.hpp"
#include "mesh/session_registry.hpp"
#include "mesh/session_timing.hpp"

#include <optional>
#include <utility>

namespace grapevine::mesh {

/// Dispatch only: every `on` hands the fact to the part that it concerns.
struct Sessions::Parts {
    Parts(SessionsConfig chosen, Authenticator* asked)
        : config(std::move(chosen)),
          authenticator(asked),
          namespaces(config.rules),
          registry(config),
          timing(config) {}

    const SessionsConfig config;
    Authenticator* const authenticator;
    const Namespaces namespaces;
    SessionRegistry registry;
    const SessionTiming timing;
    SessionDelivery delivery;
    proto::ClientScratch scratch;
    proto::JsonReader json;
    bool shutting_down = false;

    void on(const SessionOpened& opened, Now now, SessionsOutput& output) {
        Session& session = registry.open(opened);
        if (shutting_down) return registry.close(session, proto::CloseCode::shutdown, output);
        timing.opened(session, registry.deadlines(), now);
    }
    void on(const SessionReceived& received, Now now, SessionsOutput& output) {
        Session* const session = registry.find(received.session);
        if (session == nullptr) return;
        CommandDesk desk{config, namespaces, registry, timing, authenticator, json, output, now};
        proto::CommandReader reader{scratch, session->encoding, received.text};
        Replies replies;
        const std::optional<proto::CloseCode> ends = run_commands(desk, *session, reader, replies);
        if (replies.any() && !registry.reply(*session, replies.take(), output))
            return registry.close(*session, proto::CloseCode::slow, output);
        if (ends) registry.close(*session, *ends, output);
    }
    void on(const SessionClosed& closed, Now, SessionsOutput& output) {
        registry.closed(closed, output);
    }
    void on(const SessionDrained& drained, Now, SessionsOutput&) { registry.drained(drained); }
    void on(const Deliver& deliver, Now, SessionsOutput& output) {
        delivery.deliver(registry, deliver, output);
    }
    void on(const Answer& answer, Now, SessionsOutput& output) {
        Session* const session = registry.find(answer.asker.session);
        if (session == nullptr) return;
        Replies replies;
        const std::uint32_t id = answer.asker.command_id;
        if (answer.error != proto::ErrorCode{})
            proto::append_error(replies.text(), session->encoding, id, answer.error);
        else
            proto::append_rpc(replies.text(), session->encoding, id, answer.json.view());
        registry.reply_or_close(*session, replies.take(), output);
    }
    void on(const LoopQuery& query, Now, SessionsOutput& output) {
        find_present(registry, config.hash_key, query, output);
    }
    void on(const Inquired& inquired, Now, SessionsOutput& output) {
        tell_inquired(registry, inquired, output);
    }
    void on(const Joined& joined, Now, SessionsOutput&) { registry.joined(joined); }
    void on(const ShutdownBegun&, Now, SessionsOutput& output) {
        shutting_down = true;
        registry.for_each(
            [&](Session& session) { registry.close(session, proto::CloseCode::shutdown, output); });
    }
    void on(const SessionsTimeReached&, Now now, SessionsOutput& output) {
        timing.time_reached(registry, now, output);
    }
};

Sessions::Sessions(SessionsConfig config, Authenticator* authenticator)
    : parts_(std::make_unique<Parts>(std::move(config), authenticator)) {}
Sessions::~Sessions() = default;

void Sessions::handle(const SessionsInput& input, Now now, SessionsOutput& output) {
    std::visit([&](const auto& fact) { parts_->on(fact, now, output); }, input);
}
void Sessions::on(const SessionReceived& received, Now now, SessionsOutput& output) {
    parts_->on(received, now, output);
}
void Sessions::on(const Deliver& deliver, Now now, SessionsOutput& output) {
    parts_->on(deliver, now, output);
}
void Sessions::on(const Joined& joined) {
    parts_->registry.joined(joined);
}
void Sessions::on(const SessionDrained& drained) {
    parts_->registry.drained(drained);
}

Instant Sessions::next_deadline() const {
    return parts_->registry.deadlines().next();
}
const SessionsCounters& Sessions::counters() const {
    return parts_->registry.counters();
}
std::size_t Sessions::session_count() const {
    return parts_->registry.count();
}
std::size_t Sessions::all_queued_bytes() const {
    return parts_->registry.queued_bytes();
}

std::size_t Sessions::queued_bytes(SessionId session) const {
    const Session* const found = parts_->registry.find(session);
    return found != nullptr ? found->queued_bytes : 0;
}
void Sessions::check_invariants() const {
    parts_->registry.check_invariants();
}

}  // namespace grapevine::mesh
