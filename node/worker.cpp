#include "node/worker.hpp"

#include "node/client_listener.hpp"
#include "node/front.hpp"

#include <pthread.h>
#include <string>
#include <thread>
#include <utility>

namespace grapevine::node {
namespace {

/// What may wait between two loops: what comes from clients holds these back, what goes to them
/// stays with Mesh, which has a bound of its own.
constexpr std::size_t waiting_bytes_max = 16 * 1024 * 1024;

}  // namespace

/// Members in the order they start; destruction is the reverse, when the thread has ended.
struct Worker::Parts {
    Parts(
        Loop& mesh,
        const mesh::SessionsConfig& config,
        const Options& options,
        const std::atomic<bool>& leaving,
        std::function<void(LoopBatch&)> heard_by)
        : mesh_loop(mesh),
          heard(std::move(heard_by)),
          to_mesh(mesh, waiting_bytes_max, [this](LoopBatch& batch) { take_output(batch); }),
          to_loop(loop, waiting_bytes_max, [this](mesh::LoopInput& input) { take_input(input); }),
          sockets(loop, edge, options.index),
          http(loop, edge),
          authenticator(
              options.token_keys ? std::make_unique<mesh::TokenAuthenticator>(
                                       options.token_rules, options.token_keys)
                                 : nullptr),
          turn(
              loop, config, authenticator.get(), to_mesh, leaving, [this] { return report_now(); }),
          clients(turn, sockets, http, options.origins, options.page),
          front(loop, sockets, http, clients, edge),
          heard_at(mesh.now()) {
        turn.connect(clients);
    }

    // ---- on the thread of loop 0
    void take_output(LoopBatch& batch) {
        report = batch.report;
        heard_at = mesh_loop.now();
        heard(batch);
        batch.output.taken_bytes = 0;
    }

    // ---- on its own thread
    void take_input(mesh::LoopInput& input) {
        turn.take(input);
        input.clear();
    }
    void take_in(TcpSocket socket) {
        ++adopted;
        front.adopt(std::move(socket));
    }
    [[nodiscard]] LoopReport report_now() const {
        return {
            .sessions = turn.sessions().counters(),
            .edge = edge,
            .session_count = turn.sessions().session_count(),
            .queued_bytes = turn.sessions().all_queued_bytes(),
            .client_connections = clients.open_count(),
            .http_connections = http.size() + front.size(),
            .wrong_kind = clients.wrong_kind_count(),
            .adopted = adopted};
    }

    // ---- of loop 0
    Loop& mesh_loop;
    std::function<void(LoopBatch&)> heard;
    // ---- between the two
    BatchQueue<LoopBatch> to_mesh;
    // ---- of the thread, once it runs
    Loop loop;
    BatchQueue<mesh::LoopInput> to_loop;
    EdgeCounters edge;
    WebSockets sockets;
    HttpConnections http;
    std::unique_ptr<mesh::TokenAuthenticator> authenticator;  ///< null: nobody is asked
    SessionsTurn turn;
    ClientListener clients;
    Front front;
    std::uint64_t adopted = 0;
    // ---- of loop 0 again
    LoopReport report;
    Instant heard_at;
    std::uint64_t given = 0;  ///< sockets
    std::thread thread;
};

Worker::Worker(
    Loop& mesh_loop,
    const mesh::SessionsConfig& sessions,
    const Options& options,
    const std::atomic<bool>& leaving,
    std::function<void(LoopBatch&)> heard)
    : parts_(std::make_unique<Parts>(mesh_loop, sessions, options, leaving, std::move(heard))) {
    parts_->thread = std::thread{[&parts = *parts_] { parts.loop.run(); }};
    // Seen by whoever looks at the process's threads.
    const std::string name = "loop " + std::to_string(options.index);
    ::pthread_setname_np(parts_->thread.native_handle(), name.c_str());
}

Worker::~Worker() {
    parts_->to_mesh.close();
    parts_->loop.stop();
    parts_->thread.join();
}

Loop& Worker::loop() {
    return parts_->loop;
}

void Worker::adopt(TcpSocket socket) {
    ++parts_->given;
    parts_->loop.post([&parts = *parts_, taken = std::move(socket)]() mutable {
        parts.take_in(std::move(taken));
    });
}

void Worker::use(mesh::TokenAuthenticator::Keys keys) {
    parts_->loop.post([&parts = *parts_, taken = std::move(keys)]() mutable {
        parts.authenticator->use(std::move(taken));
    });
}

void Worker::tell(mesh::LoopInput& input) {
    if (input.is_empty() || parts_->to_loop.is_full()) return;
    std::unique_ptr<mesh::LoopInput> batch = parts_->to_loop.make();
    batch->swap(input);
    const std::size_t bytes = batch->bytes();
    parts_->to_loop.push(std::move(batch), bytes);
}

std::uint64_t Worker::load() const {
    const LoopReport& report = parts_->report;
    return report.client_connections + report.http_connections + parts_->given - report.adopted;
}

const LoopReport& Worker::report() const {
    return parts_->report;
}

Instant Worker::heard_at() const {
    return parts_->heard_at;
}

}  // namespace grapevine::node
