/// The listener for operators and back ends: state, metrics and the HTTP API.
///
///   GET  /healthz        the process runs
///   GET  /readyz         200 once it holds the others' users; 503 before, and while leaving
///   GET  /metrics        Prometheus
///   GET  /api/cluster    members as this node sees them
///   POST /api/publish    {"channel": "chat:lobby" | "#user" | "$system", "data": any JSON}
#pragma once

#include "node/front.hpp"
#include "node/turn.hpp"
#include "proto/api_reading.hpp"
#include "proto/codes.hpp"

#include <functional>
#include <string>

namespace grapevine::node {

class AdminListener final : public Router {
public:
    /// `any_caller`: the operator opened this listener; else only loopback names and pages of its
    /// own are served.
    AdminListener(
        Turn& turn, HttpConnections& http, bool any_caller, std::function<std::string()> metrics);

    UpgradeAnswer upgrade(const HttpHead& head, std::string_view remote) override;
    void requested(RequestId id, const Request& request) override;

private:
    [[nodiscard]] Response answer(const Request& request);
    [[nodiscard]] Response publish(const Request& request);

    Turn& turn_;
    HttpConnections& http_;
    proto::JsonReader reader_;
    std::function<std::string()> metrics_;
    bool any_caller_;
};

}  // namespace grapevine::node
