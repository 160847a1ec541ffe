/// Bytes in, requests out: the one place where HTTP from strangers is parsed.
#pragma once

#include "node/http_head.hpp"
#include "proto/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <http_parser.h>
#include <string>
#include <string_view>

namespace grapevine::node {

/// Reads one request at a time, in pieces of any size, and stops where the next one begins.
///
///     reading_head ─▶ has_head ─▶ reading_body ─▶ has_request
///          └──────────────┴────────────┴────────▶ is_invalid (error_status)
///
/// Stricter than the parser it uses: lines end with CRLF, names are tokens, values have no control
/// characters, lines are not folded, HTTP/1.1 has exactly one Host, only `chunked` is a transfer
/// coding. What is accepted here means the same to every proxy in front of us.
class HttpReader {
public:
    enum class State : std::uint8_t {
        reading_head,
        has_head,
        reading_body,
        has_request,
        is_invalid
    };

    HttpReader();
    HttpReader(const HttpReader&) = delete;
    HttpReader& operator=(const HttpReader&) = delete;

    /// Takes bytes until the state becomes has_head, has_request or is_invalid. Returns how many it
    /// took.
    std::size_t read(std::string_view bytes);
    /// From has_head: the body, if any, may follow.
    void expect_body(std::size_t body_bytes_max);
    /// From has_request: forgets it and waits for the next head.
    void expect_next();

    [[nodiscard]] State state() const { return state_; }
    /// HTTP status that says what was wrong.
    [[nodiscard]] int error_status() const { return error_status_; }
    /// Whether part of a head has been read.
    [[nodiscard]] bool has_begun() const { return !bytes_.empty(); }
    /// Valid from has_head until expect_next.
    [[nodiscard]] const HttpHead& head() const { return head_; }
    [[nodiscard]] std::string_view body() const { return body_; }

private:
    /// Part of bytes_.
    struct Span {
        std::size_t begin = 0;
        std::size_t size = 0;
    };
    struct FieldSpan {
        Span name;
        Span value;
        bool has_value = false;
    };
    struct Callbacks;
    friend struct Callbacks;

    std::size_t read_head(std::string_view bytes);
    std::size_t read_body(std::string_view bytes);
    void complete_head();
    [[nodiscard]] int check_head() const;
    void fail(int status);
    void extend(Span& span, const char* at, std::size_t size);

    http_parser parser_{};
    State state_ = State::reading_head;
    int error_status_ = 0;
    std::string bytes_;
    /// Where the bytes that the parser sees now begin in memory and in bytes_.
    const char* chunk_ = nullptr;
    std::size_t chunk_offset_ = 0;
    Span target_;
    std::vector<FieldSpan> spans_;
    bool is_head_over_ = false;
    bool is_request_over_ = false;
    HttpHead head_;
    std::string body_;
    std::size_t body_bytes_max_ = 0;
};

}  // namespace grapevine::node
