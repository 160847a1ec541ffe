#include "cli/bench/frames.hpp"

#include "proto/limits.hpp"

#include <charconv>
#include <cstring>

namespace grapevine::cli::bench {
namespace {

constexpr unsigned char final_bit = 0x80;
constexpr unsigned char reserved_bits = 0x70;
constexpr unsigned char opcode_bits = 0x0F;
constexpr unsigned char mask_bit = 0x80;
constexpr std::size_t key_bytes = 4;
/// Longest id in either encoding: ten digits, or five bytes of a varint.
constexpr std::size_t id_bytes_max = 10;

void append_header(std::string& out, Opcode opcode, std::size_t length) {
    out += static_cast<char>(final_bit | static_cast<unsigned char>(opcode));
    std::size_t length_bytes = 0;
    if (length <= 125) {
        out += static_cast<char>(mask_bit | length);
    } else {
        length_bytes = length <= 0xFFFF ? 2 : 8;
        out += static_cast<char>(mask_bit | (length_bytes == 2 ? 126 : 127));
    }
    while (length_bytes-- != 0)
        out += static_cast<char>(length >> (8 * length_bytes));
}

/// The id as the encoding writes it. Returns its size.
std::size_t write_id(char* to, proto::Encoding encoding, std::uint32_t id) {
    if (encoding == proto::Encoding::json)
        return static_cast<std::size_t>(std::to_chars(to, to + id_bytes_max, id).ptr - to);
    std::size_t size = 0;
    for (; id >= 0x80; id >>= 7)
        to[size++] = static_cast<char>(id | 0x80);
    to[size++] = static_cast<char>(id);
    return size;
}

void store_masked(char* to, std::uint64_t bytes, std::uint64_t mask) {
    bytes ^= mask;
    std::memcpy(to, &bytes, sizeof bytes);
}

}  // namespace

std::uint64_t MaskKey::word_at(std::size_t offset) const {
    char word[8];
    for (std::size_t i = 0; i < sizeof word; ++i)
        word[i] = bytes[(offset + i) % key_bytes];
    std::uint64_t mask = 0;
    std::memcpy(&mask, word, sizeof mask);
    return mask;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload, const MaskKey& key) {
    append_header(out, opcode, payload.size());
    out.append(key.bytes, key_bytes);
    for (std::size_t i = 0; i < payload.size(); ++i)
        out += static_cast<char>(payload[i] ^ key.bytes[i % key_bytes]);
}

FrameReader::Step FrameReader::next(Frame& frame) {
    if (rest_.size() < 2) return Step::need_more;
    const auto first = static_cast<unsigned char>(rest_[0]);
    const auto second = static_cast<unsigned char>(rest_[1]);
    // Servers do not mask, no extension was offered, and nodes never send a message in pieces.
    if ((first & reserved_bits) != 0 || (second & mask_bit) != 0 || (first & final_bit) == 0)
        return Step::broken;
    std::size_t header = 2;
    std::uint64_t length = second;
    if (second >= 126) {
        const std::size_t length_bytes = second == 126 ? 2 : 8;
        header += length_bytes;
        if (rest_.size() < header) return Step::need_more;
        length = 0;
        for (std::size_t i = 2; i < header; ++i)
            length = length << 8 | static_cast<unsigned char>(rest_[i]);
    }
    if (length > proto::limits::session_queue_bytes) return Step::broken;
    frame.opcode = static_cast<Opcode>(first & opcode_bits);
    if (frame.opcode == Opcode::more) return Step::broken;
    if (rest_.size() - header < length) return Step::need_more;
    frame.payload = rest_.substr(header, length);
    rest_.remove_prefix(header + length);
    return Step::frame;
}

PublishFrame::PublishFrame(const PublishText& text, std::uint32_t run, const MaskKey& key)
    : message_bytes_(text.message.size()), encoding_(text.encoding) {
    const std::string& message = text.message;
    append_frame(frame_, text.opcode, message, key);
    const std::size_t head = frame_.size() - message.size();
    const std::size_t number_in =
        message.find(stamp_mark(run)) + stamp_mark_bytes + stamp_field_bytes;
    number_at_ = head + number_in;
    number_mask_ = key.word_at(number_in);
    if (!text.is_answered) return;
    char id[id_bytes_max];
    const std::size_t id_in = message.find(std::string_view{id, write_id(id, encoding_, probe_id)});
    id_at_ = head + id_in;
    id_mask_ = key.word_at(id_in);
}

void PublishFrame::append_to(
    std::string& out, std::uint32_t number, std::uint32_t sent_at, std::uint32_t id) const {
    const std::size_t begin = out.size();
    out.append(frame_);
    char* const number_place = out.data() + begin + number_at_;
    store_masked(number_place, stamp_letters(number), number_mask_);
    store_masked(number_place + stamp_field_bytes, stamp_letters(sent_at), number_mask_);
    if (id_at_ == 0) return;
    char text[id_bytes_max];
    const std::size_t size = write_id(text, encoding_, id);
    char mask[sizeof id_mask_];
    std::memcpy(mask, &id_mask_, sizeof mask);
    char* const id_place = out.data() + begin + id_at_;
    for (std::size_t i = 0; i < size; ++i)
        id_place[i] = static_cast<char>(text[i] ^ mask[i % key_bytes]);
}

}  // namespace grapevine::cli::bench
