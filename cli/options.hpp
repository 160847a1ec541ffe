/// The command line as typed: which subcommand, with which texts. Meaning and legality of the
/// values are the commands' business.
#pragma once

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
    std::string secret_file;
    std::vector<std::string> open;
    unsigned workers = 1;
};

struct StatusOptions {
    std::string admin = "http://127.0.0.1:9000";
    bool json = false;
};

struct ChatOptions {
    std::vector<std::string> urls;
    std::string user;
    std::string channel = "chat:lobby";
};

enum class Subcommand { none, node, status, chat };

struct Options {
    /// none: the text asked for (`--help`, `--version`) or an error has been printed; leave with
    /// `exit_code`.
    Subcommand subcommand = Subcommand::none;
    int exit_code = 0;
    NodeOptions node;
    StatusOptions status;
    ChatOptions chat;
};

Options parse_options(int argc, const char* const* argv);

}  // namespace grapevine::cli
