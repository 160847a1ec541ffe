/// A link as it was recorded: what both ends did and said, a line each.
///
///     secret  open sesame
///     dialer does connect ann          what Party::perform understands
///     dialer says 0a1b...  Hello       one message between nodes, and its frames for people
#pragma once

#include "proto/mesh_codec.hpp"

#include <array>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace grapevine::tests {

inline std::string hex_of(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char byte : bytes) {
        text += digits[static_cast<unsigned char>(byte) >> 4];
        text += digits[static_cast<unsigned char>(byte) & 15];
    }
    return text;
}

inline std::string bytes_of(std::string_view hex) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
        bytes += static_cast<char>(digit(hex[at]) * 16 + digit(hex[at + 1]));
    return bytes;
}

/// Of version 1, by the index of the variant.
inline constexpr std::array<std::string_view, 22> first_frame_names{
    "Hello",   "HelloAck", "Auth",  "Welcome",   "LinkActive", "LinkSwitch",
    "Refuse",  "Ping",     "Pong",  "Members",   "Leave",      "Probe",
    "Echo",    "Catchup",  "Delta", "SnapBegin", "SnapChunk",  "SnapEnd",
    "Forward", "Done",     "Nack",  "Acked"};

/// Calls visit(frame) for every frame of a whole message; false if it is not one.
template <class Visit>
bool for_each_frame(std::string_view message, Visit visit) {
    proto::MeshReader reader{message};
    proto::MeshFrame frame;
    for (;;) {
        const auto step = reader.next(frame);
        if (step == proto::MeshReader::Step::end) return true;
        if (step == proto::MeshReader::Step::malformed) return false;
        visit(frame);
    }
}

inline std::string names_of(std::string_view message) {
    std::string names;
    for_each_frame(message, [&](const proto::MeshFrame& frame) {
        const std::size_t at = frame.index();
        names += " ";
        names += at < first_frame_names.size() ? first_frame_names[at] : "later";
    });
    return names;
}

struct RecordedLine {
    bool by_dialer = false;
    std::string step;  ///< what was done; empty: something was said
    std::string message;
};

struct Recording {
    std::string secret;
    std::vector<RecordedLine> lines;
};

#ifndef GRAPEVINE_FIXTURES
#define GRAPEVINE_FIXTURES "tests/fixtures"  // from the project's folder
#endif

inline std::ifstream fixture(const std::string& name) {
    return std::ifstream{std::string{GRAPEVINE_FIXTURES} + "/" + name};
}

/// Empty if there is no such file.
inline Recording recording_of(const std::string& name) {
    Recording recording;
    std::ifstream file = fixture(name);
    for (std::string text; std::getline(file, text);) {
        std::istringstream words{text};
        std::string who;
        std::string verb;
        std::string rest;
        words >> who;
        if (who == "secret") {
            std::getline(words >> std::ws, recording.secret);
            continue;
        }
        words >> verb;
        RecordedLine line{.by_dialer = who == "dialer"};
        if (verb == "says") {
            words >> rest;
            line.message = bytes_of(rest);
        } else {
            std::getline(words >> std::ws, line.step);
        }
        recording.lines.push_back(std::move(line));
    }
    return recording;
}

}  // namespace grapevine::tests
