#include "node/http_reader.hpp"

#include "proto/check.hpp"

#include <algorithm>

namespace grapevine::node {
namespace {

constexpr std::size_t head_bytes_max = proto::limits::http_head_bytes;

bool is_token(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
}

bool is_target(std::string_view text) {
    const bool is_printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    return is_printable && !text.empty() && text.find('#') == std::string_view::npos;
}

/// Whether a line ends without a carriage return, or goes on in the next line.
bool has_odd_lines(std::string_view bytes) {
    for (std::size_t at = bytes.find('\n'); at != std::string_view::npos;
         at = bytes.find('\n', at + 1)) {
        if (at == 0 || bytes[at - 1] != '\r') return true;
        if (at + 1 < bytes.size() && (bytes[at + 1] == ' ' || bytes[at + 1] == '\t')) return true;
    }
    return false;
}

/// "http://host/path" is allowed by the RFC and means "/path".
std::string_view origin_form(std::string_view target) {
    constexpr std::string_view scheme = "http://";
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return target;
    const std::size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
}

int status_of(http_errno error, char first) {
    switch (error) {
    // Strangers speak TLS, SSH and worse here: only what looks like a method is an unknown method.
    case HPE_INVALID_METHOD: return first >= 'A' && first <= 'Z' ? 501 : 400;
    case HPE_INVALID_TRANSFER_ENCODING: return 501;
    case HPE_HEADER_OVERFLOW: return 431;
    default: return 400;
    }
}

}  // namespace

/// What http-parser calls. A function that returns non-zero ends the parsing.
struct HttpReader::Callbacks {
    static HttpReader& reader(http_parser* parser) {
        return *static_cast<HttpReader*>(parser->data);
    }

    static int on_target(http_parser* parser, const char* at, std::size_t size) {
        HttpReader& self = reader(parser);
        self.extend(self.target_, at, size);
        return 0;
    }

    static int on_name(http_parser* parser, const char* at, std::size_t size) {
        HttpReader& self = reader(parser);
        if (self.is_head_over_) return 0;  // a trailer: read and dropped
        if (self.spans_.empty() || self.spans_.back().has_value) self.spans_.emplace_back();
        self.extend(self.spans_.back().name, at, size);
        return 0;
    }

    static int on_value(http_parser* parser, const char* at, std::size_t size) {
        HttpReader& self = reader(parser);
        if (self.is_head_over_) return 0;
        FieldSpan& field = self.spans_.back();
        field.has_value = true;
        self.extend(field.value, at, size);
        return 0;
    }

    static int on_head(http_parser* parser) {
        reader(parser).is_head_over_ = true;
        http_parser_pause(parser, 1);
        return 0;
    }

    static int on_body(http_parser* parser, const char* at, std::size_t size) {
        HttpReader& self = reader(parser);
        if (size > self.body_bytes_max_ - self.body_.size()) {
            self.fail(413);
            return 1;
        }
        self.body_.append(at, size);
        return 0;
    }

    static int on_request(http_parser* parser) {
        reader(parser).is_request_over_ = true;
        http_parser_pause(parser, 1);
        return 0;
    }

