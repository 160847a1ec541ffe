// Whatever users and faults do, and in whatever order: everybody is where the model says, every law
// of the simulated world holds, and in the end all is well. A failing history is shrunk to the few
// steps that matter.
#include "tests/sim/world.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/state.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace grapevine::sim {
namespace {

constexpr std::size_t node_count = 3;
/// Bob has two devices.
constexpr std::array device_users{"ann", "bob", "bob", "eve"};
constexpr std::array users{"ann", "bob", "eve", "nobody"};
/// A node that stops for longer may lose its clients.
constexpr Duration pause_most = 8s;
/// Who dials a node that has stopped waits for it.
constexpr Duration patience = 20s;
/// Links that are half-open in the end are noticed within this.
constexpr Duration settle = 12s;

enum class Life : std::uint8_t { runs, paused, dead };

/// Which devices are connected where, and which nodes can do anything. Nodes count from 1.
struct Model {
    std::array<std::optional<std::size_t>, device_users.size()> device_at;
    std::array<Life, node_count> nodes{};
    std::array<Duration, node_count> paused_for{};
    std::set<std::pair<std::size_t, std::size_t>> cuts;

    [[nodiscard]] Life life(std::size_t node) const { return nodes.at(node - 1); }
    /// Connected, to a node that listens.
    [[nodiscard]] bool can_speak(std::size_t device) const {
        return device_at.at(device) && life(*device_at.at(device)) == Life::runs;
    }
    [[nodiscard]] std::uint32_t sessions_of(std::string_view user) const {
        std::uint32_t sessions = 0;
        for (std::size_t device = 0; device < device_at.size(); ++device)
            sessions += device_at.at(device) && user == device_users.at(device) ? 1 : 0;
        return sessions;
    }
};

std::size_t any_device() {
    return *rc::gen::inRange<std::size_t>(0, device_users.size());
}
std::size_t any_node() {
    return *rc::gen::inRange<std::size_t>(1, node_count + 1);
}

/// A step of the history; the world must still be good after it.
struct Step : rc::state::Command<Model, World> {
    void run(const Model& model, World& world) const override {
        act(model, world);
        if (!world.is_good()) RC_FAIL(world.report());
    }
    virtual void act(const Model& model, World& world) const = 0;
};

struct Connect final : Step {
    std::size_t device = any_device();
    std::size_t node = any_node();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(!model.device_at.at(device).has_value());
        RC_PRE(model.life(node) == Life::runs);
    }
    void apply(Model& model) const override { model.device_at.at(device) = node; }
    void act(const Model&, World& world) const override {
        world.clients()[device]->connect(world.node(node));
    }
    void show(std::ostream& out) const override {
        out << "device " << device << " connects to n" << node;
    }
};

struct Disconnect final : Step {
    std::size_t device = any_device();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(model.device_at.at(device).has_value());
    }
    void apply(Model& model) const override { model.device_at.at(device).reset(); }
    void act(const Model&, World& world) const override { world.clients()[device]->disconnect(); }
    void show(std::ostream& out) const override { out << "device " << device << " disconnects"; }
};

struct Move final : Step {
    std::size_t device = any_device();
    std::size_t node = any_node();
    bool gently = *rc::gen::arbitrary<bool>();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(model.device_at.at(device).has_value());
        RC_PRE(model.life(node) == Life::runs);
    }
    void apply(Model& model) const override { model.device_at.at(device) = node; }
    void act(const Model&, World& world) const override {
        Client& client = *world.clients()[device];
        gently ? client.move_gently_to(world.node(node)) : client.move_to(world.node(node));
    }
    void show(std::ostream& out) const override {
        out << "device " << device << (gently ? " moves gently" : " moves") << " to n" << node;
    }
};

struct Say final : Step {
    std::size_t device = any_device();
    std::string user = *rc::gen::elementOf(users);
    int kind = *rc::gen::inRange(0, 7);  // 0: publish; else wait and quality of a send
    int count = *rc::gen::inRange(1, 4);

