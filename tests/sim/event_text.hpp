/// Mesh events as lines of the trace, named as in the journal.
#pragma once

#include "mesh/events.hpp"
#include "tests/sim/trace.hpp"

namespace grapevine::sim {

Line line_of(const mesh::Event& event);
std::string_view text_of(mesh::LinkEnd end);

}  // namespace grapevine::sim
