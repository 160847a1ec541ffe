/// The node's log: one line an event on standard error, `time level event key=value ...`.
///
/// Levels by who can cause a line. info: rare, and no stranger can repeat it at will. warning: an operator
/// should act. debug: anything a peer or client can repeat; counted always, printed only when asked.
#pragma once

#include "mesh/events.hpp"
#include "mesh/now.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace grapevine::node {

enum class Level : std::uint8_t { debug, info, warning };

class Journal {
public:
    explicit Journal(Level least) : least_(least) {}

    void write(const mesh::Event& event, mesh::Now now);
    /// `line` is `event key=value ...`.
    void write(Level level, std::string_view line, mesh::Now now);

private:
    Level least_;
};

/// `event key=value ...`, and the level it is printed at.
struct JournalLine {
    Level level = Level::info;
    std::string text;
};
JournalLine line_of(const mesh::Event& event);

}  // namespace grapevine::node
