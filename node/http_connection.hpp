/// HTTP/1.1 for people and programs: requests in, answers out, on either listener.
#pragma once

#include "node/edge_counters.hpp"
#include "node/http_head.hpp"
#include "node/loop.hpp"
#include "node/stream.hpp"
#include "proto/ids.hpp"
#include "proto/limits.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::node {

class HttpReader;

/// Names one request on one loop. An answer to a request whose client has left is ignored.
using RequestId = proto::Id<struct RequestIdTag>;

/// Valid during the call that brings it.
struct Request {
    const HttpHead& head;
    std::string_view body;
    std::string_view remote;
};

struct Response {
    int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};
    /// Whether the connection ends with this answer.
    bool close = false;
};

/// Who answers requests.
class HttpService {
public:
    virtual ~HttpService() = default;
    /// A complete request. Answer now or later, with HttpConnections::answer or ::begin_stream;
    /// each request once.
    virtual void requested(RequestId id, const Request& request) = 0;
    /// The client left before its answer, or during its stream, was complete. Nothing follows for
    /// this id.
    virtual void abandoned(RequestId) {}
};

/// Who takes connections on which a WebSocket is asked for, also after other requests.
class Upgrader {
public:
    virtual ~Upgrader() = default;
    /// `head` is valid during the call; `received` came behind it.
    virtual void upgrade(Stream stream, const HttpHead& head, std::string_view received) = 0;
};

/// Larger waits serve slower clients and hold descriptors longer.
struct HttpOptions {
    /// Between two requests.
    Duration idle = std::chrono::seconds{60};
    /// From the first byte of a head to its last.
    Duration head = std::chrono::seconds{5};
    /// From the end of the head to the end of the body, and for a client to take any part of an
    /// answer.
    Duration body = std::chrono::seconds{30};
    std::size_t body_bytes_max = proto::limits::http_body_bytes;
};

/// All HTTP connections of one loop. One request of a connection is answered at a time, in order;
/// keep-alive, pipelining, chunked bodies, HEAD and `Expect: 100-continue` are its business, what
/// the answers say is the service's.
class HttpConnections {
public:
    HttpConnections(Loop& loop, EdgeCounters& counters, HttpOptions options = {});
    ~HttpConnections();
    HttpConnections(const HttpConnections&) = delete;
    HttpConnections& operator=(const HttpConnections&) = delete;

    /// Takes over from the front: a connection whose first head has been read, and the bytes that
    /// came after it.
    void adopt(
        Stream stream,
        std::unique_ptr<HttpReader> reader,
        std::string_view received,
        HttpService& service,
        Upgrader& upgrader);

    /// Whether the client was still there.
    bool answer(RequestId id, const Response& response);

    /// For answers without a known end (server-sent events): `response.body` is the first part,
    /// more follow. Chunked for HTTP/1.1; for HTTP/1.0 the connection's end is the answer's end.
    /// Each returns whether the client was still there.
    bool begin_stream(RequestId id, const Response& response);
    bool continue_stream(RequestId id, std::string_view part);
    bool end_stream(RequestId id);
    /// Closes without an end: the client can tell that something is missing.
    void drop(RequestId id);
    /// What the client has not taken yet. The service bounds its streams with it.
    [[nodiscard]] std::size_t buffered_bytes(RequestId id) const;

    [[nodiscard]] std::size_t size() const;
    /// Closes connections that wait for a request now and the others after their answer. Streams
    /// are the service's to end.
    void finish();

private:
    class Connection;
    friend class Connection;

    struct Slot {
        std::shared_ptr<Connection> connection;
        std::uint32_t generation = 1;
    };

    [[nodiscard]] Connection* find(RequestId id) const;
    RequestId renew(std::uint32_t slot);
    void release(std::uint32_t slot);

    Loop& loop_;
    EdgeCounters& counters_;
    HttpOptions options_;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    bool finishing_ = false;
};

/// The bytes of one complete answer.
std::string encode_response(const Response& response, bool keep_alive, bool with_body);
std::string_view reason_phrase(int status);

}  // namespace grapevine::node
