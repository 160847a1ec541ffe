/// Reads frame headers before websocketpp does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace grapevine::node {

/// Follows one direction of a connection frame by frame and judges every header (RFC 6455,
/// section 5.2) before a byte of it is acted upon: so a length of a gigabyte is refused before
/// anything is allocated, and the close code is ours to choose. Extensions are off, so every
/// reserved bit is an error. Payloads are not looked at.
class FrameGuard {
public:
    enum class Verdict : std::uint8_t { fine, protocol_error, oversize };

    struct Step {
        /// Bytes to pass on: up to the end of the frame, of the bytes, or of what was still right.
        std::size_t bytes = 0;
        Verdict verdict = Verdict::fine;
        /// If these bytes are one whole data message in one frame: what precedes its payload, with
        /// the masking key. Else 0.
        std::size_t head_bytes = 0;
    };

    static constexpr std::size_t mask_bytes = 4;

    /// Clients mask, servers do not.
    FrameGuard(bool expects_mask, std::size_t message_bytes_max)
        : message_bytes_max_(message_bytes_max), expects_mask_(expects_mask) {}

    /// From the next header on.
    void set_limit(std::size_t message_bytes_max) { message_bytes_max_ = message_bytes_max; }

    Step check(std::string_view bytes);

private:
    [[nodiscard]] Step pass(std::string_view bytes, std::size_t at, bool from_start);
    [[nodiscard]] Verdict judge_first_byte() const;
    [[nodiscard]] Verdict judge_second_byte() const;
    Verdict judge_length();

    std::size_t message_bytes_max_;
    /// Of the message in progress, over all of its fragments.
    std::size_t message_bytes_ = 0;
    /// Masking key and payload of this frame that are still to come.
    std::uint64_t rest_ = 0;
    std::uint8_t header_[10]{};
    std::uint8_t header_size_ = 0;
    bool expects_mask_;
    bool in_message_ = false;
};

}  // namespace grapevine::node
