#include "node/node.hpp"

#include "node/descriptors.hpp"
#include "node/metrics.hpp"
#include "node/token_keys.hpp"
#include "node/workers.hpp"

#include <asio/signal_set.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <limits>

namespace grapevine::node {
namespace {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
/// After LEAVE, sessions have this long to take their close code.
constexpr Duration close_within = std::chrono::seconds{1};
constexpr Duration close_look_every = std::chrono::milliseconds{20};

std::string text_of(const asio::ip::tcp::endpoint& endpoint) {
    return to_string(Address{endpoint.address().to_string(), endpoint.port()});
}

std::uint64_t random_word() {
    std::uint64_t word = 0;
    fill_random(std::as_writable_bytes(std::span{&word, 1}));
    return word;
}

/// What others should dial: as configured, else where we listen; of a wildcard only the port is
/// known.
std::string advertised(const NodeConfig& config, const asio::ip::tcp::endpoint& listening) {
    if (config.mesh_advertise) return to_string(*config.mesh_advertise);
    if (listening.address().is_unspecified()) return ":" + std::to_string(listening.port());
    return text_of(listening);
}

mesh::MeshConfig mesh_config(const NodeConfig& config, const asio::ip::tcp::endpoint& listening) {
    mesh::MeshConfig mesh{
        .cluster = config.cluster,
        .name = config.name,
        .secret = config.secret,
        .also_accepted = config.also_accepted,
        .advertise = advertised(config, listening),
        .seeds = config.seeds,
        .boot = proto::Boot{random_word()},
        .rng_seed = random_word(),
        .leave_linger = config.leave_linger,
        .resolve_every = config.dns_every,
        .full_mesh_max = config.full_mesh_max,
        .link_idle = config.link_idle};
    std::array<char, 32> entropy{};
    fill_random(std::as_writable_bytes(std::span{entropy}));
    mesh.entropy.assign(entropy.begin(), entropy.end());
    return mesh;
}

AllowedOrigins origins(const NodeConfig& config) {
    if (config.open.client && config.allowed_origins.empty()) return AllowedOrigins::any();
    return AllowedOrigins{config.allowed_origins};
}

/// Names the flag to change when a listener cannot be had.
std::unique_ptr<Acceptor> listen(
    Loop& loop,
    std::string_view flag,
    const Address& address,
    AcceptorOwner& owner,
    EdgeCounters& counters,
    AcceptorOptions options = {}) {
    try {
        return std::make_unique<Acceptor>(
            loop, find_listen_endpoint(address), owner, counters, options);
    } catch (const CannotListen& error) {
        throw CannotListen(std::string{flag} + " " + to_string(address) + ": " + error.what());
    }
}

}  // namespace

/// Members in the order they start; destruction is the reverse.
struct Node::Parts {
    Parts(Loop& on, const NodeConfig& config, Journal& to)
        : loop(on),
          journal(to),
          token_keys(config.tokens),
          token_rules{config.tokens.audience, config.tokens.issuer},
          authenticator(token_rules, token_keys.keys()),
          mesh_door(on),
          client_door(on),
          admin_door(on),
          sockets(on, edge),
          http(on, edge),
          mesh_acceptor(listen(on, "--mesh-listen", config.mesh_listen, mesh_door, edge)),
          driver(
              mesh_config(config, mesh_acceptor->local_endpoint()),
              {.rules = config.rules, .allow_anonymous = config.tokens.allow_anonymous},
              mesh::Now{on.now(), wall_now()},
              config.workers,
              config.tokens.has_key() ? &authenticator : nullptr),
          turn(on, driver, to),
          workers(
              on,
              config.workers,
              driver.sessions_config(),
              {.origins = origins(config),
               .page = config.pages ? chat_page() : Page{},
               .token_rules = token_rules,
               .token_keys = config.tokens.has_key() ? token_keys.keys() : nullptr},
              to,
              [this](std::size_t from, LoopBatch& batch) { turn.hear(from, batch.output); }),
          clients(turn, sockets, http, origins(config), config.pages ? chat_page() : Page{}),
          links(on, turn, sockets, http, config),
          admin(
              turn,
              http,
              config.open.admin,
              config.pages ? dashboard_page() : Page{},
              [this] { return metrics(); }),
          client_front(on, sockets, http, clients, edge),
          mesh_front(on, sockets, http, links, edge),
          admin_front(on, sockets, http, admin, edge) {
        mesh_door.lead_to(mesh_front);
        client_door.lead_to(client_front);
        client_door.spread_over(
            workers, [this] { return clients.open_count() + client_front.size() + http.size(); });
        client_door.keep_free(raise_descriptor_limit(), edge);
        admin_door.lead_to(admin_front);
        client_acceptor = listen(
            on,
            "--listen",
            config.listen,
            client_door,
            edge,
            {.kernel_unsent_max = client_unsent_bytes, .waits_for_words = true});
        admin_acceptor = listen(on, "--admin-listen", config.admin_listen, admin_door, edge);
        turn.connect(clients, links, admin, workers);
        if (config.tokens.has_key()) look_at_token_keys();
    }
    ~Parts() {
        loop.disarm(close_timer);
        loop.disarm(token_timer);
    }

