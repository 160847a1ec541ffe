/// Reading of hostile JSON: one full validation by simdjson, in memory that is reused, and a walker
/// that cuts the raw text of values out of what was found valid. Internal to the client codec.
#pragma once

#include <cstddef>
#include <simdjson.h>
#include <string>
#include <string_view>

namespace grapevine::proto {

/// One parsed JSON text and the memory it needs. Values and text are valid until the next parse.
///
/// Half of a surrogate pair, which JavaScript makes when it cuts an emoji in two, is replaced by
/// U+FFFD: it is no text, and a client must not lose its connection over it. Refused beyond the
/// grammar: numbers that fit neither 64 bits nor IEEE 754.
class JsonDocument {
public:
    /// Containers may be nested `depth` deep.
    explicit JsonDocument(std::size_t depth);

    [[nodiscard]] bool parse(std::string_view text);

    [[nodiscard]] simdjson::dom::element root() const { return root_; }
    /// What was parsed: the same text, unless something in it was replaced.
    [[nodiscard]] std::string_view text() const { return {padded_.data(), size_}; }
    [[nodiscard]] bool replaced() const { return replaced_; }
    /// Takes line feeds and carriage returns out of `part` of the text, in place. None is inside a
    /// string of valid JSON, so they are only white space. The text after `part` stays where it is.
    [[nodiscard]] std::string_view without_newlines(std::string_view part);

private:
    simdjson::dom::parser parser_;
    simdjson::dom::element root_;
    std::size_t depth_;
    std::string padded_;
    std::size_t size_ = 0;
    bool replaced_ = false;
};

/// Steps through the members of objects in step with simdjson's own iteration, which gives keys and
/// values but not where they stand. Relies on validity: it looks at brackets and strings only.
class JsonWalker {
public:
    explicit JsonWalker(std::string_view text)
        : at_(text.data()), end_(text.data() + text.size()) {}

    /// Enters the object that comes next.
    void open();
    /// To the value of the next member.
    void member();
    /// The raw text of the value that comes next; steps over it.
    std::string_view value();
    /// Leaves the object whose members have all been passed.
    void close();

private:
    void skip_space();
    void skip_string();
    void skip_container();

    const char* at_;
    const char* end_;
};

}  // namespace grapevine::proto
