#include "node/resolver.hpp"

#include "node/dns_channel.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace grapevine::node {
namespace {

/// Whatever has come until then is the answer. Mesh asks again after 10 s.
constexpr Duration give_up_after = std::chrono::seconds{8};
/// Each has a few sockets of its own.
constexpr std::size_t lookups_max = 16;
/// More than links that may be dialled and seeds that anybody writes; further ones fail at once.
constexpr std::size_t waiting_max = 4096;
/// Targets taken from an SRV answer, those of the best priority first.
constexpr std::size_t targets_max = 256;
/// Of those, asked at the same time: a server that is flooded drops questions.
constexpr std::size_t targets_at_once = 16;
/// A DNS message has room for 4,000 addresses of a family; Mesh takes the first 1,024 it does not
/// know yet.
constexpr std::size_t addresses_max = 16 * 1024;

}  // namespace

/// One text on its way to its addresses.
class Resolver::Lookup {
public:
    Lookup(Resolver& owner, Waiting asked)
        : owner_(owner), asked_(std::move(asked)), channel_(owner.loop_, owner.servers_) {}
    ~Lookup() { owner_.loop_.disarm(deadline_); }
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

    void start() {
        deadline_ = owner_.loop_.arm(give_up_after, TimerCall::to<&Lookup::give_up>(this));
        if (asked_.text.starts_with(srv_prefix)) return ask_services();
        const Address address = split_address(asked_.text);
        targets_.push_back({address.host, address.port, {}});
        ask_targets();
    }
    void tell() {
        mesh::Resolved resolved{.seed = asked_.text, .addresses = {}, .whole = is_whole_};
        std::set<std::string> seen;
        for (const Target& target : targets_)
            for (const asio::ip::address& address : target.addresses) {
                std::string text = to_string(Address{address.to_string(), target.port});
                if (!seen.insert(text).second) continue;
                if (resolved.addresses.size() < addresses_max)
                    resolved.addresses.push_back(std::move(text));
                else
                    ++left_out_;
            }
        resolved.left_out = left_out_;
        // What was left out has not vanished.
        if (left_out_ != 0) resolved.whole = false;
        asked_.done(resolved);
    }

private:
    struct Target {
        std::string host;
        std::uint16_t port = 0;
        std::vector<asio::ip::address> addresses;
    };

    void ask_services() {
        ++questions_;
        channel_.ask_services(
            asked_.text.substr(srv_prefix.size()),
            [this](DnsOutcome outcome, std::vector<DnsService> services) {
                --questions_;
                if (outcome == DnsOutcome::failed) is_whole_ = false;
                take(std::move(services));
                ask_targets();
            });
    }
    void take(std::vector<DnsService> services) {
        std::stable_sort(
            services.begin(), services.end(), [](const DnsService& left, const DnsService& right) {
                return left.priority < right.priority;
            });
        std::set<std::pair<std::string, std::uint16_t>> seen;
        for (DnsService& service : services) {
            // An empty host says that there is no such service.
            if (service.host.empty() || service.port == 0) continue;
            if (!seen.emplace(service.host, service.port).second) continue;
            if (targets_.size() < targets_max)
                targets_.push_back({std::move(service.host), service.port, {}});
            else
                ++left_out_;
        }
    }
    /// Answers from /etc/hosts come from inside the asking; then the outer call goes on.
    void ask_targets() {
        if (std::exchange(is_asking_, true)) return;
        while (next_ < targets_.size() && questions_ < 2 * targets_at_once) {
            const std::size_t index = next_++;
            for (const DnsFamily family : {DnsFamily::v4, DnsFamily::v6})
                ask(index, family);
        }
        is_asking_ = false;
        if (next_ == targets_.size() && questions_ == 0) end();
    }
    void ask(std::size_t index, DnsFamily family) {
        ++questions_;
        channel_.ask_addresses(
            targets_[index].host,
            family,
            [this, index](DnsOutcome outcome, const std::vector<asio::ip::address>& addresses) {
                --questions_;
                if (outcome == DnsOutcome::failed) is_whole_ = false;
                std::vector<asio::ip::address>& all = targets_[index].addresses;
                all.insert(all.end(), addresses.begin(), addresses.end());
                ask_targets();
            });
    }
    void give_up() {
        deadline_ = {};
        is_whole_ = false;
        end();
    }
    /// Not at once: c-ares may be at work further up the stack.
    void end() {
        if (std::exchange(has_ended_, true)) return;
        owner_.loop_.post([&owner = owner_, alive = owner_.alive_, this] {
            if (*alive) owner.ended(this);
        });
    }

    Resolver& owner_;
    Waiting asked_;
    DnsChannel channel_;
    TimerId deadline_;
    std::vector<Target> targets_;
    std::size_t next_ = 0;  ///< target to ask
    std::size_t questions_ = 0;  ///< under way
    std::size_t left_out_ = 0;
    bool is_whole_ = true;
    bool is_asking_ = false;
    bool has_ended_ = false;
};

Resolver::Resolver(Loop& loop, std::vector<Address> servers)
    : loop_(loop), servers_(std::move(servers)) {
    ares_library_init(ARES_LIB_INIT_ALL);
}

Resolver::~Resolver() {
    *alive_ = false;
    lookups_.clear();
    ares_library_cleanup();
}

void Resolver::resolve(const std::string& text, Done done) {
    const auto answer_soon = [this, &done](mesh::Resolved resolved) {
        loop_.post([alive = alive_, done = std::move(done), resolved = std::move(resolved)] {
            if (*alive) done(resolved);
        });
    };
    // A number needs no server, and must not wait for the names before it.
    if (!text.starts_with(srv_prefix)) {
        const Address address = split_address(text);
        asio::error_code not_a_number;
        asio::ip::make_address(address.host, not_a_number);
        if (!not_a_number) return answer_soon({.seed = text, .addresses = {to_string(address)}});
    }
    if (waiting_.size() >= waiting_max)
        return answer_soon({.seed = text, .addresses = {}, .whole = false});
    waiting_.push_back({text, std::move(done)});
    start_next();
}

void Resolver::start_next() {
    while (!waiting_.empty() && lookups_.size() < lookups_max) {
        lookups_.push_back(std::make_unique<Lookup>(*this, std::move(waiting_.front())));
        waiting_.pop_front();
        lookups_.back()->start();
    }
}

void Resolver::ended(Lookup* lookup) {
    const auto found = std::find_if(lookups_.begin(), lookups_.end(), [lookup](const auto& one) {
        return one.get() == lookup;
    });
    const std::unique_ptr<Lookup> ended = std::move(*found);
    lookups_.erase(found);
    ended->tell();
    start_next();
}

}  // namespace grapevine::node