    void look_at_token_keys() {
        const bool is_changed = token_keys.look([this](const std::string& fault) {
            journal.write(
                Level::warning, "token_keys_refused reason=\"" + fault + "\"", turn.now());
        });
        if (is_changed) {
            authenticator.use(token_keys.keys());
            workers.use(token_keys.keys());
            journal.write(
                Level::info,
                "token_keys_read keys=" + std::to_string(token_keys.keys()->size()),
                turn.now());
        }
        token_timer =
            loop.arm(token_keys_look_every, TimerCall::to<&Parts::look_at_token_keys>(this));
    }

    std::string metrics() {
        return metrics_text(
            driver,
            report(),
            {.stalled = workers.stalled(), .stalls_seen = workers.stalls_seen()},
            turn.now());
    }
    /// Of all loops.
    [[nodiscard]] LoopReport report() const {
        LoopReport report = workers.sum();
        return report +=
               {.sessions = driver.sessions().counters(),
                .edge = edge,
                .session_count = driver.sessions().session_count(),
                .queued_bytes = driver.sessions().all_queued_bytes(),
                .client_connections = clients.open_count(),
                .http_connections = http.size(),
                .wrong_kind = clients.wrong_kind_count()};
    }
    void wait_for_closes() {
        const bool nobody_left = report().client_connections == 0 && links.open_count() == 0;
        if (close_by == mesh::never) close_by = loop.now() + close_within;
        if (!nobody_left && loop.now() < close_by) {
            close_timer = loop.arm(close_look_every, TimerCall::to<&Parts::wait_for_closes>(this));
        } else if (ended) {
            ended(NodeEnd::left);
        }
    }

    /// Takes what an acceptor accepts to its listener's front. Accepting begins with the first turn
    /// of the loop, when the fronts are there.
    class Door final : public AcceptorOwner {
    public:
        explicit Door(Loop& loop) : loop_(loop) {}
        void lead_to(Front& front) { front_ = &front; }
        /// Each socket goes to the loop that has the fewest; `own_load`: of this one.
        void spread_over(Workers& workers, std::function<std::uint64_t()> own_load) {
            workers_ = &workers;
            own_load_ = std::move(own_load);
        }
        /// Descriptors are given out lowest first: a high one says that few are left.
        void keep_free(std::size_t descriptor_limit, EdgeCounters& counters) {
            highest_ = descriptor_limit > 2 * reserved_descriptors
                           ? descriptor_limit - reserved_descriptors
                           : descriptor_limit;
            counters_ = &counters;
        }
        void accepted(TcpSocket socket) override {
            if (static_cast<std::size_t>(socket.native_handle()) >= highest_) {
                ++counters_->clients_refused_full;
                return;  // closes it
            }
            worker_ != nullptr ? worker_->adopt(std::move(socket))
                               : front_->adopt(std::move(socket));
        }
        Loop& loop_of_next() override {
            if (workers_ == nullptr) return loop_;
            worker_ = workers_->least_loaded(own_load_());
            return worker_ != nullptr ? worker_->loop() : loop_;
        }

