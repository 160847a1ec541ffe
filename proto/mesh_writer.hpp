/// The writing half of the mesh codec: how each kind of field of mesh_fields.hpp is put on the
/// wire. Internal to the mesh codec.
#pragma once

#include "proto/mesh_fields.hpp"
#include "proto/wire.hpp"

#include <optional>

namespace grapevine::proto::mesh_wire {

/// How many of one table's changes are in each of its groups.
struct Groups {
    std::size_t ones = 0;
    std::size_t manys = 0;
    std::size_t gones = 0;

    [[nodiscard]] bool any() const { return ones + manys + gones != 0; }
};

/// Where the next key of each group goes.
struct Cursors {
    char* ones = nullptr;
    char* manys = nullptr;
    char* counts = nullptr;
    char* gones = nullptr;

    void put(const Change& change) {
        char*& place = change.count == 0 ? gones : change.count == 1 ? ones : manys;
        std::memcpy(place, &change.key, sizeof change.key);
        place += sizeof change.key;
        if (change.count > 1) *counts++ = static_cast<char>(change.count);
    }
};

/// Measures (Sink = Count) or writes (Sink = Store) a frame.
template <class Sink>
class Writer : public wire::Fields<Sink> {
    using Fields = wire::Fields<Sink>;

public:
    using Fields::Fields;

    void text(std::uint32_t number, std::string_view value, std::size_t) {
        Fields::bytes(number, value);
    }
    void bytes(std::uint32_t number, std::string_view value, std::size_t) {
        Fields::bytes(number, value);
    }
    void exact(std::uint32_t number, std::string_view value, std::size_t) {
        Fields::bytes(number, value);
    }
    void exact(std::uint32_t number, const Sha256& value) {
        Fields::bytes(number, {reinterpret_cast<const char*>(value.data()), value.size()});
    }
    template <class Enum>
    void choice(std::uint32_t number, Enum value, Enum) {
        this->varint(number, static_cast<std::uint64_t>(value));
    }
    void maybe_fixed64(std::uint32_t number, const std::optional<std::uint64_t>& value) {
        if (value) this->present_fixed64(number, *value);
    }
    void
    list(std::uint32_t number, const std::vector<std::string>& items, std::size_t, std::size_t) {
        for (const std::string& item : items)
            this->present_bytes(number, item);
    }
    template <class Item>
    void each(std::uint32_t number, const std::vector<Item>& items, std::size_t) {
        for (const Item& item : items) {
            Writer<wire::Count> measured;
            fields(measured, item);
            this->head(number, measured.total());
            fields(*this, item);
        }
    }
    /// Two passes however the tables and groups are mixed: count them, then put every key in its
    /// place.
    void changes(
        std::uint32_t users, std::uint32_t channels, const std::vector<Change>& list, std::size_t) {
        Groups groups[2];
        for (const Change& change : list) {
            Groups& group = groups[static_cast<std::size_t>(change.kind)];
            ++(change.count == 0 ? group.gones : change.count == 1 ? group.ones : group.manys);
        }
        Cursors cursors[2];
        table(users, groups[0], cursors[0]);
        table(channels, groups[1], cursors[1]);
        if constexpr (Sink::writes)
            for (const Change& change : list)
                cursors[static_cast<std::size_t>(change.kind)].put(change);
    }

private:
    void table(std::uint32_t number, const Groups& groups, Cursors& cursors) {
        if (!groups.any()) return;
        this->message(number, [&](auto& inner) {
            cursors.ones = room(inner, 1, groups.ones * sizeof(std::uint64_t));
            cursors.manys = room(inner, 2, groups.manys * sizeof(std::uint64_t));
            cursors.counts = room(inner, 3, groups.manys);
            cursors.gones = room(inner, 4, groups.gones * sizeof(std::uint64_t));
        });
    }
    template <class Inner>
    static char* room(Inner& inner, std::uint32_t number, std::size_t size) {
        if (size == 0) return nullptr;
        inner.head(number, size);
        return inner.put_room(size);
    }
};

}  // namespace grapevine::proto::mesh_wire
