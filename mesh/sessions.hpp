/// The client machine: every session of one loop, what it may do, what it is subscribed to, how
/// much is queued for it. Pure: facts and time in, intentions out. It never decides where a
/// publication goes (Mesh) and never touches a socket.
///
///           SessionOpened            connect accepted
///   (none) ───────────────▶ waiting ──────────────────▶ connected
///                              │ 10 s: 3502 stale           │ bad bytes 3501 · no pong 3012 · slow
///                              3008 │ other command: 3501        │ shutdown 3001 ▼ ▼
///                            closing ── SessionClosed ──▶ (none)
///
/// Asked for tokens (an Authenticator), it also closes who shows a bad one (3500), and who does not
/// show another in time (3005).
#pragma once

#include "mesh/authenticator.hpp"
#include "mesh/exchange.hpp"
#include "mesh/namespaces.hpp"
#include "mesh/now.hpp"
#include "proto/client_codec.hpp"
#include "proto/limits.hpp"

#include <array>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace grapevine::mesh {

struct SessionsConfig {
    std::string node_name;  ///< told to clients as `node`
    std::string version = "grapevine";
    proto::HashKey hash_key;
    Duration connect_within = 10s;  ///< else 3502
    Duration ping_every = 25s;  ///< whole seconds are told to the client
    Duration pong_within = 10s;  ///< after a ping, else 3012; shorter than ping_every
    std::size_t queue_bytes_max = proto::limits::session_queue_bytes;
    /// Of all sessions of this machine, as memory; Driver gives each loop an equal part. Who keeps
    /// up may have what one turn brings besides.
    std::size_t all_queues_bytes_max = proto::limits::all_session_queues_bytes;
    std::size_t channels_max = proto::limits::channels_per_session;
    ChannelRules rules;
    bool allow_anonymous = false;  ///< who shows no token is nobody in particular; else 3500
    /// So long after the end of a token its session or subscription is kept: SDKs get another when
    /// it ends, and their back end may be slow. Centrifugo's client_expired_close_delay.
    Duration refresh_within = 25s;
    bool tells_names = false;  ///< of users that come: MeshConfig::replicate_names
};

// ---- inputs: facts
struct SessionOpened {
    SessionId session;
    proto::Encoding encoding = proto::Encoding::json;
    std::array<std::uint64_t, 2> client{};  ///< 128 random bits from the system: the client id
};
/// One whole WebSocket message. `text` must be valid during the call only.
struct SessionReceived {
    SessionId session;
    std::string_view text;
};
struct SessionClosed {
    SessionId session;
};
/// Bytes of earlier sends that the kernel took.
struct SessionDrained {
    SessionId session;
    std::size_t bytes = 0;
};
/// The node goes away: every session is told so (3001) and new ones are closed at once.
struct ShutdownBegun {};
struct SessionsTimeReached {};

using SessionsInput = std::variant<
    SessionOpened,
    SessionReceived,
    SessionClosed,
    SessionDrained,
    Deliver,
    Joined,
    Answer,
    LoopQuery,
    Inquired,
    ShutdownBegun,
    SessionsTimeReached>;

// ---- actions: intentions
struct SendToSession {
    SessionId session;
    Bytes message;  ///< one WebSocket message, text or binary by the session's encoding
};
/// Close after what was sent before. For `slow` the edge may reset instead of waiting.
struct CloseSession {
    SessionId session;
    proto::CloseCode code{};
};

/// What one call, or several in a row, intend. The driver empties it.
struct SessionsOutput {
    std::vector<SendToSession> sends;
    std::vector<CloseSession> closes;
    std::vector<Publish> publishes;
    std::vector<LocalChange> changes;
    std::vector<SendToUsers> sends_to_users;
    std::vector<Acknowledge> acknowledges;
    std::vector<Delivered> delivered;
    std::vector<Question> questions;
    std::vector<PresenceSaid> presence;

    [[nodiscard]] bool is_empty() const {
        return sends.empty() && closes.empty() && publishes.empty() && changes.empty() &&
               sends_to_users.empty() && acknowledges.empty() && delivered.empty() &&
               questions.empty() && presence.empty();
    }
    void swap(SessionsOutput& other) noexcept {
        sends.swap(other.sends);
        closes.swap(other.closes);
        publishes.swap(other.publishes);
        changes.swap(other.changes);
        sends_to_users.swap(other.sends_to_users);
        acknowledges.swap(other.acknowledges);
        delivered.swap(other.delivered);
        questions.swap(other.questions);
        presence.swap(other.presence);
    }
    void clear() {
        sends.clear();
        closes.clear();
        publishes.clear();
        changes.clear();
        sends_to_users.clear();
        acknowledges.clear();
        delivered.clear();
        questions.clear();
        presence.clear();
    }
};

/// Things that happen too often for events. Every session counts in exactly one closed_*.
struct SessionsCounters {
    std::uint64_t opened = 0;
    std::uint64_t connected = 0;
    std::uint64_t commands = 0;
    std::uint64_t errors = 0;  ///< error replies
    std::uint64_t publishes = 0;
    std::uint64_t delivered = 0;  ///< messages handed to sessions
    std::uint64_t not_here = 0;  ///< deliveries for a user or channel without a session here
    std::uint64_t binary_skipped = 0;  ///< binary payloads not sent to JSON sessions
    std::uint64_t bodies_rejected = 0;  ///< deliveries whose body could not be read
    std::uint64_t closed_by_client = 0;
    std::uint64_t closed_bad_request = 0;
    std::uint64_t closed_stale = 0;
    std::uint64_t closed_no_pong = 0;
    std::uint64_t closed_slow = 0;
    std::uint64_t closed_shutdown = 0;
    std::uint64_t closed_invalid_token = 0;
    std::uint64_t closed_expired = 0;
    std::uint64_t subscriptions_expired = 0;
};

/// Not thread safe: one loop owns it. Nothing throws but std::bad_alloc.
class Sessions {
public:
    /// `authenticator`: null, and nobody is asked for a token; it must outlive the machine.
    explicit Sessions(SessionsConfig config, Authenticator* authenticator = nullptr);
    ~Sessions();
    Sessions(const Sessions&) = delete;
    Sessions& operator=(const Sessions&) = delete;

    /// Appends to `output`. An input about a session that is unknown or already closing is ignored:
    /// the edge and this machine learn of a close at different times.
    void handle(const SessionsInput& input, Now now, SessionsOutput& output);
    /// The hot ones without the variant.
    void on(const SessionReceived& received, Now now, SessionsOutput& output);
    void on(const Deliver& deliver, Now now, SessionsOutput& output);
    void on(const Joined& joined);
    void on(const SessionDrained& drained);

    /// When SessionsTimeReached is wanted next; `never` if not. Calling earlier or later is
    /// harmless.
    [[nodiscard]] Instant next_deadline() const;

    [[nodiscard]] const SessionsCounters& counters() const;
    [[nodiscard]] std::size_t session_count() const;  ///< open or connected, not closing
    [[nodiscard]] std::size_t queued_bytes(SessionId session) const;
    /// What all queues take as memory, where a message that many share counts once.
    [[nodiscard]] std::size_t all_queued_bytes() const;
    /// Own consistency, for tests: aborts through check() if something does not add up.
    void check_invariants() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace grapevine::mesh