    private:
        Loop& loop_;
        Front* front_ = nullptr;
        Workers* workers_ = nullptr;
        std::function<std::uint64_t()> own_load_;
        Worker* worker_ = nullptr;  ///< of the socket that is accepted now; null: this loop's
        std::size_t highest_ = std::numeric_limits<std::size_t>::max();
        EdgeCounters* counters_ = nullptr;
    };

    Loop& loop;
    Journal& journal;
    EdgeCounters edge;
    TokenKeyFiles token_keys;
    const mesh::TokenRules token_rules;
    mesh::TokenAuthenticator authenticator;  ///< of this loop
    Door mesh_door;
    Door client_door;
    Door admin_door;
    WebSockets sockets;
    HttpConnections http;
    std::unique_ptr<Acceptor> mesh_acceptor;  ///< first: its port is what others are told
    mesh::Driver driver;
    Turn turn;
    Workers workers;
    ClientListener clients;
    MeshListener links;
    AdminListener admin;
    Front client_front;
    Front mesh_front;
    Front admin_front;
    std::unique_ptr<Acceptor> client_acceptor;
    std::unique_ptr<Acceptor> admin_acceptor;
    std::function<void(NodeEnd)> ended;
    TimerId close_timer;
    TimerId token_timer;
    Instant close_by = mesh::never;
};

Node::Node(Loop& loop, const NodeConfig& config, Journal& journal)
    : parts_(std::make_unique<Parts>(loop, config, journal)) {
    Parts& parts = *parts_;
    parts.ended = [this](NodeEnd end) {
        if (ended) ended(end);
    };
    parts.turn.on_left = [&parts] { parts.wait_for_closes(); };
    parts.turn.on_must_stop = [&parts] { parts.ended(NodeEnd::name_taken); };
}

Node::~Node() = default;

void Node::leave() {
    Parts& parts = *parts_;
    if (parts.client_acceptor) parts.client_acceptor->close();
    if (parts.mesh_acceptor) parts.mesh_acceptor->close();
    parts.workers.leave();
    parts.driver.leave(parts.turn.now());
    parts.turn.schedule();
}

asio::ip::tcp::endpoint Node::client_endpoint() const {
    return parts_->client_acceptor->local_endpoint();
}
asio::ip::tcp::endpoint Node::mesh_endpoint() const {
    return parts_->mesh_acceptor->local_endpoint();
}
asio::ip::tcp::endpoint Node::admin_endpoint() const {
    return parts_->admin_acceptor->local_endpoint();
}
const mesh::Driver& Node::driver() const {
    return parts_->driver;
}

int run(const NodeConfig& config) {
    Loop loop;
    Journal journal{Level::info};
    std::unique_ptr<Node> node;
    try {
        node = std::make_unique<Node>(loop, config, journal);
    } catch (const CannotListen& error) {
        std::fprintf(stderr, "grapevine: %s\n", error.what());
        return exit_usage;
    } catch (const BadTokenKeys& error) {
        std::fprintf(stderr, "grapevine: %s\n", error.what());
        return exit_usage;
    }
    int exit_code = exit_ok;
    node->ended = [&](NodeEnd end) {
        if (end == NodeEnd::name_taken) {
            std::fprintf(
                stderr,
                "grapevine: another process named '%s' is alive in cluster '%s'; choose another "
                "--name\n",
                config.name.c_str(),
                config.cluster.c_str());
            exit_code = exit_failed;
        }
        loop.stop();
    };
    asio::signal_set signals(loop.context(), SIGTERM, SIGINT);
    std::function<void()> await_signal = [&] {
        signals.async_wait([&](const asio::error_code& error, int) {
            if (error) return;
            node->leave();
            await_signal();
        });
    };
    await_signal();
    std::printf(
        "listening name=%s client=%s mesh=%s admin=%s\n",
        config.name.c_str(),
        text_of(node->client_endpoint()).c_str(),
        text_of(node->mesh_endpoint()).c_str(),
        text_of(node->admin_endpoint()).c_str());
    std::fflush(stdout);
    loop.run();
    signals.cancel();
    node.reset();
    std::fflush(nullptr);
    return exit_code;
}

}  // namespace grapevine::node
