/// One origin log being told as a whole, piece by piece, while it goes on changing. It holds no
/// copy: keys are read from the table where the reading got to, and what changed meanwhile is told
/// again from the log, so that the other end has exactly the log's set when both are told.
#pragma once

#include "mesh/tables.hpp"
#include "proto/ids.hpp"

#include <cstddef>

namespace grapevine::mesh {

struct SnapshotStream {
    bool begun = false;
    Tables::Cursor keys;  ///< those before it are told
    proto::Version changes;  ///< those up to here are told, or made before their key was read
    std::size_t work_left = 0;  ///< in this turn
};

}  // namespace grapevine::mesh
