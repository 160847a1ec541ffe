#include "node/admin_listener.hpp"

#include "node/origin.hpp"
#include "proto/client_codec.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"

namespace grapevine::node {
namespace {

constexpr std::string_view json_type = "application/json";

/// Errors of the API come with status 200, as in the Centrifugo server API: the request was
/// understood.
Response api_error(proto::ErrorCode code, std::string_view why) {
    std::string body =
        "{\"error\":{\"code\":" + std::to_string(static_cast<int>(code)) + ",\"message\":";
    proto::append_json_string(body, std::string{proto::text_of(code)} + ": " + std::string{why});
    body += "}}\n";
    return {.content_type = std::string{json_type}, .body = std::move(body)};
}

Response wrong_method(std::string_view allowed) {
    return {
        .status = 405,
        .body = "use " + std::string{allowed} + "\n",
        .headers = {{"Allow", std::string{allowed}}}};
}

bool is_get(const Request& request) {
    return request.head.method == "GET" || request.head.method == "HEAD";
}

}  // namespace

AdminListener::AdminListener(
    Turn& turn, HttpConnections& http, bool any_caller, std::function<std::string()> metrics)
    : turn_(turn), http_(http), metrics_(std::move(metrics)), any_caller_(any_caller) {}

UpgradeAnswer AdminListener::upgrade(const HttpHead&, std::string_view) {
    return RejectUpgrade{404, "the admin listener has no WebSocket\n"};
}

void AdminListener::requested(RequestId id, const Request& request) {
    const bool trusted =
        any_caller_ || (is_loopback_host(request.head.host()) && is_same_origin(request.head));
    http_.answer(
        id,
        trusted ? answer(request)
                : Response{
                      .status = 403,
                      .body = "only loopback names and no foreign Origin are served here; "
                              "start the node with --open admin to serve anybody\n"});
}

Response AdminListener::answer(const Request& request) {
    const std::string_view path = request.head.path;
    const mesh::Driver& driver = turn_.driver();
    if (path == "/api/publish")
        return request.head.method == "POST" ? publish(request) : wrong_method("POST");
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
        .body = "not found; there are /healthz /readyz /metrics /api/cluster /api/publish\n"};
}

Response AdminListener::publish(const Request& request) {
    const proto::PublishBody body = proto::read_publish_body(reader_, request.body);
    if (!body.valid)
        return api_error(
            proto::ErrorCode::bad_request, "the body is not a JSON object with a text \"channel\"");
    if (!proto::is_channel_name(body.channel))
        return api_error(
            proto::ErrorCode::bad_request,
            "\"channel\" must be 1 to 255 bytes of UTF-8 without control characters");
    if (body.data.empty()) return api_error(proto::ErrorCode::bad_request, "\"data\" is missing");
    if (body.data.size() > proto::limits::publish_data_bytes)
        return api_error(proto::ErrorCode::limit_exceeded, "\"data\" is longer than 65536 bytes");

    proto::Target target = proto::Target::channel;
    std::string name{body.channel};
    if (name.front() == proto::personal_mark) {
        target = proto::Target::user;
        name.erase(0, 1);
        if (!proto::is_user_name(name))
            return api_error(proto::ErrorCode::bad_request, "no user is named after '#'");
    } else if (name == proto::system_channel) {
        target = proto::Target::everybody;
    } else if (name.front() == proto::system_mark) {
        return api_error(proto::ErrorCode::unknown_channel, "the only system channel is $system");
    }
    turn_.driver().publish(target, name, proto::PayloadKind::json, body.data, turn_.now());
    turn_.schedule();
    return {.content_type = std::string{json_type}, .body = "{\"result\":{}}\n"};
}

}  // namespace grapevine::node
