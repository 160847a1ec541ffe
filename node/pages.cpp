#include "node/pages.hpp"

#include <algorithm>

namespace grapevine::node {
namespace {

/// The chat goes on at other nodes, whose addresses people enter. Scripts and styles are files of
/// the page; what others write can be neither.
constexpr std::string_view chat_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view dashboard_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether the caller named this version: `If-None-Match: "a", W/"b"` or `*`.
bool has_already(const HttpHead& head, std::string_view etag) {
    const auto held = head.list("if-none-match");
    return std::any_of(held.begin(), held.end(), [&](std::string_view tag) {
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        return tag == etag || tag == "*";
    });
}

}  // namespace

Page chat_page() {
    return {chat_files(), chat_policy};
}

Page dashboard_page() {
    return {dashboard_files(), dashboard_policy};
}

std::optional<Response> answer_from(const Page& page, const HttpHead& head) {
    const auto file = std::find_if(page.files.begin(), page.files.end(), [&](const PageFile& one) {
        return one.path == head.path;
    });
    if (file == page.files.end()) return std::nullopt;
    if (head.method != "GET" && head.method != "HEAD")
        return Response{.status = 405, .body = "use GET\n", .headers = {{"Allow", "GET, HEAD"}}};
    Response response{
        .content_type = std::string{file->content_type},
        .headers = {
            {"ETag", std::string{file->etag}},
            {"Cache-Control", "no-cache"},
            {"Content-Security-Policy", std::string{page.policy}},
            {"X-Content-Type-Options", "nosniff"},
            {"Referrer-Policy", "no-referrer"}}};
    if (has_already(head, file->etag))
        response.status = 304;
    else
        response.body = file->body;
    return response;
}

}  // namespace grapevine::node
