/// Our own bugs stop the program, in every build (proto/check.hpp).
#pragma once

#include "proto/check.hpp"

namespace grapevine::mesh {

using proto::check;

}  // namespace grapevine::mesh
