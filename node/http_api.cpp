#include "node/http_api.hpp"

#include "mesh/send_request.hpp"
#include "proto/client_codec.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"

#include <string>
#include <utility>

namespace grapevine::node {
namespace {

using proto::ErrorCode;

constexpr std::string_view no_channel = "the body is not a JSON object with a text \"channel\"";

Response json(std::string body) {
    return {.content_type = "application/json", .body = std::move(body)};
}

Response result(std::string_view value) {
    return json("{\"result\":" + std::string{value} + "}\n");
}

Response error(ErrorCode code, std::string_view why = {}) {
    std::string message{proto::text_of(code)};
    if (!why.empty()) message.append(": ").append(why);
    std::string body =
        "{\"error\":{\"code\":" + std::to_string(static_cast<int>(code)) + ",\"message\":";
    proto::append_json_string(body, message);
    return json(body + "}}\n");
}

/// Where a publication goes, by the name of its channel; or why nowhere.
struct Destination {
    proto::Target target = proto::Target::channel;
    std::string_view name;
    ErrorCode code{};
    std::string_view why;
};

Destination destination_of(std::string_view channel, const mesh::Namespaces& namespaces) {
    if (!proto::is_channel_name(channel))
        return {
            .code = ErrorCode::bad_request,
            .why = "\"channel\" must be 1 to 255 bytes of UTF-8 without control characters"};
    if (channel == proto::system_channel)
        return {.target = proto::Target::everybody, .name = channel};
    if (channel.front() == proto::system_mark)
        return {.code = ErrorCode::unknown_channel, .why = "the only system channel is $system"};
    if (channel.front() != proto::personal_mark) {
        if (namespaces.of(channel) != nullptr) return {.name = channel};
        return {
            .code = ErrorCode::unknown_channel,
            .why = "the file of --config has no such namespace"};
    }
    channel.remove_prefix(1);
    if (!proto::is_user_name(channel))
        return {.code = ErrorCode::bad_request, .why = "no user is named after '#'"};
    return {.target = proto::Target::user, .name = channel};
}

}  // namespace

void HttpApi::refuse(RequestId id, ErrorCode code, std::string_view why) {
    http_.answer(id, error(code, why));
}

bool HttpApi::may_wait(RequestId id) {
    if (waiting_.size() < proto::limits::api_requests_waiting) return true;
    refuse(id, ErrorCode::too_many_requests, "wait for the answers to earlier requests");
    return false;
}

void HttpApi::publish(RequestId id, std::string_view text) {
    const proto::PublishBody body = proto::read_publish_body(reader_, text);
    if (!body.valid) return refuse(id, ErrorCode::bad_request, no_channel);
    const Destination to = destination_of(body.channel, namespaces_);
    if (to.code != ErrorCode{}) return refuse(id, to.code, to.why);
    if (body.data.empty()) return refuse(id, ErrorCode::bad_request, "\"data\" is missing");
    if (body.data.size() > proto::limits::publish_data_bytes)
        return refuse(id, ErrorCode::limit_exceeded, "\"data\" is longer than 65536 bytes");
    turn_.driver().publish(to.target, to.name, proto::PayloadKind::json, body.data, turn_.now());
    turn_.schedule();
    http_.answer(id, result("{}"));
}

void HttpApi::send(RequestId id, std::string_view text) {
    proto::SendBody body = proto::read_send_body(reader_, text);
    if (!body.fault.empty()) {
        const ErrorCode code = body.over_limit ? ErrorCode::limit_exceeded : ErrorCode::bad_request;
        http_.answer(id, error(code, body.fault));
        return;
    }
    if (!may_wait(id)) return;
    waiting_.insert(id);
    mesh::SendToUsers send = mesh::send_request(std::move(body));
    send.asker.request = id.value;
    turn_.driver().send(std::move(send), turn_.now());
    turn_.schedule();
}

void HttpApi::inquire(RequestId id, std::string_view text, mesh::QueryKind kind) {
    const proto::PublishBody body = proto::read_publish_body(reader_, text);
    if (!body.valid) return refuse(id, ErrorCode::bad_request, no_channel);
    const Destination of = destination_of(body.channel, namespaces_);
    if (of.code != ErrorCode{}) return refuse(id, of.code, of.why);
    if (of.target != proto::Target::channel)
        return refuse(
            id, ErrorCode::not_available, "names that begin with '#' or '$' have no presence");
    if (!namespaces_.of(body.channel)->has_presence)
        return refuse(
            id,
            ErrorCode::not_available,
            "its namespace does not say presence = true in the file of --config");
    if (!may_wait(id)) return;
    waiting_.insert(id);
    turn_.driver().inquire(
        {.asker = {.session = {}, .command_id = 0, .request = id.value},
         .kind = kind,
         .channel = std::string{body.channel}},
        turn_.now());
    turn_.schedule();
}

void HttpApi::answered(const mesh::Answer& answer) {
    const RequestId id{answer.asker.request};
    if (waiting_.erase(id) == 0) return;
    http_.answer(
        id, answer.error != ErrorCode{} ? error(answer.error) : result(answer.json.view()));
}

}  // namespace grapevine::node
