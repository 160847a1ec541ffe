#include "cli/node_command.hpp"

#include "cli/discovery_options.hpp"
#include "cli/rules_file.hpp"
#include "cli/token_options.hpp"
#include "cli/usage_error.hpp"
#include "node/node.hpp"
#include "node/origin.hpp"
#include "proto/limits.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace grapevine::cli {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool consists_of(std::string_view text, std::string_view more) {
    return std::all_of(text.begin(), text.end(), [more](char c) {
        return letters_and_digits.find(c) != std::string_view::npos ||
               more.find(c) != std::string_view::npos;
    });
}

std::string quoted(std::string_view text) {
    return "'" + std::string(text) + "'";
}

[[noreturn]] void
refuse_address(std::string_view flag, std::string_view text, std::string_view why) {
    throw UsageError(
        std::string(flag) + " " + quoted(text) + ": " + std::string(why) +
        "; write host:port, for example 127.0.0.1:7001, [::1]:7001 or node-a.example:7001");
}

std::string checked_name(std::string_view flag, const std::string& name, std::size_t bytes_max) {
    if (name.empty() || name.size() > bytes_max || !consists_of(name, "._-")) {
        throw UsageError(
            std::string(flag) + " " + quoted(name) + ": use 1 to " + std::to_string(bytes_max) +
            " letters, digits, '.', '_' or '-'");
    }
    return name;
}

unsigned workers_of(const std::string& text) {
    if (text == "auto")
        return std::clamp(std::thread::hardware_concurrency(), 1U, node::workers_max);
    unsigned workers = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), workers);
    if (error != std::errc{} || end != text.data() + text.size() || workers < 1 ||
        workers > node::workers_max)
        throw UsageError(
            "--workers " + quoted(text) + ": use 1 to " + std::to_string(node::workers_max) +
            ", or auto for one a processor");
    return workers;
}

std::string default_name(const node::Address& mesh_listen) {
    if (mesh_listen.port == 0) {
        throw UsageError("--name is needed with --mesh-listen port 0: a name must stay the same "
                         "after a restart, "
                         "for example --name n1");
    }
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    return std::string(host.data()) + "-" + std::to_string(mesh_listen.port);
}

/// The secret without its last line end. Larger than this it is some other file.
constexpr std::size_t secret_bytes_max = 4096;

std::string read_secret(const std::string& path) {
    const std::string flag = "--secret-file " + quoted(path) + ": ";
    std::ifstream file(path, std::ios::binary);
    std::string secret(secret_bytes_max + 1, '\0');
    if (file) file.read(secret.data(), static_cast<std::streamsize>(secret.size()));
    if (!file.is_open() || file.bad()) throw UsageError(flag + "cannot be read");
    secret.resize(static_cast<std::size_t>(file.gcount()));
    if (secret.size() > secret_bytes_max) {
        throw UsageError(flag + "is larger than " + std::to_string(secret_bytes_max) + " bytes");
    }
    if (secret.ends_with('\n')) secret.pop_back();
    if (secret.ends_with('\r')) secret.pop_back();
    if (secret.empty()) {
        throw UsageError(flag + "is empty; make one with: openssl rand -hex 32 > " + path);
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
        std::fprintf(
            stderr,
            "grapevine: warning: %severy user of this machine can read it; chmod 600 it\n",
            flag.c_str());
    }
    return secret;
}

/// The old and the new one, while the secret is changed. Each more would be one more way in.
constexpr std::size_t secrets_max = 2;