    void checkPreconditions(const Model& model) const override { RC_PRE(model.can_speak(device)); }
    void act(const Model&, World& world) const override {
        Client& client = *world.clients()[device];
        for (int said = 0; said < count; ++said) {
            if (kind == 0)
                client.say("#" + user);
            else
                client.send(
                    {.to = {user},
                     .wait = static_cast<Wait>((kind - 1) % 3),
                     .at_least_once = kind > 3,
                     .idempotency_key = {}});
        }
    }
    void show(std::ostream& out) const override {
        out << "device " << device << " says " << count << " to " << user << ", kind " << kind;
    }
};

/// Over HTTP, to everybody there is and to somebody who is not.
struct SendToAll final : Step {
    std::size_t node = any_node();
    bool at_least_once = *rc::gen::arbitrary<bool>();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(model.life(node) == Life::runs);
    }
    void act(const Model&, World& world) const override {
        world.node(node).send(
            {.to = {users.begin(), users.end()},
             .wait = Wait::node,
             .at_least_once = at_least_once,
             .idempotency_key = {}});
    }
    void show(std::ostream& out) const override { out << "n" << node << " sends to all"; }
};

struct Cut final : Step {
    std::size_t from = any_node();
    std::size_t to = any_node();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(from != to);
        RC_PRE(!model.cuts.contains({from, to}));
    }
    void apply(Model& model) const override { model.cuts.emplace(from, to); }
    void act(const Model&, World& world) const override {
        world.network().block(world.node(from).host(), world.node(to).host());
    }
    void show(std::ostream& out) const override {
        out << "nothing gets from n" << from << " to n" << to;
    }
};

struct Mend final : Step {
    void checkPreconditions(const Model& model) const override { RC_PRE(!model.cuts.empty()); }
    void apply(Model& model) const override { model.cuts.clear(); }
    void act(const Model&, World& world) const override { world.network().unblock_all(); }
    void show(std::ostream& out) const override { out << "everything gets through"; }
};

struct Break final : Step {
    std::size_t from = any_node();
    std::size_t to = any_node();
    bool half_open = *rc::gen::arbitrary<bool>();

    void checkPreconditions(const Model&) const override { RC_PRE(from != to); }
    void act(const Model&, World& world) const override {
        for (const ConnectionId link : world.links(world.node(from), world.node(to))) {
            if (half_open)
                world.network().blackhole(link, Side::dialer, std::nullopt);
            else
                world.network().break_connection(link, 1ms, 300ms);
        }
    }
    void show(std::ostream& out) const override {
        out << "links of n" << from << " and n" << to << (half_open ? " are half open" : " break");
    }
};

struct Crash final : Step {
    std::size_t node = any_node();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(model.life(node) != Life::dead);
    }
    void apply(Model& model) const override {
        model.nodes.at(node - 1) = Life::dead;
        model.paused_for.at(node - 1) = {};
        for (auto& at : model.device_at)
            if (at == node) at.reset();
    }
    void act(const Model& model, World& world) const override {
        world.node(node).crash();
        // Who was still dialling would reach the next process.
        for (std::size_t device = 0; device < device_users.size(); ++device)
            if (model.device_at.at(device) == node) world.clients()[device]->disconnect();
    }
    void show(std::ostream& out) const override { out << "n" << node << " crashes"; }
};

struct Restart final : Step {
    std::size_t node = any_node();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(model.life(node) == Life::dead);
    }
    void apply(Model& model) const override { model.nodes.at(node - 1) = Life::runs; }
    void act(const Model&, World& world) const override { world.node(node).start(); }
    void show(std::ostream& out) const override { out << "n" << node << " starts again"; }
};

struct Pause final : Step {
    std::size_t node = any_node();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(model.life(node) == Life::runs);
    }
    void apply(Model& model) const override { model.nodes.at(node - 1) = Life::paused; }
    void act(const Model&, World& world) const override { world.node(node).pause(); }
    void show(std::ostream& out) const override { out << "n" << node << " stops"; }
};

struct Resume final : Step {
    std::size_t node = any_node();

