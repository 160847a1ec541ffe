#include "tests/support/edge_world.hpp"

#include <gtest/gtest.h>

namespace grapevine::tests {
namespace {

std::string get(std::string_view path, std::string_view more = {}) {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: h\r\n" + std::string{more} + "\r\n";
}

std::size_t count_of(std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos;
         at = text.find(part, at + 1))
        ++count;
    return count;
}

TEST(Http, KeepsConnectionsAlive) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/a"));
    ASSERT_TRUE(world.until([&] { return client.has("/a|\n"); }));
    client.send(get("/b"));
    ASSERT_TRUE(world.until([&] { return client.has("/b|\n"); }));
    EXPECT_FALSE(client.has_ended());
    EXPECT_EQ(world.counters.http_requests, 2U);
    EXPECT_EQ(world.counters.accepted, 1U);
}

TEST(Http, AnswersPipelinedRequestsInOrder) {
    EdgeWorld world;
    RawClient client = world.connect();
    std::string all;
    for (int i = 0; i < 50; ++i)
        all += get("/" + std::to_string(i));
    client.send(all);
    ASSERT_TRUE(world.until([&] { return client.has("/49|\n"); }));
    std::size_t at = 0;
    for (int i = 0; i < 50; ++i) {
        at = client.received().find("\r\n\r\n/" + std::to_string(i) + "|\n", at);
        ASSERT_NE(at, std::string::npos) << i;
    }
}

// A proxy uses a connection again for whoever comes next.
TEST(Http, GivesAConnectionOnWhichRequestsWereAnsweredToAWebSocket) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/a"));
    ASSERT_TRUE(world.until([&] { return client.has("/a|\n"); }));
    client.send(handshake() + frame("first"));
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 1; }));
    EXPECT_TRUE(client.has("HTTP/1.1 101 "));
    EXPECT_EQ(world.owner.messages[0], "first");
    client.send(frame("second"));
    ASSERT_TRUE(world.until([&] { return world.owner.messages.size() == 2; }));
    EXPECT_EQ(world.http.size(), 0U);
}

// The handshake is answered behind the answers to what came before it, however slowly these are
// read.
TEST(Http, AnswersAHandshakeInItsTurn) {
    EdgeWorld world;
    RawClient client = world.connect(4096);
    client.send(get("/later") + get("/large") + handshake() + frame("at last"));
    world.settle();
    ASSERT_EQ(world.requests.size(), 1U);
    world.http.answer(world.requests[0].id, {.body = "late"});
    world.settle();
    EXPECT_EQ(world.requests.size(), 2U);
    EXPECT_TRUE(world.owner.ids.empty());
    ASSERT_TRUE(world.until([&] { return client.has("xHTTP/1.1 101 "); }));
    ASSERT_TRUE(world.until([&] { return !world.owner.messages.empty(); }));
    EXPECT_EQ(world.owner.messages[0], "at last");
}

// Who asks without reading what is answered is not read from either: TCP holds him back.
TEST(Http, StopsReadingFromThoseWhoDoNotRead) {
    EdgeWorld world;
    RawClient client = world.connect(4096);
    client.send(get("/large"));
    world.settle();
    ASSERT_EQ(world.requests.size(), 1U);
    const std::string more = get("/more", "X: " + std::string(7000, 'x') + "\r\n");
    constexpr std::size_t too_much = 64 * 1024 * 1024;
    std::size_t taken = 0;
    for (int turns_in_vain = 0; turns_in_vain < 50 && taken < too_much; ++turns_in_vain) {
        while (const std::size_t bytes = client.send(more)) {
            taken += bytes;
            turns_in_vain = 0;
        }
        world.loop.turn(1ms);
    }
    EXPECT_LT(taken, too_much);
    EXPECT_EQ(world.requests.size(), 1U);
}

TEST(Http, RefusesAWrongHandshakeAfterRequests) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/a") + handshake("/nothing") + get("/b"));
    ASSERT_TRUE(world.until([&] { return client.has_ended(); }));
    EXPECT_TRUE(client.has("HTTP/1.1 404 "));
    EXPECT_FALSE(client.has("/b|"));
    EXPECT_EQ(world.http.size(), 0U);
}

