/// The methods of the HTTP API that do something, one member each. They take the body of a request
/// and see to it that the request is answered: at once, or when the cluster has answered. What they
/// say is {"result": ...} or {"error": {"code", "message"}}, both with status 200, as in the
/// Centrifugo server API: the request was understood.
#pragma once

#include "mesh/exchange.hpp"
#include "node/http_connection.hpp"
#include "node/turn.hpp"
#include "proto/api_reading.hpp"
#include "proto/codes.hpp"

#include <set>
#include <string_view>

namespace grapevine::node {

class HttpApi {
public:
    HttpApi(Turn& turn, HttpConnections& http)
        : turn_(turn), http_(http), namespaces_(turn.driver().sessions_config().rules) {}

    /// {"channel": "chat:lobby" | "#user" | "$system", "data": any JSON}
    void publish(RequestId id, std::string_view body);
    /// As `rpc send` (proto/json_reading.hpp: SendBody); the result is the receipt.
    void send(RequestId id, std::string_view body);

    /// {"channel": "chat:lobby"}: {"presence": {"<client>": {"user", "client"}}} of all nodes, and
    /// "incomplete": true if one did not say in time.
    void presence(RequestId id, std::string_view body) {
        inquire(id, body, mesh::QueryKind::presence);
    }
    /// Likewise: {"num_clients", "num_users"}.
    void presence_stats(RequestId id, std::string_view body) {
        inquire(id, body, mesh::QueryKind::presence_stats);
    }

    /// To a request that waits. To one whose client has left: ignored.
    void answered(const mesh::Answer& answer);
    /// Its client has left.
    void abandoned(RequestId id) { waiting_.erase(id); }

private:
    void refuse(RequestId id, proto::ErrorCode code, std::string_view why);
    /// Whether there is room for one more request that waits; else it is answered.
    bool may_wait(RequestId id);
    void inquire(RequestId id, std::string_view body, mesh::QueryKind kind);

    Turn& turn_;
    HttpConnections& http_;
    /// A back end may do everything, in channels that there may be.
    mesh::Namespaces namespaces_;
    proto::JsonReader reader_;
    /// Requests that the cluster has not answered, at most limits::api_requests_waiting. Their ids
    /// are what the answers name.
    std::set<RequestId> waiting_;
};

}  // namespace grapevine::node
