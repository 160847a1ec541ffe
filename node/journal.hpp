/// The node's log: one line an event on standard error, `time level event key=value ...`.
///
/// Levels by who can cause a line. info: rare, and no stranger can repeat it at will. warning: an
/// operator should act. debug: anything a peer or client can repeat; counted always, printed only
/// when asked. A refused link is both: an operator needs its words and whoever dials for ever
/// repeats it. So each (address, name, reason) is printed once a minute and says how many were not,
/// and all that strangers can cause together a few times a second.
#pragma once

#include "mesh/events.hpp"
#include "mesh/now.hpp"
#include "node/repeats.hpp"

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
    /// Whether a line that strangers can cause may be printed now.
    bool has_room(mesh::Instant now);

    Level least_;
    Repeats repeats_;
    mesh::Instant second_began_{};
    unsigned printed_ = 0;  ///< such lines in the second that began then
    unsigned suppressed_ = 0;  ///< since the last one that was printed
};

/// `event key=value ...`, and the level it is printed at.
struct JournalLine {
    Level level = Level::info;
    std::string text;
    bool by_strangers = false;  ///< whoever reaches a port can cause it at will
    std::string repeats;  ///< lines that say the same have the same; empty: each is printed
};
JournalLine line_of(const mesh::Event& event);

}  // namespace grapevine::node
