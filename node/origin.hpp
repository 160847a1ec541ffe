/// Which pages may talk to a listener: any web page in a browser can reach loopback, so a listener
/// without keys has to look at where a request comes from.
#pragma once

#include "node/http_head.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::node {

/// No Origin (not a browser), or the host that was asked itself.
bool is_same_origin(const HttpHead& head);
/// A page of one loopback port that asks another: of another node on this machine, or of another
/// program here, which could connect itself.
bool is_of_this_machine(const HttpHead& head);
/// Origins of pages that may connect besides those of the host that was asked and of this machine's
/// loopback: `*` is any, else `https://app.example.com`, in which one `*` stands for one or more
/// letters, digits, `-` and `.`: `https://*.example.com`, `http://localhost:*`.
class AllowedOrigins {
public:
    AllowedOrigins() = default;
    /// Each of which is_pattern().
    explicit AllowedOrigins(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}

    static AllowedOrigins any() { return AllowedOrigins{{"*"}}; }
    [[nodiscard]] static bool is_pattern(std::string_view text);
    [[nodiscard]] bool allow(const HttpHead& head) const;

private:
    std::vector<std::string> patterns_;
};

/// The Host names this machine's loopback: not a public name that was pointed at it (DNS
/// rebinding).
bool is_loopback_host(std::string_view host);

}  // namespace grapevine::node
