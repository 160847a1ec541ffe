#include "node/transport/frame_guard.hpp"

#include <algorithm>

namespace grapevine::node {
namespace {

constexpr std::uint8_t fin_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t continuation = 0x0;
constexpr std::uint8_t control_bit = 0x8;
constexpr std::uint8_t short_length_max = 125;
constexpr std::uint8_t length_in_2_bytes = 126;
constexpr std::uint8_t length_in_8_bytes = 127;

std::uint8_t opcode(std::uint8_t first) {
    return first & 0x0f;
}

std::uint8_t length_code(std::uint8_t second) {
    return second & 0x7f;
}

std::size_t header_size(std::uint8_t second) {
    switch (length_code(second)) {
    case length_in_2_bytes: return 4;
    case length_in_8_bytes: return 10;
    default: return 2;
    }
}

}  // namespace

FrameGuard::Step FrameGuard::check(std::string_view bytes) {
    std::size_t at = 0;
    const bool from_start = rest_ == 0 && header_size_ == 0 && !in_message_;
    while (rest_ == 0 && at < bytes.size()) {
        header_[header_size_++] = static_cast<std::uint8_t>(bytes[at++]);
        Verdict verdict = Verdict::fine;
        if (header_size_ == 1) verdict = judge_first_byte();
        if (header_size_ == 2) verdict = judge_second_byte();
        const bool is_complete = header_size_ >= 2 && header_size_ == header_size(header_[1]);
        if (verdict == Verdict::fine && is_complete) verdict = judge_length();
        // Nothing of this header is passed on: websocketpp would judge it too, with a code of its
        // own.
        if (verdict != Verdict::fine)
            return {.bytes = at - std::min<std::size_t>(at, header_size_), .verdict = verdict};
        if (is_complete) {
            header_size_ = 0;
            return pass(bytes, at, from_start);
        }
    }
    return pass(bytes, at, false);
}

FrameGuard::Step FrameGuard::pass(std::string_view bytes, std::size_t at, bool from_start) {
    const std::size_t passed =
        static_cast<std::size_t>(std::min<std::uint64_t>(rest_, bytes.size() - at));
    rest_ -= passed;
    Step step{.bytes = at + passed};
    const bool is_data = (header_[0] & control_bit) == 0;
    if (from_start && rest_ == 0 && is_data && !in_message_)
        step.head_bytes = at + (expects_mask_ ? mask_bytes : 0);
    return step;
}

FrameGuard::Verdict FrameGuard::judge_first_byte() const {
    const std::uint8_t first = header_[0];
    const std::uint8_t code = opcode(first);
    if ((first & reserved_bits) != 0) return Verdict::protocol_error;
    if ((code & control_bit) != 0) {
        const bool is_known = code <= 0xa;
        return is_known && (first & fin_bit) != 0 ? Verdict::fine : Verdict::protocol_error;
    }
    const bool is_known = code <= 2;
    const bool is_in_order = (code == continuation) == in_message_;
    return is_known && is_in_order ? Verdict::fine : Verdict::protocol_error;
}

FrameGuard::Verdict FrameGuard::judge_second_byte() const {
    const std::uint8_t second = header_[1];
    if (((second & mask_bit) != 0) != expects_mask_) return Verdict::protocol_error;
    const bool is_control = (header_[0] & control_bit) != 0;
    return is_control && length_code(second) > short_length_max ? Verdict::protocol_error
                                                                : Verdict::fine;
}

FrameGuard::Verdict FrameGuard::judge_length() {
    const std::uint8_t code = length_code(header_[1]);
    std::uint64_t length = code;
    if (code > short_length_max) {
        length = 0;
        for (std::size_t i = 2; i < header_size_; ++i)
            length = length << 8 | header_[i];
        const std::uint64_t shorter_form_max =
            code == length_in_2_bytes ? short_length_max : 0xffff;
        if (length <= shorter_form_max || length >> 63 != 0) return Verdict::protocol_error;
    }
    if ((header_[0] & control_bit) == 0) {
        if (opcode(header_[0]) != continuation) message_bytes_ = 0;
        if (length > message_bytes_max_ || message_bytes_ > message_bytes_max_ - length)
            return Verdict::oversize;
        message_bytes_ += length;
        in_message_ = (header_[0] & fin_bit) == 0;
    }
    rest_ = length + (expects_mask_ ? mask_bytes : 0);
    return Verdict::fine;
}

}  // namespace grapevine::node