// The second request waits for the answer to the first, however late it comes.
TEST(Http, AnswersOneRequestAtATime) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/later") + get("/next"));
    world.settle();
    ASSERT_EQ(world.requests.size(), 1U);
    EXPECT_TRUE(world.http.answer(world.requests[0].id, {.body = "late"}));
    EXPECT_FALSE(world.http.answer(world.requests[0].id, {.body = "twice"}));
    ASSERT_TRUE(world.until([&] { return client.has("/next|\n"); }));
    EXPECT_LT(client.received().find("late"), client.received().find("/next|"));
    EXPECT_FALSE(client.has("twice"));
}

TEST(Http, ReadsBodiesWithALength) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n01234");
    world.settle();
    EXPECT_TRUE(world.requests.empty());
    client.send("56789" + get("/next"));
    ASSERT_TRUE(world.until([&] { return client.has("/next|\n"); }));
    EXPECT_TRUE(client.has("/p|0123456789\n"));
}

TEST(Http, ReadsChunkedBodiesWithTrailers) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;ext=1\r\n01234\r\n");
    world.settle();
    client.send("5\r\n56789\r\n0\r\nTrailer: x\r\n\r\n" + get("/next"));
    ASSERT_TRUE(world.until([&] { return client.has("/next|\n"); }));
    EXPECT_TRUE(client.has("/p|0123456789\n"));
}

TEST(Http, SaysContinueToThoseWhoAsk) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_TRUE(world.until([&] { return client.has("HTTP/1.1 100 Continue\r\n\r\n"); }));
    client.send("ok");
    ASSERT_TRUE(world.until([&] { return client.has("/p|ok\n"); }));
}

TEST(Http, LeavesTheBodyOutOfAnswersToHead) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\n\r\n" + get("/next"));
    ASSERT_TRUE(world.until([&] { return client.has("/next|\n"); }));
    EXPECT_TRUE(client.has("Content-Length: 6\r\n"));
    EXPECT_FALSE(client.has("/abc|"));
}

TEST(Http, ClosesAfterHttp10AndAfterConnectionClose) {
    EdgeWorld world;
    RawClient old = world.connect();
    old.send("GET /a HTTP/1.0\r\n\r\n");
    RawClient polite = world.connect();
    polite.send(get("/b", "Connection: close\r\n"));
    ASSERT_TRUE(world.until([&] { return old.has_ended() && polite.has_ended(); }));
    EXPECT_TRUE(old.has("Connection: close\r\n"));
    EXPECT_TRUE(old.has("/a|\n"));
    EXPECT_TRUE(polite.has("/b|\n"));
    EXPECT_FALSE(old.was_reset());
    EXPECT_EQ(world.http.size(), 0U);
}

struct Refused {
    std::string request;
    std::string status;
};

