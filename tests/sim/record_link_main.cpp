// Prints a link between two nodes of this program as tests/support/recording.hpp reads it: what
// they did and, byte for byte, what they said. Run it before a change of the protocol, keep what it
// prints in tests/fixtures, and later programs are held to it (docs/hacking.md).
#include "tests/support/party.hpp"
#include "tests/support/recording.hpp"

#include <cstdio>
#include <map>

namespace grapevine::tests {
namespace {

const std::vector<std::string> addresses{"10.0.0.1:7000", "10.0.0.2:7000", "10.0.0.3:7000"};
const std::string secret = "open sesame";
constexpr std::size_t dialer = 0;
constexpr std::size_t acceptor = 1;

/// A dialer, an acceptor, and a third node that only the acceptor knows at first, so that it has
/// somebody to tell of.
class Stage {
public:
    Stage() {
        const std::vector<std::string> names{"dialer", "acceptor", "third"};
        mesh::MeshConfig config;
        config.ring_min = config.ring_max = 2;  // a newcomer is told a snapshot
        for (std::size_t at = 0; at < names.size(); ++at)
            parties_.push_back(std::make_unique<Party>(
                PartyIs{
                    .cluster = "recorded",
                    .name = names[at],
                    .secret = secret,
                    .advertise = addresses[at],
                    .epoch = 1'700'000'000'000'000 + at,
                    .boot = 101 + at},
                at == acceptor ? std::vector<std::string>{}
                               : std::vector<std::string>{addresses[1]},
                config));
    }

    void does(std::size_t who, const std::string& step) {
        if (who <= acceptor) std::printf("%s does %s\n", role(who), step.c_str());
        parties_[who]->perform(step);
        settle();
    }
    /// Without letting the other hear of it yet.
    void does_unheard(std::size_t who, const std::string& step) {
        std::printf("%s does %s\n", role(who), step.c_str());
        parties_[who]->perform(step);
    }
    void settle() { pass(std::chrono::milliseconds{100}); }
    void pass(mesh::Duration time) {
        constexpr mesh::Duration step = std::chrono::milliseconds{20};
        for (mesh::Duration passed{}; passed < time; passed += step)
            turn(step);
    }
    /// The dialer comes to life when it is first let.
    bool dialer_lives = false;

private:
    struct End {
        std::size_t party = 0;
        mesh::LinkId link;
        friend auto operator<=>(const End&, const End&) = default;
    };
    static const char* role(std::size_t who) { return who == dialer ? "dialer" : "acceptor"; }
    static mesh::Nonce nonce_of(char letter) {
        mesh::Nonce nonce;
        nonce.fill(letter);
        return nonce;
    }

    /// All end their turns, then everything is carried: what is said at once crosses.
    void turn(mesh::Duration step) {
        std::vector<mesh::Edge> edges(parties_.size());
        for (std::size_t at = 0; at < parties_.size(); ++at) {
            parties_[at]->pass(step);
            if (at != dialer || dialer_lives) edges[at] = parties_[at]->end_turn();
        }
        for (std::size_t at = 0; at < parties_.size(); ++at)
            carry_out(at, edges[at]);
    }

    void carry_out(std::size_t at, const mesh::Edge& edge) {
        Party& party = *parties_[at];
        for (const auto& resolve : edge.resolves)
            party.driver().on(mesh::Resolved{resolve.seed, {resolve.seed}}, party.now());
        for (const auto& dial : edge.dials)
            connect(at, dial);
        for (const auto& sent : edge.link_sends)
            carry({at, sent.link}, sent.message.view());
        for (const auto& close : edge.link_closes) {
            const End other = others_.at({at, close.link});
            party.driver().on(mesh::LinkClosed{close.link}, party.now());
            parties_[other.party]->driver().on(
                mesh::LinkClosed{other.link}, parties_[other.party]->now());
        }
    }

    void connect(std::size_t from, const mesh::Dial& dial) {
        Party& party = *parties_[from];
        std::size_t to = 0;
        while (addresses[to] != dial.address)
            ++to;
        // What is recorded is one link; nobody reaches the dialer, and it nobody but the acceptor.
        if (to == dialer || (from == dialer && to != acceptor))
            return party.driver().on(
                mesh::DialFailed{dial.link, mesh::DialFailure::timeout}, party.now());
        const End accepted{to, mesh::LinkId{mesh::accepted_link_bit | ++accepted_}};
        others_[{from, dial.link}] = accepted;
        others_[accepted] = {from, dial.link};
        Party& other = *parties_[to];
        other.driver().on(
            mesh::LinkOpened{accepted.link, addresses[from], nonce_of('a')}, other.now());
        party.driver().on(mesh::LinkOpened{dial.link, dial.address, nonce_of('d')}, party.now());
    }

    void carry(End from, std::string_view message) {
        const End to = others_.at(from);
        if (from.party <= acceptor && to.party <= acceptor)
            std::printf(
                "%s says %s %s\n",
                role(from.party),
                hex_of(message).c_str(),
                names_of(message).c_str());
        Party& sender = *parties_[from.party];
        sender.driver().on(mesh::LinkDrained{from.link, message.size()}, sender.now());
        Party& receiver = *parties_[to.party];
        receiver.driver().on(mesh::LinkReceived{to.link, message}, receiver.now());
    }

    std::vector<std::unique_ptr<Party>> parties_;
    std::map<End, End> others_;
    std::uint64_t accepted_ = 0;
};

void record() {
    std::printf("secret %s\n", secret.c_str());
    Stage stage;
    constexpr std::size_t third = 2;
    stage.does(third, "connect carl");
    stage.does(acceptor, "connect bob");
    stage.does(acceptor, "subscribe bob lobby");
    stage.does(acceptor, "connect ben");
    stage.does(dialer, "connect ann");
    stage.does(dialer, "connect amy");
    stage.does(dialer, "subscribe ann lobby");
    stage.dialer_lives = true;
    stage.pass(std::chrono::milliseconds{1500});
    for (const auto& [who, user, other] :
         {std::tuple{dialer, "ann", "bob"}, std::tuple{acceptor, "bob", "ann"}}) {
        stage.does(who, std::string{"publish "} + user + " lobby");
        stage.does(who, std::string{"send "} + other);
        stage.does(who, std::string{"ask "} + other);
        stage.does(who == dialer ? acceptor : dialer, std::string{"ack "} + other);
        stage.does(who, "everybody");
    }
    // A user who goes while a message is on its way there.
    for (const auto& [who, other, user] :
         {std::tuple{dialer, acceptor, "bob"}, std::tuple{acceptor, dialer, "ann"}}) {
        stage.does_unheard(who, std::string{"send "} + user);
        stage.does(other, std::string{"close "} + user);
    }
    stage.pass(std::chrono::milliseconds{2500});
    stage.does_unheard(dialer, "leave");
    stage.does(acceptor, "leave");
}

}  // namespace
}  // namespace grapevine::tests

int main() {
    grapevine::tests::record();
}
