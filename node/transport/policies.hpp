/// How websocketpp is set up: our transport, our messages, and requests and responses that hold
/// nothing, because the handshake was read, checked and answered before websocketpp sees the
/// connection. It begins with a connection that is open (connection_life.cpp).
#pragma once

#include "node/transport/connection.hpp"
#include "node/transport/message.hpp"

#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/core.hpp>
#include <websocketpp/http/constants.hpp>
#include <websocketpp/uri.hpp>

#include <string>

namespace grapevine::node::policy {

namespace http = websocketpp::http;

/// Never used as an address; websocketpp wants to have one.
inline const websocketpp::uri_ptr& any_uri() {
    static const websocketpp::uri_ptr uri = std::make_shared<websocketpp::uri>("ws://localhost/");
    return uri;
}

inline const std::string no_text;

/// What websocketpp would read a handshake from. Nobody asks it.
struct Request {
    const std::string& get_header(const std::string&) const { return no_text; }
    const std::string& get_method() const { return no_text; }
    const std::string& get_version() const { return no_text; }
    bool get_header_as_plist(const std::string&, http::parameter_list&) const { return false; }
    const std::string& get_uri() const { return no_text; }
    std::string raw() const { return {}; }
    bool ready() const { return true; }
    void set_max_body_size(std::size_t) {}
    void replace_header(const std::string&, const std::string&) {}
    void append_header(const std::string&, const std::string&) {}
    void remove_header(const std::string&) {}
    void set_method(const std::string&) {}
    void set_uri(const std::string&) {}
    void set_version(const std::string&) {}
};

inline websocketpp::uri_ptr get_uri_from_host(const Request&, const char*) {
    return any_uri();
}

/// What it would answer with, or read an answer from. Nobody asks it either.
struct Response {
    const std::string& get_header(const std::string&) const { return no_text; }
    http::status_code::value get_status_code() const {
        return http::status_code::switching_protocols;
    }
    bool get_header_as_plist(const std::string&, http::parameter_list&) const { return false; }
    const std::string& get_status_msg() const { return no_text; }
    const std::string& get_version() const { return no_text; }
    const std::string& get_body() const { return no_text; }
    std::string raw() const { return {}; }
    void replace_header(const std::string&, const std::string&) {}
    void append_header(const std::string&, const std::string&) {}
    void remove_header(const std::string&) {}
    void set_status(http::status_code::value) {}
    void set_version(const std::string&) {}
};

/// Masking keys of the few frames that websocketpp makes itself.
struct RandomWords {
    std::uint32_t operator()();
};

struct Config : websocketpp::config::core {
    using type = Config;
    using concurrency_type = websocketpp::concurrency::none;
    using request_type = Request;
    using response_type = Response;
    using message_type = Message;
    using con_msg_manager_type = MessageSource;
    using endpoint_msg_manager_type = MessageSource;
    using alog_type = websocketpp::log::stub;
    using elog_type = websocketpp::log::stub;
    using rng_type = RandomWords;
    using transport_type = Endpoint;

    /// Part of every connection. The bytes are read into the loop's buffer and pass through this
    /// one in pieces: larger pieces are faster for large messages, and cost memory for everybody.
    static const std::size_t connection_read_buffer_size = 64;
    static const std::size_t max_message_size = proto::limits::client_message_bytes;
    static const long timeout_open_handshake = 0;
    static const long timeout_close_handshake = 0;
    static const long timeout_pong = 0;
    static const bool enable_multithreading = false;

    // websocketpp as a client takes "extensions are off" for an error: they are on, and there is
    // none.
    static const bool enable_extensions = true;
    struct permessage_deflate_config {
        using request_type = Request;
        static const bool allow_disabling_context_takeover = true;
        static const std::uint8_t minimum_outgoing_window_bits = 8;
    };
    using permessage_deflate_type =
        websocketpp::extensions::permessage_deflate::disabled<permessage_deflate_config>;
};

}  // namespace grapevine::node::policy
