/// The command line as typed: which subcommand, with which texts. Meaning and legality of the
/// values are the commands' business.
#pragma once

#include "cli/bench/options.hpp"

#include <optional>
#include <string>
#include <vector>

namespace grapevine::cli {

struct NodeOptions {
    std::string name;
    std::string cluster = "grapevine";
    std::string listen = "127.0.0.1:8000";
    std::string mesh_listen = "127.0.0.1:7947";
    std::string admin_listen = "127.0.0.1:9000";
    std::string mesh_advertise;
    std::vector<std::string> seeds;
    std::vector<std::string> dns_servers;
    unsigned dns_every_s = 30;
    unsigned leave_linger_s = 0;
    unsigned full_mesh_max = 200;
    unsigned link_idle_s = 300;
    std::vector<std::string> secret_files;
    std::vector<std::string> open;
    bool no_page = false;
    std::string token_hmac_secret_file;
    std::string token_key_file;
    std::string token_jwks_file;
    std::string token_audience;
    std::string token_issuer;
    bool allow_anonymous = false;
    std::vector<std::string> allowed_origins;
    std::string workers = "1";
    std::string config_file;
};

struct ConfigOptions {
    std::string file;
};

struct StatusOptions {
    std::string admin = "http://127.0.0.1:9000";
    bool json = false;
};

struct ChatOptions {
    std::vector<std::string> urls;
    std::string user;
    std::string token;
    std::string channel = "chat:lobby";
};

struct SendOptions {
    std::vector<std::string> urls;
    std::vector<std::string> to;
    std::string user;
    std::string token;
    std::string wait = "node";
    unsigned qos = 0;
    std::optional<std::string> idempotency_key;
    std::optional<std::string> text;  ///< "-": what standard input says
    std::optional<std::string> data;  ///< JSON instead of a text
    bool json = false;
    /// Nodes answer within 3 s, with acknowledgements within 10 s.
    unsigned timeout_s = 15;
};

struct TokenOptions {
    std::string user;
    std::vector<std::string> channels;
    std::string for_channel;
    std::string client;
    std::string expires = "1h";
    std::string info;
    std::string hmac_secret_file;
    std::string key_file;
    std::string jwks_file;  ///< with `check`
    std::string key_id;
    std::string audience;
    std::string issuer;
    std::string check;  ///< a token to look at instead; "-": on standard input
    bool json = false;
};

enum class Subcommand { none, node, config_check, config_show, status, chat, send, token, bench };

struct Options {
    /// none: the text asked for (`--help`, `--version`) or an error has been printed; leave with
    /// `exit_code`.
    Subcommand subcommand = Subcommand::none;
    int exit_code = 0;
    NodeOptions node;
    ConfigOptions config;
    StatusOptions status;
    ChatOptions chat;
    SendOptions send;
    TokenOptions token;
    BenchOptions bench;
};

Options parse_options(int argc, const char* const* argv);

}  // namespace grapevine::cli