    void checkPreconditions(const Model& model) const override {
        RC_PRE(model.life(node) == Life::paused);
    }
    void apply(Model& model) const override {
        model.nodes.at(node - 1) = Life::runs;
        model.paused_for.at(node - 1) = {};
    }
    void act(const Model&, World& world) const override { world.node(node).resume(); }
    void show(std::ostream& out) const override { out << "n" << node << " goes on"; }
};

struct Advance final : Step {
    int span_ms = *rc::gen::weightedOneOf<int>(
        {{6, rc::gen::inRange(1, 20)},
         {3, rc::gen::inRange(20, 500)},
         {1, rc::gen::inRange(500, 4000)}});

    void checkPreconditions(const Model& model) const override {
        for (const Duration paused : model.paused_for)
            RC_PRE(paused + span_ms * 1ms <= pause_most);
    }
    void apply(Model& model) const override {
        for (std::size_t node = 0; node < node_count; ++node)
            if (model.nodes.at(node) == Life::paused) model.paused_for.at(node) += span_ms * 1ms;
    }
    void act(const Model&, World& world) const override { world.run_for(span_ms * 1ms); }
    void show(std::ostream& out) const override { out << span_ms << " ms pass"; }
};

/// All faults but deaths are over, and every node that lives sees what the model says.
struct Settle final : Step {
    void apply(Model& model) const override {
        model.cuts.clear();
        model.paused_for = {};
        for (Life& life : model.nodes)
            if (life == Life::paused) life = Life::runs;
    }
    void act(const Model& model, World& world) const override {
        world.heal();
        world.run_until([&] { return world.is_converged(); }, 40s, 50ms);
        if (const auto why = world.why_not_converged()) RC_FAIL(*why + "\n" + world.report());
        for (std::size_t number = 1; number <= node_count; ++number) {
            if (model.life(number) == Life::dead) continue;
            for (const char* const user : users)
                RC_ASSERT(
                    world.node(number).mesh().where_is(user).sessions == model.sessions_of(user));
        }
    }
    void show(std::ostream& out) const override { out << "all settles"; }
};

void play(WorldOptions options) {
    options.nodes = node_count;
    options.network.dial_timeout = patience;
    options.seed = *rc::gen::inRange<std::uint64_t>(1, 1'000'000);
    for (std::size_t number = 1; number <= node_count; ++number)
        options.seeds.push_back("10.0.0." + std::to_string(number) + ":7000");
    World world{options};
    for (const char* const user : device_users)
        world.add_client(
            {.user = user,
             .encoding = world.clients().size() % 2 == 0 ? proto::Encoding::json
                                                         : proto::Encoding::protobuf,
             .acknowledges = world.clients().size() != 2});
    world.start_all();
    rc::state::check(
        Model{},
        world,
        rc::state::gen::execOneOfWithArgs<
            Connect,
            Connect,
            Disconnect,
            Move,
            Move,
            Move,
            Say,
            Say,
            Say,
            Say,
            SendToAll,
            Cut,
            Mend,
            Break,
            Crash,
            Restart,
            Pause,
            Resume,
            Advance,
            Advance,
            Advance,
            Settle>());
    world.heal();
    for (const auto& node : world.nodes())
        if (!node->is_running()) node->start();
    world.run_for(settle);
    world.expect_liveness(60s);
    if (!world.is_good()) RC_FAIL(world.report());
}

RC_GTEST_PROP(MovingUsers, AreWhereTheyAreAndHearWhatTheyShould, ()) {
    play({});
}

// The same with names that share hashes, and with a slow network.
RC_GTEST_PROP(MovingUsers, WithSharedHashesLikewise, ()) {
    WorldOptions options;
    options.mesh.key_bits = 2;
    play(options);
}
RC_GTEST_PROP(MovingUsers, OnASlowNetworkLikewise, ()) {
    WorldOptions options;
    options.network.path.latency = {.least = 10ms, .most = 100ms};
    play(options);
}

}  // namespace
}  // namespace grapevine::sim
