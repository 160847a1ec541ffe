#include "node/journal.hpp"

#include "mesh/refusals.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

namespace grapevine::node {
namespace {

using namespace mesh;

/// Lines a second that strangers may cause: enough to read what is wrong, too few to fill a disk.
constexpr unsigned stranger_lines_per_second = 5;

/// Builds `name key=value ...`; values with spaces or quotes are quoted.
bool is_plain(char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '"' && c != '=';
}

class Line {
public:
    Line(Level level, std::string_view name) : line_{level, std::string{name}} {}

    Line& with(std::string_view key, std::string_view value) {
        line_.text.append(" ").append(key).append("=");
        const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), is_plain);
        if (plain) {
            line_.text.append(value);
            return *this;
        }
        line_.text.push_back('"');
        for (const char c : value) {
            if (c == '"' || c == '\\') line_.text.push_back('\\');
            line_.text.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
        }
        line_.text.push_back('"');
        return *this;
    }
    Line& with(std::string_view key, std::uint64_t value) {
        return with(key, std::to_string(value));
    }
    Line& ms(std::string_view key, Duration value) {
        return with(key, static_cast<std::uint64_t>(value.count() / 1000));
    }
    Line& by_strangers(bool are) {
        line_.by_strangers = are;
        return *this;
    }
    /// Of lines that said the same up to here, about `who`, one a minute is enough.
    Line& repeats(const std::string& who) {
        line_.repeats = line_.text + '\n' + who;
        return *this;
    }
    operator JournalLine() const { return line_; }  // NOLINT: this is what a Line is for

private:
    JournalLine line_;
};

std::string_view text_of(LinkEnd why) {
    switch (why) {
    case LinkEnd::peer_closed: return "peer_closed";
    case LinkEnd::silent: return "silent";
    case LinkEnd::handshake_timeout: return "handshake_timeout";
    case LinkEnd::unread: return "unread";
    case LinkEnd::refused: return "refused";
    case LinkEnd::protocol_error: return "protocol_error";
    case LinkEnd::replaced: return "replaced";
    case LinkEnd::replaced_process: return "replaced_process";
    case LinkEnd::switch_overdue: return "switch_overdue";
    case LinkEnd::epoch_raised: return "epoch_raised";
    case LinkEnd::member_left: return "member_left";
    case LinkEnd::leaving: return "leaving";
    case LinkEnd::idle: return "idle";
    }
    return "unknown";
}

std::string hex(std::uint64_t value) {
    std::array<char, 17> digits{};
    std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(value));
    return digits.data();
}

