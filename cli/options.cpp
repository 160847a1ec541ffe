#include "cli/options.hpp"

#include "cli/exit_codes.hpp"
#include "cli/rules_file.hpp"

#include <CLI/CLI.hpp>

#include <cctype>
#include <memory>
#include <string>
#include <string_view>

namespace grapevine::cli {
namespace {

/// Every option of a subcommand may come from the environment too: `--mesh-listen` is
/// GRAPEVINE_MESH_LISTEN. The command line wins.
void take_from_environment(CLI::App& app) {
    for (CLI::Option* const option : app.get_options()) {
        if (option->get_lnames().empty() || option == app.get_help_ptr()) continue;
        std::string name = "GRAPEVINE_";
        for (const char letter : option->get_lnames().front())
            name += letter == '-' ? '_' : static_cast<char>(std::toupper(letter));
        option->envname(name);
    }
}

/// One sentence tells how an option is called in the environment; not each line of it.
class PlainFormatter : public CLI::Formatter {
public:
    std::string make_option_opts(const CLI::Option* option) const override {
        std::string text = CLI::Formatter::make_option_opts(option);
        const std::string environment = " (" + get_label("Env") + ":" + option->get_envname() + ")";
        if (const std::size_t at = text.find(environment); at != text.npos)
            text.erase(at, environment.size());
        return text;
    }
};

// clang-format off
void describe_node(CLI::App& app, NodeOptions& o) {
    const auto text = [&app](const char* flag, std::string& value, const char* type, const char* help) {
        return app.add_option(flag, value, help)->type_name(type);
    };
    text("--name",           o.name,           "NAME",      "Unique in the cluster, the same after a restart (default: <hostname>-<mesh port>)");
    text("--cluster",        o.cluster,        "NAME",      "Nodes link only to nodes of the same cluster")->capture_default_str();
    text("--listen",         o.listen,         "HOST:PORT", "For chat clients: WebSocket /connection/websocket, a page to chat at /")->capture_default_str();
    text("--mesh-listen",    o.mesh_listen,    "HOST:PORT", "For other nodes only")->capture_default_str();
    text("--admin-listen",   o.admin_listen,   "HOST:PORT", "For operators and back ends: HTTP API, /metrics, a dashboard at /")->capture_default_str();
    text("--mesh-advertise", o.mesh_advertise, "HOST:PORT", "What other nodes dial, if it is not the mesh listen address");
    app.add_option("--secret-file", o.secret_files, "Secret that all nodes of the cluster share; give a second while it is changed: the first is shown to others, both are accepted")->type_name("FILE")->allow_extra_args(false);
    app.add_option("--seeds",   o.seeds,   "Where other nodes are: host:port (every address of the host is dialled) or srv:_service._proto.name; need not be up, may include this one")->type_name("SEED,...")->delimiter(',')->allow_extra_args(false);
    app.add_option("--dns-server", o.dns_servers, "DNS servers to ask for the names of --seeds, port 53 if none is given (default: the system's)")->type_name("IP[:PORT],...")->delimiter(',')->allow_extra_args(false);
    app.add_option("--dns-every",  o.dns_every_s, "Seconds until the names of --seeds are looked up again; at once when more than half of the other nodes are lost")->type_name("SECONDS")->check(CLI::Range(1, 3600))->capture_default_str();
    app.add_option("--leave-linger", o.leave_linger_s, "Seconds for which users of another node that left stay shown, so that a deploy does not flap them")->type_name("SECONDS")->check(CLI::Range(0, 600))->capture_default_str();
    app.add_option("--full-mesh-up-to", o.full_mesh_max, "Nodes up to which each keeps a link to every other; in a larger cluster only to about ten, and to those it has messages for. The same on all nodes")->type_name("N")->check(CLI::Range(8, 2000))->capture_default_str();
    app.add_option("--link-idle", o.link_idle_s, "Seconds after which such a link ends when no message used it")->type_name("SECONDS")->check(CLI::Range(10, 86400))->capture_default_str();
    app.add_option("--open",    o.open,    "Let this listener take strangers: client, mesh or admin")->type_name("LISTENER")->check(CLI::IsMember({"client", "mesh", "admin"}))->delimiter(',')->allow_extra_args(false);
    app.add_flag("--no-page",   o.no_page, "No page at / for people: no chat for clients, no dashboard for operators");
    app.add_option("--config",  o.config_file, "What may be done in which channels (`grapevine config --help`); without it everybody may subscribe and publish everywhere")->type_name("FILE");
    text("--token-hmac-secret-file", o.token_hmac_secret_file, "FILE", "Clients show tokens that are signed with this secret (HS256, HS384, HS512)");
    text("--token-key-file",  o.token_key_file,  "FILE", "Or whose signatures this public key knows, PEM (RS256, ES256, EdDSA)");
    text("--token-jwks-file", o.token_jwks_file, "FILE", "Or a key of this JWK set. All three are read again when they change");
    text("--token-audience",  o.token_audience,  "NAME", "Tokens must be for it (aud)");
    text("--token-issuer",    o.token_issuer,    "NAME", "Tokens must be of it (iss)");
    app.add_flag("--allow-anonymous", o.allow_anonymous, "Where tokens are asked for: who shows none may connect too, as nobody in particular");
    app.add_option("--allowed-origin", o.allowed_origins, "Web pages of this origin may connect as clients, besides those of this host: https://app.example.com, https://*.example.com, or * for all; give several for several")->type_name("ORIGIN,...")->delimiter(',')->allow_extra_args(false);
    app.add_option("--workers", o.workers, "Event loops, each a thread: 1 to 64, or auto for one a processor; more than one pay on busy machines with processors to spare")->type_name("N|auto")->capture_default_str();
    app.footer(R"(Listening on anything but loopback is refused until that listener is protected:
  mesh by --secret-file, client by a key for tokens (--token-...-file);
  admin has no authentication yet, so only by --open.
Port 0 takes any free port; the node prints the one it got.
Every option may come from the environment instead: --mesh-listen is GRAPEVINE_MESH_LISTEN.

To change the secret, restart all nodes one by one, three times:
  with --secret-file old --secret-file new, then with --secret-file new --secret-file old, then with --secret-file new

Examples:
  one node, to try it           grapevine node
  three nodes on one machine    grapevine node --name n1 --listen 127.0.0.1:8001 --mesh-listen 127.0.0.1:7001 \
                                  --admin-listen 127.0.0.1:9001 --seeds 127.0.0.1:7002,127.0.0.1:7003
  nodes behind one DNS name     grapevine node --seeds mesh.example:7947
  nodes and ports from SRV      grapevine node --seeds srv:_grapevine._tcp.mesh.example
  one of several machines       grapevine node --listen 0.0.0.0:8000 --open client --mesh-listen 0.0.0.0:7947 \
                                  --secret-file secret --seeds a.example:7947,b.example:7947

Ends with 0 after SIGTERM or SIGINT, 1 if a live node has its name, 2 if an option is wrong or a port is taken.)");
}

void describe_config(CLI::App& app, ConfigOptions& o) {
    app.require_subcommand(1);
    CLI::App& check = *app.add_subcommand("check", "Say whether a node would take a file, and if not, which line is wrong");
    check.add_option("FILE", o.file, "The file")->type_name("")->required();
    CLI::App& show = *app.add_subcommand("show", "Print what a node would go by, every default written out");
    show.add_option("FILE", o.file, "The file; without one, what is so without `--config`")->type_name("");
    std::string keys;
    for (const RuleKey& key : namespace_keys())
        keys += "  " + key.name + std::string(key.name.size() < 30 ? 30 - key.name.size() : 1, ' ') + std::string{key.means} + "\n";
    app.footer(R"(The file is TOML; its keys are those of Centrifugo's, as far as they have a meaning here. What it does not allow is
not allowed, and a channel of a namespace that it does not name is an unknown channel (102).

  [channel.without_namespace]           # channels without a colon: lobby
  allow_subscribe_for_client = true

  [[channel.namespaces]]                # chat:lobby, chat:den
  name = "chat"
  allow_subscribe_for_client = true
  allow_publish_for_subscriber = true

  [channel.users]                       # who may send to #user
  allow_publish_for_client = true

  [channel.everybody]                   # who may publish to $system, which reaches all
  allow_publish_for_client = false

Keys of a namespace:
)" + keys + R"(
Examples:
  grapevine config check grapevine.toml
  grapevine config show > grapevine.toml        # something to begin with
  grapevine node --config grapevine.toml

Ends with 0 if the file is fine, 2 if it is not.)");
}

void describe_status(CLI::App& app, StatusOptions& o) {
    app.add_option("--admin", o.admin, "Admin listener of any node")->type_name("URL")->capture_default_str();
    app.add_flag("--json",    o.json,  "Print the answer of GET /api/cluster as it is");
    app.footer(R"(First the members; then, of each other node: who dialled the link, the version of the mesh protocol it
speaks, round trip, bytes that wait; its epoch, how many changes of its table are here, and how long ago both
tables were last seen to be equal. Last, links that were refused and why.

Examples:
  grapevine status --admin http://127.0.0.1:9001
  grapevine status --json | python3 -m json.tool

Ends with 0 if every member is alive, 4 if one is suspect or down, 3 if no node answers,
1 if the answer makes no sense, 2 if an option is wrong.)");
}

void describe_chat(CLI::App& app, ChatOptions& o) {
    app.add_option("--url",     o.urls,    "Client listener of a node; give several to move on when one goes away")->type_name("URL")->default_str("ws://127.0.0.1:8000/connection/websocket")->allow_extra_args(false);
    app.add_option("--user",    o.user,    "Who you are")->type_name("NAME")->required();
    app.add_option("--token",   o.token,   "Proves it to nodes that ask for tokens (`grapevine token`)")->type_name("TOKEN");
    app.add_option("--channel", o.channel, "Where your lines go")->type_name("NAME")->capture_default_str();
    app.footer(R"(What you type goes to the channel, except:
  /msg bob TEXT     to a user, on whichever node
  /status bob       is the user connected, and where
  /quit  /help

Examples:
  grapevine chat --user alice
  grapevine chat --user bob --url ws://127.0.0.1:8001/connection/websocket --url ws://127.0.0.1:8002/connection/websocket
  echo 'deployed' | grapevine chat --user ci --channel chat:ops

In a pipe it sends every line, waits for the answers, and leaves. Ends with 0 if all were accepted, 4 if one was
refused or got no answer, 3 if no node answers, 1 if a node sends it away for good, 2 if an option is wrong.)");
}

void describe_send(CLI::App& app, SendOptions& o) {
    app.add_option("--url",             o.urls,            "Client listener of a node; of several, the first that answers")->type_name("URL")->default_str("ws://127.0.0.1:8000/connection/websocket")->allow_extra_args(false);
    app.add_option("--to",              o.to,              "Who gets it; give several for several users")->type_name("USER")->required()->allow_extra_args(false);
    app.add_option("--user",            o.user,            "Who you are (default: nobody in particular)")->type_name("NAME");
    app.add_option("--token",           o.token,           "Proves it to nodes that ask for tokens (`grapevine token`)")->type_name("TOKEN");
    app.add_option("--wait",            o.wait,            "How much to wait for: none, node (written to the user's sessions), client (acknowledged)")->type_name("UNTIL")->check(CLI::IsMember({"none", "node", "client"}))->capture_default_str();
    app.add_option("--qos",             o.qos,             "0: at most once; 1: repeated until a client acknowledges it")->type_name("0|1")->check(CLI::Range(0, 1))->capture_default_str();
    app.add_option("--idempotency-key", o.idempotency_key, "The same again within 5 minutes gives the same receipt and sends nothing")->type_name("KEY");
    app.add_option("--timeout",         o.timeout_s,       "Seconds to wait for a receipt; nodes take up to 3, with acknowledgements 10")->type_name("SECONDS")->check(CLI::Range(1, 3600))->capture_default_str();
    app.add_flag("--json",              o.json,            "Print the receipt as the node wrote it");
    app.add_option("--data",            o.data,            "Any JSON instead of a text")->type_name("JSON");
    app.add_option("TEXT",              o.text,            "What to say; - reads it from standard input")->type_name("");
    app.footer(R"(Prints what became of the message, for each user: written (to so many sessions, on these nodes), acked,
not_connected, undeliverable, or unknown: then it may or may not have arrived.

Examples:
  grapevine send --to bob 'lunch?'
  grapevine send --to bob --to eve --url ws://127.0.0.1:8001/connection/websocket --user alice 'lunch?'
  grapevine send --to bob --wait client --qos 1 --idempotency-key order-4711 --data '{"order":4711}'
  dmesg | tail -n 5 | grapevine send --to oncall --json -

Ends with 0 if it was written or acknowledged for every user (with --wait none: accepted), 5 if it surely did not reach
one (not_connected, undeliverable), 4 if that is unknown of one, 3 if no node answers, 1 if the node refuses it,
2 if an option is wrong.)");
}

void describe_token(CLI::App& app, TokenOptions& o) {
    const auto text = [&app](const char* flag, std::string& value, const char* type, const char* help) {
        return app.add_option(flag, value, help)->type_name(type);
    };
    text("--user",             o.user,             "NAME",     "Whose token it is (default: nobody in particular)");
    app.add_option("--channel", o.channels, "The node subscribes the user's sessions to it; give several for several channels")->type_name("NAME")->allow_extra_args(false);
    text("--for-channel",      o.for_channel,      "NAME",     "A subscription's token, which lets the user subscribe to this channel");
    text("--client",           o.client,           "ID",       "With --for-channel: only for the session with this client id");
    text("--expires",          o.expires,          "DURATION", "How long it is good: seconds, or with s, m, h or d; never")->capture_default_str();
    text("--info",             o.info,             "JSON",     "What others see of the user");
    text("--hmac-secret-file", o.hmac_secret_file, "FILE",     "Sign with this secret (HS256)");
    text("--key-file",         o.key_file,         "FILE",     "Sign with this private key, PEM: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA); with --check, the public one");
    text("--key-id",           o.key_id,           "NAME",     "Which key of a JWK set it is (kid)");
    text("--audience",         o.audience,         "NAME",     "For whom it is (aud)");
    text("--issuer",           o.issuer,           "NAME",     "Who made it (iss)");
    text("--check",            o.check,            "TOKEN",    "Makes none: says what a node with these keys thinks of this one; - reads it from standard input");
    text("--jwks-file",        o.jwks_file,        "FILE",     "With --check: a key of this JWK set");
    app.add_flag("--json",     o.json,                         "Print {\"token\": ..., \"claims\": ...}");
    app.footer(R"(Makes tokens for development; your back end makes its own, with any library for JSON Web Tokens.

Examples:
  openssl rand -hex 32 > hmac && chmod 600 hmac
  grapevine node --token-hmac-secret-file hmac
  grapevine token --user alice --hmac-secret-file hmac
  grapevine token --user alice --channel news --info '{"name":"Alice"}' --expires 10m --hmac-secret-file hmac
  grapevine token --user alice --for-channel chat:lobby --hmac-secret-file hmac --json

  openssl genpkey -algorithm ed25519 -out private.pem && openssl pkey -in private.pem -pubout -out public.pem
  grapevine token --user alice --key-file private.pem | grapevine token --check - --key-file public.pem

Ends with 0; with --check, 1 if a node would refuse the token; 2 if an option or a file is wrong.)");
}
// clang-format on

}  // namespace

Options parse_options(int argc, const char* const* argv) {
    Options options;
    CLI::App app{
        "Grapevine: one binary that turns identical nodes into a WebSocket chat cluster.",
        "grapevine"};
    app.set_version_flag("--version", "grapevine " GRAPEVINE_VERSION);
    app.require_subcommand(1);
    app.formatter(std::make_shared<PlainFormatter>());
    app.get_formatter()->column_width(38);
    app.footer("`grapevine SUBCOMMAND --help` explains each with examples.");
    CLI::App& node = *app.add_subcommand("node", "Run a node");
    CLI::App& config = *app.add_subcommand("config", "Look at a configuration file");
    CLI::App& status = *app.add_subcommand("status", "Show the cluster as one node sees it");
    CLI::App& chat = *app.add_subcommand("chat", "Chat from this terminal, or from a pipe");
    CLI::App& send = *app.add_subcommand("send", "Send to users, and say what became of it");
    CLI::App& token = *app.add_subcommand("token", "Make tokens for development, or check one");
    CLI::App& bench = *app.add_subcommand("bench", "Put load on nodes, and judge what arrives");
    describe_node(node, options.node);
    // The library looks at the environment of every subcommand, whichever is run.
    if (argc > 1 && argv[1] == std::string_view{"node"}) take_from_environment(node);
    describe_config(config, options.config);
    describe_status(status, options.status);
    describe_chat(chat, options.chat);
    describe_send(send, options.send);
    describe_token(token, options.token);
    describe_bench(bench, options.bench);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // CLI11 has its own code for each kind of mistake; the shell needs one.
        options.exit_code = app.exit(error) == 0 ? ExitCode::ok : ExitCode::usage;
        return options;
    }
    if (node.parsed()) options.subcommand = Subcommand::node;
    if (config.got_subcommand("check")) options.subcommand = Subcommand::config_check;
    if (config.got_subcommand("show")) options.subcommand = Subcommand::config_show;
    if (status.parsed()) options.subcommand = Subcommand::status;
    if (chat.parsed()) options.subcommand = Subcommand::chat;
    if (send.parsed()) options.subcommand = Subcommand::send;
    if (token.parsed()) options.subcommand = Subcommand::token;
    if (bench.parsed()) options.subcommand = Subcommand::bench;
    return options;
}

}  // namespace grapevine::cli
