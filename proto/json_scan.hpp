/// Recognises ordinary JSON in one pass and without a parser. Chat traffic is almost all ordinary,
/// and the general parser costs more than the rest of a message; what is not certainly ordinary
/// goes to it.
///
/// Ordinary: valid JSON (RFC 8259) on one line, nested at most 32 deep, no escaped surrogates,
/// numbers that surely fit IEEE 754. So whatever is recognised here the parser accepts too, and
/// leaves as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace grapevine::proto {

class JsonScan {
public:
    explicit JsonScan(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

    /// Steps over one ordinary value. False: not certainly one; the scan is of no more use.
    [[nodiscard]] bool value() { return value(0); }
    /// The same, and says where it stood.
    [[nodiscard]] bool value(std::string_view& place);
    /// A string of printable ASCII without escapes: its text is its bytes.
    [[nodiscard]] bool plain_text(std::string_view& place);
    /// The same without its first quote, which was stepped over.
    [[nodiscard]] bool plain_rest(std::string_view& place);
    /// Exactly this comes next, and is stepped over.
    [[nodiscard]] bool skip(std::string_view wanted) {
        if (!std::string_view{at_, end_}.starts_with(wanted)) return false;
        at_ += wanted.size();
        return true;
    }
    /// A number of at most nine digits.
    [[nodiscard]] bool small_number(std::uint32_t& place);
    /// This character, with spaces or tabs around it.
    [[nodiscard]] bool sign(char wanted) {
        space();
        if (at_ == end_ || *at_ != wanted) return false;
        ++at_;
        space();
        return true;
    }
    [[nodiscard]] bool at_end() const { return at_ == end_; }

private:
    [[nodiscard]] bool value(int depth);
    [[nodiscard]] bool members(int depth);
    [[nodiscard]] bool elements(int depth);
    [[nodiscard]] bool string();
    [[nodiscard]] bool escape();
    [[nodiscard]] bool number();
    [[nodiscard]] std::size_t digits();
    void space() {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t'))
            ++at_;
    }

    const char* at_;
    const char* end_;
};

}  // namespace grapevine::proto
