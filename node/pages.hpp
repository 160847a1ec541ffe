/// The pages for people: a chat on the client listener, a dashboard on the admin listener. Their
/// files (node/pages) are part of the program; nothing is read from disk.
#pragma once

#include "node/http_connection.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace grapevine::node {

/// As it was when the program was built.
struct PageFile {
    std::string_view path;  ///< the page itself is "/"
    std::string_view content_type;
    std::string_view body;
    std::string_view etag;  ///< with its quotes; another body has another
};

struct Page {
    std::span<const PageFile> files;
    /// What the browser lets the page load and connect to (Content-Security-Policy).
    std::string_view policy;
};

Page chat_page();
Page dashboard_page();

/// To GET and HEAD of a file of the page: the file, or 304 if the caller has it; to other methods
/// 405. Nothing if the page has no such file; one without files (`--no-page`) has none.
std::optional<Response> answer_from(const Page& page, const HttpHead& head);

// ---- written by embed_pages.cmake
std::span<const PageFile> chat_files();
std::span<const PageFile> dashboard_files();

}  // namespace grapevine::node
