#include "node/origin.hpp"

#include <gtest/gtest.h>

namespace grapevine::tests {
namespace {

node::HttpHead asked_of(std::string_view host, std::string_view origin) {
    node::HttpHead head;
    head.fields = {{"Host", host}, {"Origin", origin}};
    return head;
}

// The chat moves to another node of this machine; pages of elsewhere do not get in that way.
TEST(Origin, OfThisMachineIsLoopbackAtBothEnds) {
    using node::is_of_this_machine;
    EXPECT_TRUE(is_of_this_machine(asked_of("127.0.0.1:8002", "http://127.0.0.1:8001")));
    EXPECT_TRUE(is_of_this_machine(asked_of("127.0.0.12:8002", "http://localhost:3000")));
    EXPECT_TRUE(is_of_this_machine(asked_of("[::1]:8002", "http://[::1]:8001")));
    EXPECT_FALSE(is_of_this_machine(asked_of("127.0.0.1:8002", "http://evil.example")));
    EXPECT_FALSE(is_of_this_machine(asked_of("127.0.0.1:8002", "http://127.0.0.1.evil.example")));
    EXPECT_FALSE(is_of_this_machine(asked_of("evil.example:8002", "http://127.0.0.1:8001")));
    EXPECT_FALSE(is_of_this_machine(asked_of("127.0.0.1:8002", "null")));
    EXPECT_FALSE(is_of_this_machine(asked_of("127.0.0.1:8002", "127.0.0.1:8001")));
    EXPECT_FALSE(is_of_this_machine(asked_of("127.0.0.1:8002", "")));
}

}  // namespace
}  // namespace grapevine::tests
