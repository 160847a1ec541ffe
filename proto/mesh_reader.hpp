/// The reading half of the mesh codec: clears a frame, fills it from hostile bytes, and checks it.
/// The check also guards what this node writes. Internal to the mesh codec.
#pragma once

#include "proto/mesh_fields.hpp"
#include "proto/utf8.hpp"
#include "proto/wire.hpp"

#include <optional>

namespace grapevine::proto::mesh_wire {

/// Gives every field the value that proto3 leaves out, and keeps the capacity of what holds many.
struct Clear {
    static constexpr bool reads = true;

    template <class Number>
    void varint(std::uint32_t, Number& value) {
        value = 0;
    }
    void fixed64(std::uint32_t, std::uint64_t& value) { value = 0; }
    void text(std::uint32_t, std::string& value, std::size_t) { value.clear(); }
    void bytes(std::uint32_t, std::string& value, std::size_t) { value.clear(); }
    void bytes(std::uint32_t, std::string_view& value, std::size_t) { value = {}; }
    void exact(std::uint32_t, std::string& value, std::size_t) { value.clear(); }
    void exact(std::uint32_t, Sha256& value) { value = {}; }
    template <class Enum>
    void choice(std::uint32_t, Enum& value, Enum) {
        value = Enum{};
    }
    void maybe_fixed64(std::uint32_t, std::optional<std::uint64_t>& value) { value.reset(); }
    void list(std::uint32_t, std::vector<std::string>& items, std::size_t, std::size_t) {
        items.clear();
    }
    template <class Item>
    void each(std::uint32_t, std::vector<Item>& items, std::size_t) {
        items.clear();
    }
    void changes(std::uint32_t, std::uint32_t, std::vector<Change>& list, std::size_t) {
        list.clear();
    }
};

/// What no single field can say.
template <class Frame>
std::string_view contradiction(const Frame&) {
    return {};
}
inline std::string_view contradiction(const Delta& delta) {
    return delta.from < delta.to ? "" : "a delta of an empty interval";
}
inline std::string_view contradiction(const Forward& forward) {
    const bool too_long =
        forward.target == Target::user && forward.name.size() > limits::user_name_bytes;
    return too_long ? "a name over its limit" : "";
}

inline std::string_view contradiction(const Beats& beats) {
    for (const Beat& beat : beats.beats)
        if (beat.number > limits::numbered_beats) return "a number out of its range";
    const bool whole = beats.again.packed.size() % BeatsAgain::entry_bytes == 0;
    return whole ? "" : "a part of a sign of life";
}
inline std::string_view contradiction(const Tunnel& tunnel) {
    if (tunnel.opener != tunnel.from && tunnel.opener != tunnel.to)
        return "a tunnel that neither end opened";
    return tunnel.step == TunnelStep::data || tunnel.data.empty() ? "" : "data beside its step";
}
inline std::string_view contradiction(const CopyList& copies) {
    const bool whole = !copies.packed.empty() && copies.packed.size() % sizeof(std::uint64_t) == 0;
    return whole ? "" : "an answer to nothing or to a part of a copy";
}
inline std::string_view contradiction(const Done& done) {
    const bool matching = done.sessions.empty() || done.sessions.size() == done.copies.size();
    return matching ? contradiction(done.copies) : "counts that do not match their copies";
}
inline std::string_view contradiction(const Nack& nack) {
    return contradiction(nack.copies);
}

inline std::string_view contradiction(const Names& names) {
    return names.names.is_whole() ? "" : "names cut off, empty or over their limit";
}

inline std::string_view contradiction(const Query& query) {
    return query.channel.empty() ? "a question about no channel" : "";
}
inline std::string_view contradiction(const Found& found) {
    const bool whole = found.users.packed.size() % sizeof(std::uint64_t) == 0;
    return whole ? "" : "a part of a hash";
}

/// Looks whether a frame is within all limits and ranges.
class Inspection {
public:
    static constexpr bool reads = false;

    template <class Frame>
    static std::string_view fault_of(const Frame& frame) {
        Inspection inspection;
        fields(inspection, frame);
        return inspection.fault_.empty() ? contradiction(frame) : inspection.fault_;
    }

    void varint(std::uint32_t, std::uint64_t) {}
    void fixed64(std::uint32_t, std::uint64_t) {}
    void text(std::uint32_t, std::string_view value, std::size_t limit) {
        require(value.size() <= limit, "a name over its limit");
        require(is_utf8(value), "a name that is not UTF-8");
    }
    void bytes(std::uint32_t, std::string_view value, std::size_t limit) {
        require(value.size() <= limit, "a field over its limit");
    }
    void exact(std::uint32_t, std::string_view value, std::size_t size) {
        require(value.size() == size, "a field of a wrong length");
    }
    /// All zeros is how a missing one reads, and no hash anybody will see.
    void exact(std::uint32_t, const Sha256& value) {
        require(value != Sha256{}, "a field of a wrong length");
    }
    template <class Enum>
    void choice(std::uint32_t, Enum value, Enum last) {
        require(value != Enum{} && value <= last, "a number out of its range");
    }
    void maybe_fixed64(std::uint32_t, const std::optional<std::uint64_t>&) {}
    void list(
        std::uint32_t,
        const std::vector<std::string>& items,
        std::size_t items_max,
        std::size_t limit) {
        require(items.size() <= items_max, "a list over its limit");
        for (const std::string& item : items)
            require(item.size() <= limit, "a field over its limit");
    }
    template <class Item>
    void each(std::uint32_t, const std::vector<Item>& items, std::size_t items_max) {
        require(items.size() <= items_max, "a list over its limit");
        for (const Item& item : items)
            fields(*this, item);
    }
    void changes(std::uint32_t, std::uint32_t, const std::vector<Change>& list, std::size_t limit) {
        require(list.size() <= limit, "more changes than the limit");
        bool fit = true;
        for (const Change& change : list)
            fit = fit && (change.kind == TableKind::users ||
                          (change.kind == TableKind::channels && change.count <= 1));
        require(fit, "a channel with a count");
    }

private:
    void require(bool holds, std::string_view fault) {
        if (!holds && fault_.empty()) fault_ = fault;
    }

