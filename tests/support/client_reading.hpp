/// The first command of a message, and how the reading went on.
#pragma once

#include "proto/client_codec.hpp"

#include <string_view>

namespace grapevine::tests {

struct Reading {
    Reading(proto::Encoding encoding, std::string_view message)
        : reader(scratch, encoding, message) {
        step = reader.next(command);
    }
    proto::ClientScratch scratch;
    proto::CommandReader reader;
    proto::Command command;
    proto::CommandReader::Step step;
};

}  // namespace grapevine::tests
