#include "node/admin_listener.hpp"

#include "node/origin.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace grapevine::node {
namespace {

constexpr std::string_view json_type = "application/json";

Response wrong_method(std::string_view allowed) {
    return {
        .status = 405,
        .body = "use " + std::string{allowed} + "\n",
        .headers = {{"Allow", std::string{allowed}}}};
}

/// A method of the API, by its path.
struct ApiMethod {
    std::string_view path;
    void (HttpApi::*run)(RequestId id, std::string_view body);
};
constexpr std::array api_methods{
    ApiMethod{"/api/publish", &HttpApi::publish},
    ApiMethod{"/api/send", &HttpApi::send},
    ApiMethod{"/api/presence", &HttpApi::presence},
    ApiMethod{"/api/presence_stats", &HttpApi::presence_stats},
};

const ApiMethod* method_at(std::string_view path) {
    const auto is_it = [path](const ApiMethod& method) { return method.path == path; };
    const auto* const found = std::find_if(api_methods.begin(), api_methods.end(), is_it);
    return found != api_methods.end() ? found : nullptr;
}

bool is_get(const Request& request) {
    return request.head.method == "GET" || request.head.method == "HEAD";
}

/// Asked by proxies and schedulers, with any Host or none. They tell a stranger nothing worth
/// keeping.
bool is_health_check(const Request& request) {
    return request.head.path == "/healthz" || request.head.path == "/readyz";
}

}  // namespace

AdminListener::AdminListener(
    Turn& turn,
    HttpConnections& http,
    bool any_caller,
    const Page& page,
    std::function<std::string()> metrics)
    : turn_(turn),
      http_(http),
      api_(turn, http),
      page_(page),
      metrics_(std::move(metrics)),
      any_caller_(any_caller) {}

UpgradeAnswer AdminListener::upgrade(const HttpHead&) {
    return RejectUpgrade{404, "the admin listener has no WebSocket\n"};
}

void AdminListener::requested(RequestId id, const Request& request) {
    const bool trusted = any_caller_ || is_health_check(request) ||
                         (is_loopback_host(request.head.host()) && is_same_origin(request.head));
    if (!trusted) {
        http_.answer(
            id,
            {.status = 403,
             .body = "only loopback names and no foreign Origin are served here; "
                     "start the node with --open admin to serve anybody\n"});
        return;
    }
    const ApiMethod* const method = method_at(request.head.path);
    if (method != nullptr && request.head.method == "POST")
        return (api_.*method->run)(id, request.body);
    http_.answer(id, answer(request));
}

Response AdminListener::answer(const Request& request) {
    if (auto file = answer_from(page_, request.head)) return *std::move(file);
    const std::string_view path = request.head.path;
    const mesh::Driver& driver = turn_.driver();
    if (method_at(path) != nullptr) return wrong_method("POST");
    if (path == "/healthz" || path == "/readyz" || path == "/metrics" || path == "/api/cluster")
        if (!is_get(request)) return wrong_method("GET");
    if (path == "/healthz") return {.body = "ok\n"};
    if (path == "/readyz") {
        if (driver.mesh().is_ready(turn_.now().steady)) return {.body = "ready\n"};
        return {
            .status = 503,
            .body = driver.is_leaving() ? "leaving\n" : "waiting for the first peer or seed\n"};
    }
    if (path == "/metrics")
        return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_()};
    if (path == "/api/cluster")
        return {
            .content_type = std::string{json_type},
            .body = driver.cluster_json(turn_.now()) + "\n"};
    return {
        .status = 404,
        .body = "not found; there are /healthz /readyz /metrics /api/cluster /api/publish "
                "/api/send /api/presence /api/presence_stats\n"};
}

}  // namespace grapevine::node
