#include "node/pages.hpp"
#include "tests/support/edge_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace grapevine::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A listener that has a page and nothing else.
class PageWorld : public EdgeWorld {
public:
    explicit PageWorld(node::Page page) : page_(page) {}

    void requested(node::RequestId id, const node::Request& request) override {
        const auto file = node::answer_from(page_, request.head);
        http.answer(id, file ? *file : node::Response{.status = 404, .body = "not found\n"});
    }
    /// Head and body of the answer, once all of it is here.
    std::string ask(std::string_view method, std::string_view path, std::string_view more = {}) {
        RawClient client = connect();
        std::string text{method};
        text.append(" ").append(path).append(" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
        client.send(text.append(more).append("\r\n"));
        EXPECT_TRUE(until([&] { return client.has_ended(); }));
        return client.received();
    }

private:
    node::Page page_;
};

std::string body_of(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
}

std::string field_of(const std::string& answer, const std::string& name) {
    const std::size_t at = answer.find("\r\n" + name + ": ") + name.size() + 4;
    return answer.substr(at, answer.find("\r\n", at) - at);
}

/// Files that a page names are files that it has.
void expect_whole(const node::Page& page, std::string_view title) {
    PageWorld world{page};
    const std::string answer = world.ask("GET", "/");
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK\r\n"));
    EXPECT_EQ(field_of(answer, "Content-Type"), "text/html; charset=utf-8");
    const std::string html = body_of(answer);
    EXPECT_THAT(html, HasSubstr(title));
    std::size_t named = 0;
    for (const std::string_view attribute : {"src=\"", "href=\""})
        for (std::size_t at = html.find(attribute); at != std::string::npos;
             at = html.find(attribute, at + 1)) {
            const std::size_t from = at + attribute.size();
            const std::string file = html.substr(from, html.find('"', from) - from);
            if (file.starts_with('#')) continue;
            EXPECT_THAT(world.ask("GET", "/" + file), HasSubstr("HTTP/1.1 200 OK\r\n")) << file;
            ++named;
        }
    EXPECT_GE(named, 3U);
}

TEST(Pages, HaveTheFilesThatTheyName) {
    expect_whole(node::chat_page(), "<title>");
    expect_whole(node::dashboard_page(), "<title>");
}

TEST(Pages, AreOfTheirListenerOnly) {
    PageWorld chat{node::chat_page()};
    EXPECT_THAT(chat.ask("GET", "/dashboard.js"), HasSubstr("HTTP/1.1 404"));
    PageWorld dashboard{node::dashboard_page()};
    EXPECT_THAT(dashboard.ask("GET", "/chat.js"), HasSubstr("HTTP/1.1 404"));
}

TEST(Pages, HaveTypesThatBrowsersObey) {
    PageWorld world{node::chat_page()};
    EXPECT_EQ(
        field_of(world.ask("GET", "/chat.js"), "Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(field_of(world.ask("GET", "/chat.css"), "Content-Type"), "text/css; charset=utf-8");
    EXPECT_EQ(field_of(world.ask("GET", "/icon.svg"), "Content-Type"), "image/svg+xml");
    EXPECT_EQ(field_of(world.ask("GET", "/icon.svg"), "X-Content-Type-Options"), "nosniff");
}

// Whatever others write, the browser runs nothing of it.
TEST(Pages, LetNothingInThatIsNotTheirs) {
    for (const node::Page& page : {node::chat_page(), node::dashboard_page()}) {
        PageWorld world{page};
        const std::string policy = field_of(world.ask("GET", "/"), "Content-Security-Policy");
        EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'self'; style-src 'self';"));
        EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
        EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
        for (const node::PageFile& file : page.files)
            EXPECT_THAT(std::string{file.body}, Not(HasSubstr("innerHTML"))) << file.path;
    }
}

TEST(Pages, AnswerHeadWithoutTheBody) {
    PageWorld world{node::chat_page()};
    const std::string whole = world.ask("GET", "/chat.js");
    const std::string head = world.ask("HEAD", "/chat.js");
    EXPECT_EQ(body_of(head), "");
    EXPECT_EQ(head, whole.substr(0, whole.size() - body_of(whole).size()));
    EXPECT_EQ(field_of(head, "Content-Length"), std::to_string(body_of(whole).size()));
}

TEST(Pages, AreNotSentAgainToWhoHasThem) {
    PageWorld world{node::chat_page()};
    const std::string tag = field_of(world.ask("GET", "/chat.js"), "ETag");
    EXPECT_EQ(tag.size(), 34U);
    for (const std::string& held : {tag, "\"other\", W/" + tag, std::string{"*"}}) {
        const std::string answer = world.ask("GET", "/chat.js", "If-None-Match: " + held + "\r\n");
        EXPECT_THAT(answer, HasSubstr("HTTP/1.1 304")) << held;
        EXPECT_EQ(body_of(answer), "");
        EXPECT_EQ(field_of(answer, "ETag"), tag);
        EXPECT_EQ(field_of(answer, "Cache-Control"), "no-cache");
    }
    EXPECT_NE(field_of(world.ask("GET", "/"), "ETag"), tag);
    const std::string other = world.ask("GET", "/chat.js", "If-None-Match: \"other\"\r\n");
    EXPECT_THAT(other, HasSubstr("HTTP/1.1 200"));
}

TEST(Pages, AreNotChangedByOtherMethods) {
    PageWorld world{node::chat_page()};
    for (const std::string_view method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
        const std::string answer = world.ask(method, "/", "Content-Length: 0\r\n");
        EXPECT_THAT(answer, HasSubstr("HTTP/1.1 405")) << method;
        EXPECT_EQ(field_of(answer, "Allow"), "GET, HEAD");
    }
}

TEST(Pages, HaveNothingBesides) {
    PageWorld world{node::chat_page()};
    for (const std::string_view path :
         {"/../x",
          "/../chat.js",
          "/./",
          "//",
          "/%2e%2e/x",
          "/chat.js/",
          "/chat%2ejs",
          "/CHAT.JS",
          "/index.html",
          "/chat/chat.js",
          "/etc/passwd"})
        EXPECT_THAT(world.ask("GET", path), HasSubstr("HTTP/1.1 404")) << path;
    EXPECT_THAT(world.ask("GET", "/?nodes=127.0.0.1:1"), HasSubstr("HTTP/1.1 200"));
}

TEST(Pages, AreNotThereWithoutFiles) {
    PageWorld world{node::Page{}};
    EXPECT_THAT(world.ask("GET", "/"), HasSubstr("HTTP/1.1 404"));
}

}  // namespace
}  // namespace grapevine::tests
