/// What waits to be sent on one link, in five classes, already encoded. A higher class always goes
/// first, so a heartbeat never waits behind a snapshot; inside a class order is kept.
///
/// Frames of a class gather in messages of at most limits::mesh_batch_bytes. At most
/// `flight_bytes_max` are with the socket at a time; the rest waits here, where its class still
/// counts.
#pragma once

#include "mesh/fifo.hpp"
#include "proto/bytes.hpp"
#include "proto/mesh_codec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace grapevine::mesh {

using proto::Bytes;

enum class FrameClass : std::uint8_t { control, answers, messages, deltas, snapshot };
inline constexpr std::size_t frame_classes = 5;

class LinkQueue {
public:
    /// Encodes one frame, of about `bytes`. The encoded frame, as long as nothing is appended here.
    template <class Frame>
    std::string_view append(FrameClass of, std::size_t bytes, const Frame& frame) {
        std::string& message = open(of, bytes);
        const std::size_t before = message.size();
        proto::append_frame(message, frame);
        const std::string_view encoded = std::string_view{message}.substr(before);
        appended(of);
        return encoded;
    }
    /// One that is encoded already.
    void append(FrameClass of, std::string_view encoded) {
        open(of, encoded.size()).append(encoded);
        appended(of);
    }

    /// The next message to hand to the socket, by class; empty Bytes if nothing waits or too much
    /// is in flight.
    Bytes take(std::size_t flight_bytes_max);
    void drained(std::size_t bytes) { in_flight_ -= bytes < in_flight_ ? bytes : in_flight_; }

    [[nodiscard]] std::size_t waiting_bytes(FrameClass of) const {
        return classes_[index(of)].bytes;
    }
    [[nodiscard]] std::size_t waiting_bytes() const;
    [[nodiscard]] std::size_t in_flight_bytes() const { return in_flight_; }
    void clear();

private:
    struct Class {
        Fifo<Bytes> messages;
        std::size_t bytes = 0;
        std::size_t counted_of_last = 0;  ///< bytes of the newest message already in `bytes`
        std::size_t usual_bytes =
            0;  ///< of the last message handed out: room for the next, so it need not grow
    };
    /// The buffer to append one encoded frame of about `bytes` to; follow with appended().
    std::string& open(FrameClass of, std::size_t bytes);
    void appended(FrameClass of);
    static std::size_t index(FrameClass of) { return static_cast<std::size_t>(of); }

    std::array<Class, frame_classes> classes_;
    std::size_t in_flight_ = 0;
};

}  // namespace grapevine::mesh
