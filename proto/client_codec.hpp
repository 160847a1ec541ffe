/// Reads and writes the client protocol in both encodings. Takes hostile bytes: bounded by
/// limits.hpp, nothing throws. One message holds several commands or replies: JSON objects
/// separated by newlines, or Protobuf messages each preceded by its varint length.
#pragma once

#include "proto/client_frames.hpp"
#include "proto/utf8.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace grapevine::proto {

/// Parser memory that is reused from message to message, so that steady traffic allocates nothing.
/// One per loop; not shared between threads.
class ClientScratch {
public:
    ClientScratch();
    ~ClientScratch();
    ClientScratch(const ClientScratch&) = delete;
    ClientScratch& operator=(const ClientScratch&) = delete;

    struct Parts;
    [[nodiscard]] Parts& parts() { return *parts_; }

private:
    std::unique_ptr<Parts> parts_;
};

/// Walks what one WebSocket message holds.
class CommandReader {
public:
    enum class Step : std::uint8_t { command, end, malformed };

    CommandReader(ClientScratch& scratch, Encoding encoding, std::string_view message);
    Step next(Command& command);

private:
    ClientScratch& scratch_;
    Encoding encoding_;
    std::string_view rest_;
    std::size_t commands_ = 0;
};

/// The same for the other direction: `grapevine chat`, the load generator and simulated clients.
class ReplyReader {
public:
    enum class Step : std::uint8_t { reply, end, malformed };

    ReplyReader(ClientScratch& scratch, Encoding encoding, std::string_view message);
    Step next(Reply& reply);

private:
    ClientScratch& scratch_;
    Encoding encoding_;
    std::string_view rest_;
};

// ---- node to client. Each call appends one reply or push to `out`, with whatever separates it
// from those before.
void append_error(std::string& out, Encoding encoding, std::uint32_t id, ErrorCode code);
void append_connect(
    std::string& out, Encoding encoding, std::uint32_t id, const ConnectResult& result);
void append_subscribe(
    std::string& out, Encoding encoding, std::uint32_t id, const SubscribeResult& result);
void append_refresh(
    std::string& out, Encoding encoding, std::uint32_t id, const RefreshResult& result);
void append_sub_refresh(std::string& out, Encoding encoding, std::uint32_t id, std::uint32_t ttl_s);
/// The empty result of subscribe, unsubscribe, publish or ping.
void append_done(std::string& out, Encoding encoding, std::uint32_t id, CommandKind kind);
/// `data` must be valid JSON without raw newlines.
void append_rpc(std::string& out, Encoding encoding, std::uint32_t id, std::string_view data);
/// `entries` as append_present_client() wrote them, of any number of nodes; else it is left out.
void append_presence(
    std::string& out,
    Encoding encoding,
    std::uint32_t id,
    std::string_view entries,
    bool is_incomplete);
void append_presence_stats(
    std::string& out,
    Encoding encoding,
    std::uint32_t id,
    const PresenceStats& stats,
    bool is_incomplete);
/// The results of these two alone, as the HTTP API tells them.
void append_presence_result(std::string& out, std::string_view entries, bool is_incomplete);
void append_presence_stats_result(std::string& out, const PresenceStats& stats, bool is_incomplete);
/// A publication push. `body` is an encoded publication as a Forward carries it: for Protobuf it is
/// wrapped as it is, for JSON it is rewritten. False, and nothing appended, if the body is
/// malformed, or if a binary payload is to be written as JSON.
bool append_push(
    std::string& out,
    Encoding encoding,
    std::string_view channel,
    PayloadKind kind,
    std::string_view body);
void append_unsubscribe(
    std::string& out, Encoding encoding, std::string_view channel, UnsubscribeCode code);
/// The same of somebody who comes or goes, as append_coming() wrote it.
bool append_coming_push(
    std::string& out, Encoding encoding, std::string_view channel, std::string_view body);
void append_disconnect(std::string& out, Encoding encoding, CloseCode code);
void append_ping(std::string& out, Encoding encoding);
/// Replies and pushes that are written already, not none.
void append_messages(std::string& out, Encoding encoding, std::string_view messages);
/// What separates one from those before takes.
inline constexpr std::size_t separator_bytes_max = 1;

// ---- the body of a publication, the same on every link and for every subscriber
void append_publication(std::string& out, const Publication& publication);
std::optional<Publication> read_publication(std::string_view body);

// ---- who comes and goes, likewise: the one field of a client.wire.Push that says so
void append_coming(std::string& out, const Coming& coming);
std::optional<Coming> read_coming(std::string_view body);

// ---- who is present, the same on every link and for every subscriber: one after the other they
// are a client.wire.PresenceResult
void append_present_client(std::string& out, const ClientInfo& info);
/// Calls visit(ClientInfo) for each. False if it is malformed; some may have been visited then.
template <class Visit>
bool for_each_present_client(std::string_view entries, Visit visit);
/// The first of them, which is taken off. False if they are malformed.
[[nodiscard]] bool take_present_client(std::string_view& entries, ClientInfo& info);

template <class Visit>
bool for_each_present_client(std::string_view entries, Visit visit) {
    ClientInfo info;
    while (!entries.empty()) {
        if (!take_present_client(entries, info)) return false;
        visit(info);
    }
    return true;
}

// ---- client to node. Only the fields of the command's kind are written.
void append_command(std::string& out, Encoding encoding, const Command& command);

// ---- payloads
/// Whether `text` is one valid JSON value, nested at most limits::json_depth deep. `out` gets the
/// value: a part of `text`, unless there are raw newlines between its tokens (inside strings JSON
/// forbids them) or halves of surrogate pairs. Those newlines are dropped and the halves become
/// U+FFFD, in the scratch: that view is valid until the scratch is used again.
bool normalise_json(ClientScratch& scratch, std::string_view text, std::string_view& out);
/// Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace grapevine::proto
