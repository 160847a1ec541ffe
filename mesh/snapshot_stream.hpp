/// One origin log being told as a whole: a copy of its keys as they were when it began, then the
/// keys that were touched meanwhile, as they are at the end. Exactly the log's set at that end.
#pragma once

#include "proto/ids.hpp"
#include "proto/mesh_frames.hpp"

#include <cstddef>
#include <vector>

namespace grapevine::mesh {

struct SnapshotStream {
    std::vector<proto::Change> keys;  ///< the copy
    std::size_t told = 0;  ///< how many of them are queued
    std::size_t compact_at = 64 * 1024;  ///< touched is made unique when it is this long
    std::vector<proto::Change> touched;  ///< kinds and keys only; counts are read at the end
};

}  // namespace grapevine::mesh