// Each of these means different things to different servers, which is how requests are smuggled
// past proxies.
TEST(Http, RefusesWhatIsAmbiguousAndCloses) {
    const std::vector<Refused> all{
        {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         "400"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
         "400"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\n", "400"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
        {"POST /p HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n", "413"},
        {"POST /p HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx", "417"},
        {"GET /p#fragment HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        {"GET p HTTP/1.1\r\nHost: h\r\n\r\n", "400"},
        {"GET /p HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", "400"},
        {get("/ok") + "garbage\r\n\r\n", "400"},
    };
    for (const Refused& refused : all) {
        EdgeWorld world;
        RawClient client = world.connect();
        client.send(refused.request);
        ASSERT_TRUE(world.until([&] { return client.has_ended(); })) << refused.request;
        EXPECT_TRUE(client.has("HTTP/1.1 " + refused.status))
            << refused.request << client.received();
        EXPECT_FALSE(client.was_reset());
        EXPECT_EQ(world.http.size(), 0U);
    }
}

TEST(Http, RefusesChunkedBodiesOverTheLimit) {
    EdgeWorld world{{.http = {.body_bytes_max = 100}}};
    RawClient client = world.connect();
    client.send(
        "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" +
        std::string(64, 'x') + "\r\n");
    client.send("40\r\n" + std::string(64, 'x') + "\r\n0\r\n\r\n");
    ASSERT_TRUE(world.until([&] { return client.has_ended(); }));
    EXPECT_TRUE(client.has("HTTP/1.1 413"));
    EXPECT_TRUE(world.requests.empty());
}

TEST(Http, BoundsWaitingForRequestsHeadsAndBodies) {
    EdgeWorld world{{.http = {.idle = 60ms, .head = 40ms, .body = 40ms}}};
    RawClient idle = world.connect();
    RawClient head = world.connect();
    RawClient body = world.connect();
    idle.send(get("/a"));
    head.send(get("/a") + "GET /b HT");
    body.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx");
    ASSERT_TRUE(
        world.until([&] { return idle.has_ended() && head.has_ended() && body.has_ended(); }));
    EXPECT_FALSE(idle.has("408"));
    EXPECT_TRUE(head.has("HTTP/1.1 408"));
    EXPECT_TRUE(body.has("HTTP/1.1 408"));
    EXPECT_EQ(world.counters.http_timeouts, 3U);
    EXPECT_EQ(world.http.size(), 0U);
}

TEST(Http, StreamsInChunksUntilTheServiceEndsIt) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/later"));
    ASSERT_TRUE(world.until([&] { return !world.requests.empty(); }));
    const node::RequestId id = world.requests[0].id;
    ASSERT_TRUE(
        world.http.begin_stream(id, {.content_type = "text/event-stream", .body = "data: 1\n\n"}));
    ASSERT_TRUE(world.until([&] { return client.has("\r\n\r\n9\r\ndata: 1\n\n\r\n"); }));
    EXPECT_TRUE(client.has("Transfer-Encoding: chunked\r\n"));
    EXPECT_TRUE(world.http.continue_stream(id, "data: 2\n\n"));
    EXPECT_TRUE(world.http.end_stream(id));
    EXPECT_FALSE(world.http.continue_stream(id, "more"));
    ASSERT_TRUE(world.until([&] { return client.has("9\r\ndata: 2\n\n\r\n0\r\n\r\n"); }));
    client.send(get("/next"));
    ASSERT_TRUE(world.until([&] { return client.has("/next|\n"); }));
}

TEST(Http, TellsTheServiceWhenAStreamsClientLeaves) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/later"));
    ASSERT_TRUE(world.until([&] { return !world.requests.empty(); }));
    const node::RequestId id = world.requests[0].id;
    world.http.begin_stream(id, {});
    world.settle();
    client.close();
    ASSERT_TRUE(world.until([&] { return !world.left.empty(); }));
    EXPECT_EQ(world.left[0], id);
    EXPECT_FALSE(world.http.continue_stream(id, "x"));
    EXPECT_EQ(world.http.size(), 0U);
}

TEST(Http, WritesLargeAnswersAsTheClientReads) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/large") + get("/next"));
    ASSERT_TRUE(world.until([&] { return client.has("/next|\n"); }));
    EXPECT_GT(client.received().size(), 8U * 1024 * 1024);
}

TEST(Http, AnswersThoseWhoFinishedWritingAndThenCloses) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/a"));
    client.finish_writing();
    ASSERT_TRUE(world.until([&] { return client.has_ended(); }));
    EXPECT_TRUE(client.has("/a|\n"));
}

TEST(Http, FinishClosesIdleConnectionsAndTheOthersAfterTheirAnswer) {
    EdgeWorld world;
    RawClient idle = world.connect();
    RawClient busy = world.connect();
    idle.send(get("/a"));
    busy.send(get("/later"));
    ASSERT_TRUE(world.until([&] { return world.requests.size() == 2 && idle.has("/a|"); }));
    world.http.finish();
    ASSERT_TRUE(world.until([&] { return idle.has_ended(); }));
    EXPECT_FALSE(busy.has_ended());
    for (const SeenRequest& request : world.requests)
        world.http.answer(request.id, {.body = "bye"});
    ASSERT_TRUE(world.until([&] { return busy.has_ended(); }));
    EXPECT_TRUE(busy.has("bye"));
}

TEST(Http, NeverLetsAHeaderValueAddLines) {
    EdgeWorld world;
    RawClient client = world.connect();
    client.send(get("/later"));
    ASSERT_TRUE(world.until([&] { return !world.requests.empty(); }));
    world.http.answer(world.requests[0].id, {.headers = {{"X-Echo", "a\r\nX-Evil: b"}}});
    ASSERT_TRUE(world.until([&] { return client.has("\r\n\r\n"); }));
    EXPECT_EQ(count_of(client.received(), "\r\nX-Evil"), 0U);
}

}  // namespace
}  // namespace grapevine::tests
