/// Equality of commands, which only tests need.
#pragma once

#include "proto/client_frames.hpp"

namespace grapevine::tests {

inline bool same(const proto::Command& left, const proto::Command& right) {
    return left.id == right.id && left.kind == right.kind && left.channel == right.channel &&
           left.method == right.method && left.token == right.token && left.data == right.data &&
           left.data_kind == right.data_kind && left.join_leave == right.join_leave;
}

}  // namespace grapevine::tests