void read_secrets(const std::vector<std::string>& paths, node::NodeConfig& config) {
    if (paths.size() > secrets_max) {
        throw UsageError(
            "--secret-file is given " + std::to_string(paths.size()) +
            " times: give the secret of the cluster, and while it is changed one other");
    }
    for (const std::string& path : paths) {
        std::string secret = read_secret(path);
        if (config.secret.empty()) {
            config.secret = std::move(secret);
        } else if (secret == config.secret) {
            throw UsageError("--secret-file " + quoted(path) + ": is the same secret as the first");
        } else {
            config.also_accepted.push_back(std::move(secret));
        }
    }
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// A listener that strangers can reach must be protected, or opened on purpose.
void require_protection(
    std::string_view flag,
    const node::Address& address,
    bool is_protected,
    std::string_view remedy) {
    if (is_loopback(address.host) || is_protected) return;
    throw UsageError(
        std::string(flag) + " " + to_string(address) +
        " would be reachable from other machines without protection; " + std::string(remedy));
}

node::OpenListeners open_listeners(const std::vector<std::string>& names) {
    const auto has = [&names](std::string_view name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    return {.client = has("client"), .mesh = has("mesh"), .admin = has("admin")};
}

std::vector<std::string> allowed_origins(const std::vector<std::string>& given) {
    std::vector<std::string> origins;
    for (const std::string& origin : given) {
        // From generated commands, as with --seeds.
        if (origin.empty()) continue;
        if (!node::AllowedOrigins::is_pattern(origin))
            throw UsageError(
                "--allowed-origin " + quoted(origin) +
                ": write scheme://host[:port] without a path, with one * at most, for example "
                "https://app.example.com or https://*.example.com; or * for all");
        origins.push_back(origin);
    }
    return origins;
}

}  // namespace

node::Address parse_address(std::string_view flag, std::string_view text, PortZero port_zero) {
    const auto colon = text.rfind(':');
    const auto bracket = text.rfind(']');
    if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
        refuse_address(flag, text, "the port is missing");
    }
    std::string_view host = text.substr(0, colon);
    if (host.empty()) refuse_address(flag, text, "the host is missing");
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == std::string_view::npos || !consists_of(host, ":.%-_")) {
            refuse_address(flag, text, "there is no IPv6 address between the brackets");
        }
    } else if (host.find(':') != std::string_view::npos) {
        refuse_address(flag, text, "an IPv6 address needs brackets");
    } else if (!consists_of(host, ".-_") || host.size() > proto::limits::address_bytes - 6) {
        refuse_address(flag, text, "the host is not a name or an IP address");
    }

    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
        refuse_address(flag, text, "the port is not a number from 0 to 65535");
    }
    if (port == 0 && port_zero == PortZero::refused) {
        refuse_address(flag, text, "port 0 cannot be dialled");
    }
    return {std::string(host), port};
}

node::NodeConfig node_config(const NodeOptions& options) {
    namespace limits = proto::limits;
    node::NodeConfig config;
    config.listen = parse_address("--listen", options.listen, PortZero::allowed);
    config.mesh_listen = parse_address("--mesh-listen", options.mesh_listen, PortZero::allowed);
    config.admin_listen = parse_address("--admin-listen", options.admin_listen, PortZero::allowed);
    if (!options.mesh_advertise.empty()) {
        config.mesh_advertise =
            parse_address("--mesh-advertise", options.mesh_advertise, PortZero::refused);
    }
    // `--seeds ""` and a trailing comma come from generated commands.
    for (const std::string& seed : options.seeds)
        if (!seed.empty()) config.seeds.push_back(parse_seed(seed));
    for (const std::string& server : options.dns_servers)
        if (!server.empty()) config.dns_servers.push_back(parse_dns_server(server));
    config.dns_every = std::chrono::seconds{options.dns_every_s};
    config.leave_linger = std::chrono::seconds{options.leave_linger_s};
    config.full_mesh_max = options.full_mesh_max;
    config.link_idle = std::chrono::seconds{options.link_idle_s};
    config.cluster = checked_name("--cluster", options.cluster, limits::cluster_name_bytes);
    config.name = checked_name(
        "--name",
        options.name.empty() ? default_name(config.mesh_listen) : options.name,
        limits::node_name_bytes);
    read_secrets(options.secret_files, config);
    config.open = open_listeners(options.open);
    config.pages = !options.no_page;
    config.tokens = token_config(options);
    config.allowed_origins = allowed_origins(options.allowed_origins);
    config.workers = workers_of(options.workers);
    if (!options.config_file.empty()) config.rules = read_rules(options.config_file);

    const node::OpenListeners& open = config.open;
    require_protection(
        "--listen",
        config.listen,
        open.client || config.tokens.has_key(),
        "ask clients for tokens with --token-hmac-secret-file, --token-key-file or "
        "--token-jwks-file, or accept anybody with --open client");
    require_protection(
        "--mesh-listen",
        config.mesh_listen,
        open.mesh || !config.secret.empty(),
        "give every node the same --secret-file, or let any process join with --open mesh");
    require_protection(
        "--admin-listen",
        config.admin_listen,
        open.admin,
        "operators cannot be authenticated yet: listen on 127.0.0.1, or accept anybody with --open "
        "admin");
    return config;
}

int node_command(const NodeOptions& options) {
    return node::run(node_config(options));
}

}  // namespace grapevine::cli