struct Wording {
    JournalLine operator()(const MemberJoined& e) const {
        return Line(Level::info, "member_joined").with("node", e.name).with("address", e.address);
    }
    JournalLine operator()(const MemberSuspected& e) const {
        return Line(Level::info, "member_suspected")
            .with("node", e.name)
            .with("why", e.link_lost ? "link_lost" : "silent")
            .ms("silent_ms", e.silent);
    }
    JournalLine operator()(const MemberCleared& e) const {
        return Line(Level::info, "member_cleared").with("node", e.name);
    }
    JournalLine operator()(const MemberDown& e) const {
        return Line(Level::warning, "member_down")
            .with("node", e.name)
            .with("why", e.refused ? "refused" : "silent");
    }
    JournalLine operator()(const Braked& e) const {
        return Line(Level::warning, "many_silent")
            .with("suspects", std::uint64_t{e.suspects})
            .with("meaning", "this node may be cut off: nobody counts as down for a while");
    }
    JournalLine operator()(const SuspicionRefuted& e) const {
        return Line(Level::warning, "suspicion_refuted").with("by", hex(e.by.value));
    }
    JournalLine operator()(const MemberReached& e) const {
        return Line(Level::info, "member_reached_by_others")
            .with("node", e.name)
            .with("by", hex(e.relay.value));
    }
    JournalLine operator()(const MemberReturned& e) const {
        return Line(Level::info, "member_returned").with("node", e.name);
    }
    JournalLine operator()(const MemberLeft& e) const {
        return Line(Level::info, "member_left").with("node", e.name);
    }
    JournalLine operator()(const MemberForgotten& e) const {
        return Line(Level::info, "member_forgotten").with("node", e.name);
    }
    JournalLine operator()(const MemberRestarted& e) const {
        return Line(Level::info, "member_restarted").with("node", e.name);
    }
    JournalLine operator()(const LinkUp& e) const {
        return Line(Level::info, "link_up")
            .with("node", e.name)
            .with("direction", e.dialled ? "dialled" : "accepted")
            .with("way", e.is_tunnel ? "through another node" : "direct");
    }
    JournalLine operator()(const LinkDown& e) const {
        return Line(e.node ? Level::info : Level::debug, "link_down")
            .with("peer", hex(e.node.value))
            .with("why", text_of(e.why));
    }
    JournalLine operator()(const LinkSwitched& e) const {
        return Line(Level::info, "link_switched").with("peer", hex(e.node.value));
    }
    JournalLine operator()(const LinkRefused& e) const {
        // A stranger can repeat what we refuse; who refuses us is among the addresses an operator
        // gave.
        return Line(level_of(e), e.by_peer ? "link_refused_by_peer" : "link_refused")
            .with("address", e.address)
            .with("why", mesh::word_of(e.reason))
            .repeats(e.name)
            .with("reason", e.text)
            .by_strangers(!e.by_peer);
    }
    JournalLine operator()(const FrameRejected& e) const {
        return Line(Level::debug, "frame_rejected").with("why", e.why);
    }
    JournalLine operator()(const SelfDialled& e) const {
        return Line(Level::info, "self_dialled").with("address", e.address);
    }
    JournalLine operator()(const SeedAnswered& e) const {
        const bool is_good = e.whole && e.addresses != 0;
        return Line(is_good ? Level::info : Level::warning, "seed_answered")
            .with("seed", e.seed)
            .with(
                "answer",
                !e.whole           ? "incomplete"
                : e.addresses == 0 ? "none"
                                   : "complete")
            .with("addresses", e.addresses)
            .with("new", e.appeared)
            .with("gone", e.vanished);
    }
    JournalLine operator()(const EpochRaised& e) const {
        return Line(Level::warning, "epoch_raised")
            .with("from", e.from.value)
            .with("to", e.to.value);
    }
    JournalLine operator()(const CatchupAsked& e) const {
        return Line(Level::info, "catchup_asked")
            .with("peer", hex(e.node.value))
            .with("held", e.held.value);
    }
    JournalLine operator()(const SnapshotApplied& e) const {
        return Line(Level::info, "snapshot_applied")
            .with("peer", hex(e.node.value))
            .with("keys", e.keys);
    }
    JournalLine operator()(const Diverged& e) const {
        return Line(Level::warning, "replica_diverged")
            .with("peer", hex(e.node.value))
            .with("version", e.version.value);
    }
    JournalLine operator()(const NameTaken& e) const {
        return Line(Level::warning, "name_taken")
            .with("by", e.by_address)
            .with("do", "choose another --name");
    }
    JournalLine operator()(const LimitReached& e) const {
        return Line(Level::warning, "limit_reached").with("what", e.what).by_strangers(true);
    }

    static Level level_of(const LinkRefused& e) {
        switch (e.reason) {
        case proto::RefuseReason::wrong_cluster:
        case proto::RefuseReason::wrong_version:
        case proto::RefuseReason::wrong_secret:
        case proto::RefuseReason::duplicate_node: return Level::warning;
        case proto::RefuseReason::is_self:
        case proto::RefuseReason::loser_link:
        case proto::RefuseReason::unexpected_node:
        case proto::RefuseReason::protocol_error:
        case proto::RefuseReason::stale_epoch:
        case proto::RefuseReason::leaving: return Level::debug;
        }
        return Level::debug;
    }
};

}  // namespace

JournalLine line_of(const Event& event) {
    return std::visit(Wording{}, event);
}

void Journal::write(const Event& event, Now now) {
    JournalLine line = line_of(event);
    if (line.level < least_) return;
    if (line.by_strangers && !has_room(now.steady)) return;
    if (!line.repeats.empty()) {
        const auto held_back = repeats_.print(line.repeats, now.steady);
        if (!held_back) return;
        if (*held_back != 0) line.text += " repeated=" + std::to_string(*held_back);
    }
    if (line.by_strangers) {
        ++printed_;
        if (suppressed_ != 0)
            line.text += " suppressed=" + std::to_string(std::exchange(suppressed_, 0));
    }
    write(line.level, line.text, now);
}

bool Journal::has_room(Instant now) {
    if (now - second_began_ >= 1s) {
        second_began_ = now;
        printed_ = 0;
    }
    if (printed_ == stranger_lines_per_second) ++suppressed_;
    return printed_ < stranger_lines_per_second;
}

void Journal::write(Level level, std::string_view line, Now now) {
    if (level < least_) return;
    const auto micros = now.wall.time_since_epoch().count();
    const std::time_t seconds = static_cast<std::time_t>(micros / 1'000'000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> time{};
    std::strftime(time.data(), time.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    static constexpr std::array<const char*, 3> words{"debug", "info", "warning"};
    std::fprintf(
        stderr,
        "%s.%03dZ %s %.*s\n",
        time.data(),
        static_cast<int>(micros / 1000 % 1000),
        words[static_cast<std::size_t>(level)],
        static_cast<int>(line.size()),
        line.data());
}

}  // namespace grapevine::node
