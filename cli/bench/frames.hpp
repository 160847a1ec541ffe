/// WebSocket frames as a client writes and reads them (RFC 6455, section 5), and messages that are
/// framed and masked before they are needed.
#pragma once

#include "cli/bench/stamp.hpp"
#include "proto/client_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace grapevine::cli::bench {

enum class Opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// What every byte of a connection's messages is masked with. It is drawn once for a connection: a
/// fresh key for each message protects the proxies of browsers, and would cost a copy of it.
struct MaskKey {
    char bytes[4]{};
    /// For eight bytes of which the first is the payload's byte `offset`.
    [[nodiscard]] std::uint64_t word_at(std::size_t offset) const;
};

void append_frame(std::string& out, Opcode opcode, std::string_view payload, const MaskKey& key);

/// One frame in what came from a server. `payload` is a part of it.
struct Frame {
    Opcode opcode = Opcode::text;
    std::string_view payload;
};

/// Takes frames one after the other from bytes that lie together.
class FrameReader {
public:
    enum class Step : std::uint8_t { frame, need_more, broken };

    explicit FrameReader(std::string_view bytes) : rest_(bytes) {}
    Step next(Frame& frame);
    /// What no whole frame was made of.
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

/// The first message of a stream, as a command.
struct PublishText {
    std::string message{};
    Opcode opcode = Opcode::text;
    bool is_answered = false;  ///< then it has PublishFrame::probe_id as its id
    proto::Encoding encoding = proto::Encoding::json;  ///< of the id
};

/// The messages of one stream: a whole frame of which each message changes the number, the time and
/// the id.
class PublishFrame {
public:
    PublishFrame(const PublishText& text, std::uint32_t run, const MaskKey& key);

    /// Ids count from here: all as long as the first, in either encoding.
    static constexpr std::uint32_t probe_id = 1'000'000'000;
    static constexpr std::uint32_t first_id = probe_id + 1;
    /// So many messages have numbers and ids.
    static constexpr std::uint32_t messages_max = 3'000'000'000;

    /// `id`: ignored unless the messages are answered.
    void append_to(
        std::string& out, std::uint32_t number, std::uint32_t sent_at, std::uint32_t id) const;
    [[nodiscard]] std::size_t size() const { return frame_.size(); }
    /// Of the command, which limits::client_message_bytes bounds.
    [[nodiscard]] std::size_t message_bytes() const { return message_bytes_; }

private:
    std::string frame_;
    std::size_t message_bytes_ = 0;
    std::size_t number_at_ = 0;
    std::size_t id_at_ = 0;  ///< 0: not answered
    std::uint64_t number_mask_ = 0;
    std::uint64_t id_mask_ = 0;
    proto::Encoding encoding_;
};

}  // namespace grapevine::cli::bench