    std::string_view fault_;
};

/// Fills one frame. Fields mostly come in the order in which they are described, so one pass over
/// the descriptions takes them all; what comes in another order costs another pass, and what nobody
/// describes is skipped. A field may be given once.
class Filling {
public:
    static constexpr bool reads = true;

    /// An empty view, or what is wrong.
    template <class Frame>
    static std::string_view fill(Frame& frame, std::string_view body) {
        Clear clear;
        fields(clear, frame);
        Filling filling{body};
        filling.advance();
        while (filling.field_.number != 0) {
            const std::size_t before = filling.in_.rest().size();
            fields(filling, frame);
            if (filling.field_.number != 0 && filling.in_.rest().size() == before) filling.skip();
        }
        if (!filling.fault_.empty()) return filling.fault_;
        return Inspection::fault_of(frame);
    }

    void varint(std::uint32_t number, std::uint64_t& value) {
        if (takes(number, wire::Type::varint)) done(in_.varint(value));
    }
    void varint(std::uint32_t number, std::uint32_t& value) {
        if (takes(number, wire::Type::varint)) done(in_.value(field_, value));
    }
    void fixed64(std::uint32_t number, std::uint64_t& value) {
        if (takes(number, wire::Type::fixed64)) done(in_.fixed64(value));
    }
    template <class Text>
    void text(std::uint32_t number, Text& value, std::size_t limit) {
        bytes(number, value, limit);
    }
    template <class Text>
    void bytes(std::uint32_t number, Text& value, std::size_t limit) {
        std::string_view taken;
        if (!takes(number, wire::Type::length) || !bounded(taken, limit)) return;
        value = taken;
        advance();
    }
    void exact(std::uint32_t number, std::string& value, std::size_t size) {
        bytes(number, value, size);
    }
    void exact(std::uint32_t number, Sha256& value) {
        std::string_view taken;
        if (!takes(number, wire::Type::length) || !bounded(taken, value.size())) return;
        if (!require(taken.size() == value.size(), "a field of a wrong length")) return;
        std::memcpy(value.data(), taken.data(), taken.size());
        advance();
    }
    template <class Enum>
    void choice(std::uint32_t number, Enum& value, Enum last) {
        std::uint32_t wide = 0;
        if (!takes(number, wire::Type::varint)) return;
        if (!require(
                in_.value(field_, wide) && wide <= static_cast<std::uint32_t>(last),
                "a number out of its range"))
            return;
        value = static_cast<Enum>(wide);
        advance();
    }
    void maybe_fixed64(std::uint32_t number, std::optional<std::uint64_t>& value) {
        std::uint64_t taken = 0;
        if (!takes(number, wire::Type::fixed64)) return;
        const bool read = in_.fixed64(taken);
        value = taken;
        done(read);
    }
    void list(
        std::uint32_t number,
        std::vector<std::string>& items,
        std::size_t items_max,
        std::size_t limit) {
        std::string_view taken;
        while (takes_again(number, wire::Type::length) && bounded(taken, limit) &&
               require(items.size() < items_max, "a list over its limit")) {
            items.emplace_back(taken);
            advance();
        }
    }
    template <class Item>
    void each(std::uint32_t number, std::vector<Item>& items, std::size_t items_max) {
        std::string_view body;
        while (takes_again(number, wire::Type::length) && bounded(body, body.max_size()) &&
               require(items.size() < items_max, "a list over its limit")) {
            const std::string_view fault = fill(items.emplace_back(), body);
            if (require(fault.empty(), fault)) advance();
        }
    }
    void changes(
        std::uint32_t users, std::uint32_t channels, std::vector<Change>& list, std::size_t limit) {
        table(users, TableKind::users, list, limit);
        table(channels, TableKind::channels, list, limit);
    }

private:
    static constexpr std::string_view cut_off = "a field cut off or of a wrong type";

    explicit Filling(std::string_view body) : in_(body) {}

    /// To the next field. Number 0: there is none, or the frame is at fault.
    void advance() {
        field_.number = 0;
        if (!in_.done()) (void)require(in_.field(field_), cut_off);
    }
    void skip() {
        if (require(in_.skip(field_.type), cut_off)) advance();
    }
    void done(bool read) {
        if (require(read, cut_off)) advance();
    }
    bool takes_again(std::uint32_t number, wire::Type type) {
        return field_.number == number && require(field_.type == type, cut_off);
    }
    bool takes(std::uint32_t number, wire::Type type) {
        if (!takes_again(number, type)) return false;
        const std::uint32_t bit = std::uint32_t{1} << number;
        const bool first = (seen_ & bit) == 0;
        seen_ |= bit;
        return require(first, "a field given twice");
    }
    bool bounded(std::string_view& value, std::size_t limit) {
        return require(in_.bytes(value), cut_off) &&
               require(value.size() <= limit, "a field over its limit");
    }
    bool require(bool holds, std::string_view fault) {
        if (!holds) {
            fault_ = fault;
            field_.number = 0;  // nobody takes anything any more
        }
        return holds;
    }

    void table(std::uint32_t number, TableKind kind, std::vector<Change>& list, std::size_t limit);

    wire::Reader in_;
    wire::Field field_;
    std::uint32_t seen_ = 0;
    std::string_view fault_;
};

}  // namespace grapevine::proto::mesh_wire