    static const http_parser_settings& settings() {
        static const http_parser_settings instance = [] {
            http_parser_settings made;
            http_parser_settings_init(&made);
            made.on_url = on_target;
            made.on_header_field = on_name;
            made.on_header_value = on_value;
            made.on_headers_complete = on_head;
            made.on_body = on_body;
            made.on_message_complete = on_request;
            return made;
        }();
        return instance;
    }
};

HttpReader::HttpReader() {
    expect_next();
}

void HttpReader::expect_next() {
    http_parser_init(&parser_, HTTP_REQUEST);
    parser_.data = this;
    state_ = State::reading_head;
    bytes_.clear();
    target_ = {};
    spans_.clear();
    is_head_over_ = is_request_over_ = false;
    head_ = {};
    body_.clear();
}

void HttpReader::fail(int status) {
    state_ = State::is_invalid;
    error_status_ = status;
}

std::size_t HttpReader::read(std::string_view bytes) {
    switch (state_) {
    case State::reading_head: return read_head(bytes);
    case State::reading_body: return read_body(bytes);
    case State::has_head:
    case State::has_request:
    case State::is_invalid: return 0;
    }
    return 0;
}

std::size_t HttpReader::read_head(std::string_view bytes) {
    chunk_offset_ = bytes_.size();
    bytes_.append(bytes.substr(0, head_bytes_max - bytes_.size()));
    chunk_ = bytes_.data() + chunk_offset_;
    const std::size_t given = bytes_.size() - chunk_offset_;
    const std::size_t parsed = http_parser_execute(&parser_, &Callbacks::settings(), chunk_, given);
    if (is_head_over_) {
        // The parser stops in front of the last line feed.
        const std::size_t end = chunk_offset_ + parsed + 1;
        bytes_.resize(end);
        complete_head();
        return end - chunk_offset_;
    }
    if (const auto error = HTTP_PARSER_ERRNO(&parser_); error != HPE_OK)
        fail(status_of(
            error, bytes_[std::min(bytes_.find_first_not_of("\r\n"), bytes_.size() - 1)]));
    else if (bytes_.size() == head_bytes_max)
        fail(431);
    return given;
}

void HttpReader::complete_head() {
    const auto text_of = [this](const Span& span) {
        return std::string_view{bytes_}.substr(span.begin, span.size);
    };
    head_.method = http_method_str(static_cast<http_method>(parser_.method));
    head_.target = origin_form(text_of(target_));
    const std::size_t mark = std::min(head_.target.find('?'), head_.target.size());
    head_.path = head_.target.substr(0, mark);
    head_.query = head_.target.substr(std::min(mark + 1, head_.target.size()));
    head_.minor = parser_.http_minor;
    head_.fields.reserve(spans_.size());
    for (const FieldSpan& field : spans_) {
        std::string_view value = text_of(field.value);
        value = value.substr(0, value.find_last_not_of(" \t") + 1);
        head_.fields.push_back({text_of(field.name), value});
    }
    const bool has_length =
        parser_.content_length != 0 && parser_.content_length != ~std::uint64_t{0};
    head_.has_body = (parser_.flags & F_CHUNKED) != 0 || has_length;
    head_.keep_alive = head_.minor == 1 && http_should_keep_alive(&parser_) != 0;

    if (const int status = check_head(); status != 0)
        fail(status);
    else
        state_ = State::has_head;
}

/// 0, or the status that says what is wrong.
int HttpReader::check_head() const {
    if (parser_.http_major != 1 || parser_.http_minor > 1) return 505;
    if (has_odd_lines(bytes_)) return 400;
    const std::string_view target = std::string_view{bytes_}.substr(target_.begin, target_.size);
    if (!is_target(target) || (head_.path.front() != '/' && target != "*")) return 400;
    for (const HttpHead::Field& field : head_.fields)
        if (!is_token(field.name) || !is_field_value(field.value)) return 400;
    const std::size_t hosts = head_.count("host");
    if (hosts > 1 || (hosts == 0 && head_.minor == 1)) return 400;
    if (head_.count("transfer-encoding") > 0) {
        if (head_.minor == 0 || head_.count("content-length") > 0) return 400;
        const auto codings = head_.list("transfer-encoding");
        if (codings.size() != 1 || !equal_ignoring_case(codings.front(), "chunked")) return 501;
    }
    return 0;
}

void HttpReader::expect_body(std::size_t body_bytes_max) {
    proto::check(state_ == State::has_head, "a body follows a head");
    body_bytes_max_ = body_bytes_max;
    if ((parser_.flags & F_CHUNKED) == 0 && head_.has_body &&
        parser_.content_length > body_bytes_max)
        return fail(413);
    state_ = State::reading_body;
    http_parser_pause(&parser_, 0);
    parser_.upgrade =
        0;  // an upgrade that we do not know is ignored, and the body is read as usual
    read_body("\n");
}

std::size_t HttpReader::read_body(std::string_view bytes) {
    chunk_ = bytes.data();
    const std::size_t parsed =
        http_parser_execute(&parser_, &Callbacks::settings(), bytes.data(), bytes.size());
    if (is_request_over_)
        state_ = State::has_request;
    else if (state_ != State::is_invalid && HTTP_PARSER_ERRNO(&parser_) != HPE_OK)
        fail(400);
    return parsed;
}

void HttpReader::extend(Span& span, const char* at, std::size_t size) {
    const std::size_t begin = chunk_offset_ + static_cast<std::size_t>(at - chunk_);
    if (span.size == 0) span.begin = begin;
    span.size += size;
}

}  // namespace grapevine::node
