/// Tests that hold for JSON and for Protobuf: derive a fixture, instantiate it with
/// both_encodings() and encoding_name.
#pragma once

#include "proto/client_frames.hpp"

#include <gtest/gtest.h>

#include <string>

namespace grapevine::tests {

class InBothEncodings : public testing::TestWithParam<proto::Encoding> {};

inline auto both_encodings() {
    return testing::Values(proto::Encoding::json, proto::Encoding::protobuf);
}
inline std::string encoding_name(const testing::TestParamInfo<proto::Encoding>& encoding) {
    return encoding.param == proto::Encoding::json ? "Json" : "Protobuf";
}

}  // namespace grapevine::tests
