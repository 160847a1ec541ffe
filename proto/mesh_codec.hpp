/// Reads and writes the frames between nodes. Takes hostile bytes: every length and count is
/// checked against limits.hpp before anything is allocated for it, and nothing here throws.
#pragma once

#include "proto/mesh_frames.hpp"

#include <string>
#include <string_view>

namespace grapevine::proto {

/// Appends one frame, as an element of a Batch (tag, length, frame), to `out`. Several calls make a
/// whole Batch. The frame must be within limits.hpp; that is the caller's promise, checked.
void append_frame(std::string& out, const MeshFrame& frame);
/// The hot frames without the detour through the variant. No allocation beyond `out`.
void append_frame(std::string& out, const Forward& frame);
void append_frame(std::string& out, const Delta& frame);
void append_frame(std::string& out, const SnapChunk& frame);
void append_frame(std::string& out, const Done& frame);
void append_frame(std::string& out, const Nack& frame);

/// Walks the frames of one received Batch.
///
///     MeshReader reader{bytes};
///     while (reader.next(frame) == MeshReader::Step::frame) ...
class MeshReader {
public:
    enum class Step : std::uint8_t {
        frame,  ///< `frame` was filled
        end,  ///< the batch ended where it should
        malformed,  ///< the rest is not our protocol, or over a limit; `why()` says what
    };

    explicit MeshReader(std::string_view batch) : rest_(batch) {}

    /// Fills `frame`. Reusing one variable keeps what it has allocated as long as frames of one
    /// kind follow each other: Deltas refill their vector, and Forwards never need any. Unknown
    /// fields are skipped, an unknown frame is malformed.
    Step next(MeshFrame& frame);
    [[nodiscard]] std::string_view why() const { return why_; }

private:
    std::string_view rest_;
    std::string_view why_;
};

}  // namespace grapevine::proto
