/// The listener for operators and back ends: state, metrics, the HTTP API and the dashboard.
///
///   GET  /               the dashboard
///   GET  /healthz        the process runs
///   GET  /readyz         200 once it holds the others' users; 503 before, and while leaving
///   GET  /metrics        Prometheus
///   GET  /api/cluster    members as this node sees them
///   POST /api/publish    {"channel": "chat:lobby" | "#user" | "$system", "data": any JSON}
///   POST /api/presence, /api/presence_stats    {"channel": "chat:lobby"}
///   POST /api/send       {"to": "bob" | ["bob", "eve"], "data": any JSON, "wait": "node", ...}
#pragma once

#include "node/front.hpp"
#include "node/http_api.hpp"
#include "node/pages.hpp"
#include "node/turn.hpp"

#include <functional>
#include <string>

namespace grapevine::node {

class AdminListener final : public Router {
public:
    /// `any_caller`: the operator opened this listener; else only loopback names and pages of its
    /// own are served, except that anybody may ask /healthz and /readyz.
    /// `page`: the dashboard, or without files none.
    AdminListener(
        Turn& turn,
        HttpConnections& http,
        bool any_caller,
        const Page& page,
        std::function<std::string()> metrics);

    UpgradeAnswer upgrade(const HttpHead& head) override;
    void requested(RequestId id, const Request& request) override;
    void abandoned(RequestId id) override { api_.abandoned(id); }
    /// What the cluster says to a request of the API.
    void answered(const mesh::Answer& answer) { api_.answered(answer); }

private:
    [[nodiscard]] Response answer(const Request& request);

    Turn& turn_;
    HttpConnections& http_;
    HttpApi api_;
    Page page_;
    std::function<std::string()> metrics_;
    bool any_caller_;
};

}  // namespace grapevine::node
