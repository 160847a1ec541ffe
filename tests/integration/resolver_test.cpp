// The resolver against a real DNS server.
#include "node/resolver.hpp"
#include "tests/integration/dns_server.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>

namespace grapevine::tests {
namespace {

using mesh::Resolved;
using node::Address;
using node::Loop;
using node::Resolver;
using namespace std::chrono_literals;

using Texts = std::vector<std::string>;

std::string many_hosts(const std::string& name, int count, int second_byte) {
    std::string hosts;
    for (int number = 0; number < count; ++number)
        hosts += "10." + std::to_string(second_byte) + "." + std::to_string(number / 250) + "." +
                 std::to_string(number % 250 + 1) + " " + name + "\n";
    return hosts;
}

struct ResolverTest : testing::Test {
    Loop loop;

    /// How long the longest turn took, 5 ms of waiting included: whoever blocks the loop is seen.
    mesh::Duration longest_turn{};
    /// How long the processor was busy in one turn, however busy others keep the machine.
    mesh::Duration longest_work{};

    Resolved resolve(const std::string& seed, std::vector<Address> servers) {
        Resolver resolver{loop, std::move(servers)};
        std::optional<Resolved> answer;
        bool is_inside = true;
        resolver.resolve(seed, [&](const Resolved& resolved) {
            EXPECT_FALSE(is_inside);
            EXPECT_FALSE(answer) << "told twice";
            answer = resolved;
        });
        is_inside = false;
        const auto end = node::steady_now() + 20s;
        while (!answer && node::steady_now() < end)
            turn();
        EXPECT_TRUE(answer) << "never told";
        EXPECT_EQ(resolver.under_way(), 0u);
        return answer.value_or(Resolved{.seed = "", .addresses = {}, .whole = false});
    }
    void turn() {
        const auto start = node::steady_now();
        const mesh::Duration worked = work();
        loop.turn(5ms);
        longest_work = std::max(longest_work, work() - worked);
        longest_turn = std::max(longest_turn, node::steady_now() - start);
    }
    static mesh::Duration work() {
        timespec spent{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
        return std::chrono::seconds{spent.tv_sec} + std::chrono::microseconds{spent.tv_nsec / 1000};
    }
    /// dnsmasq does not say when it is ready.
    void await(const Dnsmasq& server) {
        const auto end = node::steady_now() + 20s;
        while (!resolve("ready.test:1", {server.address()}).whole) {
            ASSERT_FALSE(server.has_ended()) << "dnsmasq does not run";
            ASSERT_LT(node::steady_now(), end) << "dnsmasq does not answer";
        }
    }
    static Texts sorted(Texts texts) {
        std::sort(texts.begin(), texts.end());
        return texts;
    }
};

TEST_F(ResolverTest, GivesEveryAddressOfBothFamiliesWithThePort) {
    const Dnsmasq server{"127.0.0.11 mesh.test\n127.0.0.12 mesh.test\n2001:db8::1 mesh.test\n", {}};
    await(server);
    const Resolved resolved = resolve("mesh.test:7947", {server.address()});
    EXPECT_TRUE(resolved.whole);
    EXPECT_EQ(
        sorted(resolved.addresses),
        (Texts{"127.0.0.11:7947", "127.0.0.12:7947", "[2001:db8::1]:7947"}));
}

TEST_F(ResolverTest, IsCertainThatThereIsNone) {
    const Dnsmasq server{"", {"--txt-record=text.test,nothing else"}};
    await(server);
    for (const char* seed : {"no-such.test:1", "text.test:1", "srv:_x._tcp.no-such.test"}) {
        const Resolved resolved = resolve(seed, {server.address()});
        EXPECT_TRUE(resolved.whole) << seed;
        EXPECT_EQ(resolved.addresses, Texts{}) << seed;
    }
}

TEST_F(ResolverTest, ASilentServerIsNoAnswerAndBlocksNobody) {
    const Dnsmasq server{"127.0.0.11 mesh.test\n", {}};
    await(server);
    server.freeze();
    const auto start = node::steady_now();
    const Resolved resolved = resolve("mesh.test:1", {server.address()});
    EXPECT_FALSE(resolved.whole);
    EXPECT_EQ(resolved.addresses, Texts{});
    EXPECT_LT(node::steady_now() - start, 10s);
    EXPECT_LT(longest_turn, 1s);
    server.thaw();
    await(server);
    EXPECT_EQ(resolve("mesh.test:1", {server.address()}).addresses, Texts{"127.0.0.11:1"});
}

TEST_F(ResolverTest, AFailingServerIsNoAnswer) {
    for (const int code : {ToyDnsServer::server_failure, ToyDnsServer::refused}) {
        const ToyDnsServer server{loop.context(), [code](int) { return code; }};
        const Resolved resolved = resolve("mesh.test:1", {server.address()});
        EXPECT_FALSE(resolved.whole) << code;
        EXPECT_EQ(resolved.addresses, Texts{});
        EXPECT_GE(server.asked(), 2);
        EXPECT_LE(server.asked(), 16) << "tries are bounded";
    }
}

TEST_F(ResolverTest, HalfAnAnswerIsUsedAndNotWhole) {
    const ToyDnsServer server{loop.context(), [](int type) {
                                  return type == ToyDnsServer::a ? ToyDnsServer::no_error
                                                                 : ToyDnsServer::server_failure;
                              }};
    const Resolved resolved = resolve("mesh.test:1", {server.address()});
    EXPECT_FALSE(resolved.whole);
    EXPECT_EQ(resolved.addresses, Texts{"192.0.2.1:1"});
}

TEST_F(ResolverTest, AsksTheNextServerWhenOneDoesNotAnswer) {
    const Dnsmasq server{"127.0.0.11 mesh.test\n", {}};
    await(server);
    const Address nobody = free_dns_address();
    const Resolved resolved = resolve("mesh.test:1", {nobody, server.address()});
    EXPECT_TRUE(resolved.whole);
    EXPECT_EQ(resolved.addresses, Texts{"127.0.0.11:1"});
}

// A UDP answer without extensions has room for 30 addresses.
TEST_F(ResolverTest, AsksAgainOverTcpWhatWasCutShort) {
    const Dnsmasq server{many_hosts("many.test", 300, 1), {}};
    await(server);
    const Resolved resolved = resolve("many.test:7947", {server.address()});
    EXPECT_TRUE(resolved.whole);
    EXPECT_EQ(resolved.addresses.size(), 300u);
}

TEST_F(ResolverTest, GivesTheAddressesOfEveryTargetOfAnSrvName) {
    const Dnsmasq server{
        "127.0.0.11 one.test\n127.0.0.12 two.test\n127.0.0.13 two.test\n",
        {"--srv-host=_grapevine._tcp.mesh.test,one.test,7001,20,1",
         "--srv-host=_grapevine._tcp.mesh.test,two.test,7002,10,1",
         "--srv-host=_grapevine._tcp.mesh.test,gone.test,7003,10,1"}};
    await(server);
    Resolved resolved = resolve("srv:_grapevine._tcp.mesh.test", {server.address()});
    EXPECT_TRUE(resolved.whole) << "that a target has no address is certain";
    ASSERT_EQ(resolved.addresses.size(), 3u);
    EXPECT_EQ(resolved.addresses.back(), "127.0.0.11:7001") << "the others are preferred";
    EXPECT_EQ(
        sorted(resolved.addresses),
        (Texts{"127.0.0.11:7001", "127.0.0.12:7002", "127.0.0.13:7002"}));
}

TEST_F(ResolverTest, TenThousandAddressesBlockNobody) {
    std::string hosts;
    std::vector<std::string> options;
    for (int number = 1; number <= 3; ++number) {
        const std::string name = "many" + std::to_string(number) + ".test";
        hosts += many_hosts(name, 3400, number);
        options.push_back("--srv-host=_grapevine._tcp.mesh.test," + name + ",7947");
    }
    const Dnsmasq server{hosts, options};
    await(server);
    const Resolved resolved = resolve("srv:_grapevine._tcp.mesh.test", {server.address()});
    EXPECT_TRUE(resolved.whole);
    EXPECT_EQ(resolved.addresses.size(), 10'200u);
    EXPECT_LT(longest_work, 500ms);
}

TEST_F(ResolverTest, BoundsTheTargetsOfAnSrvName) {
    std::string hosts;
    std::vector<std::string> options;
    for (int number = 0; number < 300; ++number) {
        const std::string name = "t" + std::to_string(number) + ".test";
        hosts += "10.0." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1) +
                 " " + name + "\n";
        options.push_back("--srv-host=_grapevine._tcp.mesh.test," + name + ",7947");
    }
    const Dnsmasq server{hosts, options};
    await(server);
    const Resolved resolved = resolve("srv:_grapevine._tcp.mesh.test", {server.address()});
    EXPECT_EQ(resolved.addresses.size(), 256u);
    EXPECT_EQ(resolved.left_out, 44u);
    EXPECT_FALSE(resolved.whole) << "what was left out has not vanished";
}

/// Names of /etc/hosts with an IPv4 address.
std::map<std::string, std::string> hosts_file() {
    std::map<std::string, std::string> addresses;
    std::ifstream file{"/etc/hosts"};
    for (std::string line; std::getline(file, line);) {
        std::istringstream words{line.substr(0, line.find('#'))};
        std::string address;
        words >> address;
        for (std::string name; words >> name;)
            if (address.find(':') == std::string::npos) addresses[name] = address;
    }
    return addresses;
}

TEST_F(ResolverTest, KnowsTheHostsFileWithoutAServer) {
    const ToyDnsServer server{loop.context(), [](int) { return ToyDnsServer::refused; }};
    std::map<std::string, std::string> hosts = hosts_file();
    hosts.try_emplace("localhost", "127.0.0.1");
    for (const auto& [name, address] : hosts) {
        const Texts addresses = resolve(name + ":7947", {server.address()}).addresses;
        EXPECT_NE(std::find(addresses.begin(), addresses.end(), address + ":7947"), addresses.end())
            << name;
    }
}

TEST_F(ResolverTest, KnowsNumbersWithoutAServer) {
    for (const char* number : {"192.0.2.1:7947", "[2001:db8::1]:7947"}) {
        const Resolved itself = resolve(number, {free_dns_address()});
        EXPECT_TRUE(itself.whole);
        EXPECT_EQ(itself.addresses, Texts{number});
    }
}

TEST_F(ResolverTest, AnswersEachOfManyQuestionsOnce) {
    const Dnsmasq server{many_hosts("mesh.test", 3, 1), {}};
    await(server);
    Resolver resolver{loop, {server.address()}};
    std::map<int, int> told;
    for (int number = 0; number < 200; ++number)
        resolver.resolve("mesh.test:" + std::to_string(number + 1), [&told, number](const auto& r) {
            EXPECT_EQ(r.addresses.size(), 3u);
            ++told[number];
        });
    const auto end = node::steady_now() + 20s;
    while (told.size() < 200 && node::steady_now() < end)
        turn();
    EXPECT_EQ(told.size(), 200u);
    for (const auto& [number, times] : told)
        EXPECT_EQ(times, 1) << number;
}

TEST_F(ResolverTest, TellsNobodyAfterItsEnd) {
    const ToyDnsServer server{loop.context(), [](int) { return ToyDnsServer::no_error; }};
    bool told = false;
    {
        Resolver resolver{loop, {server.address()}};
        for (const char* seed :
             {"mesh.test:1", "srv:_x._tcp.mesh.test", "192.0.2.1:1", "localhost:1"})
            resolver.resolve(seed, [&](const Resolved&) { told = true; });
    }
    const auto end = node::steady_now() + 20s;
    while (server.asked() == 0 && node::steady_now() < end)
        turn();
    for (int turns = 0; turns < 50; ++turns)
        loop.turn(1ms);
    EXPECT_FALSE(told);
}

}  // namespace
}  // namespace grapevine::tests
