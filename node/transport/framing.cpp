#include "node/transport/framing.hpp"

#include <cstring>

namespace grapevine::node::policy {
namespace {

constexpr unsigned char final_bit = 0x80;
constexpr unsigned char mask_bit = 0x80;
constexpr std::size_t key_size = 4;
/// Compilers know this type on every processor and have one instruction for what is done with it.
using Block = std::uint32_t __attribute__((vector_size(16)));

/// RFC 6455, section 5.2. Returns the size.
std::size_t
write_header(unsigned char* to, Message::Opcode opcode, std::uint64_t length, bool is_masked) {
    const auto mask = static_cast<unsigned char>(is_masked ? mask_bit : 0);
    to[0] = static_cast<unsigned char>(final_bit | opcode);
    std::size_t length_bytes = 0;
    if (length <= 125) {
        to[1] = static_cast<unsigned char>(mask | length);
    } else {
        length_bytes = length <= 0xffff ? 2 : 8;
        to[1] = static_cast<unsigned char>(mask | (length_bytes == 2 ? 126 : 127));
    }
    for (std::size_t i = 0; i < length_bytes; ++i)
        to[2 + i] = static_cast<unsigned char>(length >> (8 * (length_bytes - 1 - i)));
    return 2 + length_bytes;
}

proto::Bytes masked_copy(std::string_view payload, const unsigned char (&key)[key_size]) {
    proto::Bytes copy = proto::Bytes::copy_of(payload);
    unmask(copy.writable(), {reinterpret_cast<const char*>(key), key_size});
    return copy;
}

}  // namespace

void unmask(std::string& text, std::string_view key) {
    std::uint32_t word = 0;
    std::memcpy(&word, key.data(), key_size);
    if (word == 0) return;
    const Block mask = Block{} + word;
    char* at = text.data();
    char* const end = at + text.size();
    for (; end - at >= static_cast<std::ptrdiff_t>(sizeof mask); at += sizeof mask) {
        Block masked;
        std::memcpy(&masked, at, sizeof masked);
        masked ^= mask;
        std::memcpy(at, &masked, sizeof masked);
    }
    for (std::size_t i = 0; at != end; ++at, ++i)
        *at = static_cast<char>(*at ^ key[i % key_size]);
}

MessagePtr Framing::frame(const proto::Bytes& payload, FrameKind kind, FrameMask mask) {
    const bool is_last = last_ && payload && last_->bytes().same_as(payload) &&
                         last_kind_ == kind && last_mask_ == mask;
    if (is_last) return last_;
    MessagePtr made = make(payload, kind, mask);
    if (mask != FrameMask::random_key) {
        last_ = made;
        last_kind_ = kind;
        last_mask_ = mask;
    }
    return made;
}

MessagePtr Framing::make(const proto::Bytes& payload, FrameKind kind, FrameMask mask) {
    const auto opcode = kind == FrameKind::text ? websocketpp::frame::opcode::text
                                                : websocketpp::frame::opcode::binary;
    unsigned char header[14];
    std::size_t size = write_header(header, opcode, payload.size(), mask != FrameMask::none);
    unsigned char key[key_size]{};
    if (mask == FrameMask::random_key) {
        const std::uint32_t word = entropy_.word();
        std::memcpy(key, &word, key_size);
    }
    if (mask != FrameMask::none) {
        std::memcpy(header + size, key, key_size);
        size += key_size;
    }
    const std::string_view text{reinterpret_cast<const char*>(header), size};
    return Message::frame(
        opcode, text, mask == FrameMask::random_key ? masked_copy(payload.view(), key) : payload);
}

}  // namespace grapevine::node::policy
