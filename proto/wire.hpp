/// Protobuf's wire format over spans: a bounds-checked reader, and a writer that measures before it
/// writes, so that every message is written once, into room that was made once. Knows no message:
/// the codecs do. Canonical like the generated code: fields in the order they are given, proto3
/// defaults left out.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace grapevine::proto::wire {

static_assert(std::endian::native == std::endian::little, "fixed64 is copied as it lies in memory");

enum class Type : std::uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

struct Field {
    std::uint32_t number = 0;
    Type type = Type::varint;
};

constexpr std::uint64_t tag_of(std::uint32_t number, Type type) {
    return std::uint64_t{number} << 3 | static_cast<std::uint64_t>(type);
}

/// Takes one value after another from hostile bytes. Whatever returns false left nothing usable
/// behind: the message is malformed. Stricter than protobuf where that is ambiguous: no groups, no
/// numbers that do not fit their type, no known field of another wire type.
class Reader {
public:
    explicit Reader(std::string_view bytes)
        : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] bool done() const { return at_ == end_; }
    [[nodiscard]] std::string_view rest() const { return {at_, left()}; }

    [[nodiscard]] bool field(Field& field) {
        std::uint64_t tag = 0;
        if (!varint(tag, short_varint_bytes)) return false;
        if (tag < tag_of(1, Type::varint) || tag > std::numeric_limits<std::uint32_t>::max())
            return false;
        field.number = static_cast<std::uint32_t>(tag >> 3);
        field.type = static_cast<Type>(tag & 7);
        return field.type <= Type::length || field.type == Type::fixed32;
    }

    [[nodiscard]] bool varint(std::uint64_t& value) { return varint(value, long_varint_bytes); }
    [[nodiscard]] bool fixed64(std::uint64_t& value) {
        if (left() < sizeof value) return false;
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return true;
    }
    /// Length and that many bytes.
    [[nodiscard]] bool bytes(std::string_view& value) {
        std::uint64_t size = 0;
        if (!varint(size, short_varint_bytes) || size > left()) return false;
        value = {at_, static_cast<std::size_t>(size)};
        at_ += size;
        return true;
    }
    [[nodiscard]] bool skip(Type type) {
        std::uint64_t number = 0;
        std::string_view text;
        switch (type) {
        case Type::varint: return varint(number);
        case Type::fixed64: return fixed64(number);
        case Type::length: return bytes(text);
        case Type::fixed32:
            if (left() < sizeof(std::uint32_t)) return false;
            at_ += sizeof(std::uint32_t);
            return true;
        }
        return false;
    }

    // ---- whether the next field is this one; else nothing is taken
    [[nodiscard]] bool next_is(std::uint32_t number, Field& field) {
        if (done() || static_cast<std::uint8_t>(*at_) != tag_of(number, Type::varint)) return false;
        field = {number, Type::varint};
        ++at_;
        return true;
    }
    /// And its value, if that is there.
    [[nodiscard]] bool next_is(std::uint32_t number, std::string_view& value) {
        if (done() || static_cast<std::uint8_t>(*at_) != tag_of(number, Type::length)) return false;
        ++at_;
        return bytes(value);
    }

    // ---- the value of a field that was just read, if it has that type
    [[nodiscard]] bool value(Field field, std::string_view& value) {
        return field.type == Type::length && bytes(value);
    }
    [[nodiscard]] bool value(Field field, std::uint32_t& value) {
        std::uint64_t wide = 0;
        if (field.type != Type::varint || !varint(wide)) return false;
        value = static_cast<std::uint32_t>(wide);
        return wide <= std::numeric_limits<std::uint32_t>::max();
    }
    [[nodiscard]] bool value(Field field, bool& value) {
        std::uint64_t wide = 0;
        if (field.type != Type::varint || !varint(wide)) return false;
        value = wide != 0;
        return true;
    }

private:
    /// Tags and lengths are 32 bits wide, so a longer varint is no tag and no length.
    static constexpr int short_varint_bytes = 5;
    static constexpr int long_varint_bytes = 10;

    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    [[nodiscard]] bool varint(std::uint64_t& value, int bytes_max) {
        if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) [[likely]] {
            value = static_cast<std::uint8_t>(*at_++);
            return true;
        }
        value = 0;
        for (int index = 0; index < bytes_max && at_ != end_; ++index) {
            const auto byte = static_cast<std::uint8_t>(*at_++);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * index);
            const bool overflows = index == long_varint_bytes - 1 && byte > 1;
            if (byte < 0x80) return !overflows;
        }
        return false;
    }

    const char* at_;
    const char* end_;
};

/// Calls `take(field, reader)` for each field of a message; it takes the value, or skips it, and
/// says whether it could.
template <class Take>
[[nodiscard]] bool for_each_field(std::string_view message, Take take) {
    Reader in{message};
    Field field;
    while (!in.done())
        if (!in.field(field) || !take(field, in)) return false;
    return true;
}

/// Where measured bytes go: nowhere.
class Count {
public:
    static constexpr bool writes = false;
    [[nodiscard]] std::size_t total() const { return total_; }

    void put_varint(std::uint64_t value) {
        total_ += (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
    }
    void put_fixed64(std::uint64_t) { total_ += sizeof(std::uint64_t); }
    void put_bytes(std::string_view value) { total_ += value.size(); }
    char* put_room(std::size_t size) {
        total_ += size;
        return nullptr;
    }

private:
    std::size_t total_ = 0;
};

/// Where written bytes go: into room that was measured by Count.
class Store {
public:
    static constexpr bool writes = true;
    explicit Store(char* at) : at_(at) {}

    void put_varint(std::uint64_t value) {
        if (value < 0x80) [[likely]] {
            *at_++ = static_cast<char>(value);
            return;
        }
        if (value < 0x4000) [[likely]] {
            *at_++ = static_cast<char>(value | 0x80);
            *at_++ = static_cast<char>(value >> 7);
            return;
        }
        put_long_varint(value);
    }
    void put_fixed64(std::uint64_t value) {
        std::memcpy(at_, &value, sizeof value);
        at_ += sizeof value;
    }
    void put_bytes(std::string_view value) {
        if (!value.empty()) std::memcpy(at_, value.data(), value.size());
        at_ += value.size();
    }
    /// Room that the caller fills.
    char* put_room(std::size_t size) {
        char* const room = at_;
        at_ += size;
        return room;
    }

private:
    void put_long_varint(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            *at_++ = static_cast<char>(value | 0x80);
        *at_++ = static_cast<char>(value);
    }

    char* at_;
};

/// The fields of a message, in a Count to measure it or in a Store to write it. The same
/// description serves both, so length and content cannot disagree.
template <class Sink>
class Fields : public Sink {
public:
    using Sink::Sink;
    static constexpr bool reads = false;

    void varint(std::uint32_t number, std::uint64_t value) {
        if (value == 0) return;
        this->put_varint(tag_of(number, Type::varint));
        this->put_varint(value);
    }
    void fixed64(std::uint32_t number, std::uint64_t value) {
        if (value != 0) present_fixed64(number, value);
    }
    void bytes(std::uint32_t number, std::string_view value) {
        if (!value.empty()) present_bytes(number, value);
    }

    // ---- those that are written whatever their value: optional, repeated, or messages
    void present_fixed64(std::uint32_t number, std::uint64_t value) {
        this->put_varint(tag_of(number, Type::fixed64));
        this->put_fixed64(value);
    }
    void present_bytes(std::uint32_t number, std::string_view value) {
        head(number, value.size());
        this->put_bytes(value);
    }
    /// `describe(fields)` gives the fields of the message inside. Inlined, for what is measured and
    /// written once for each publication.
    template <class Describe>
    [[gnu::always_inline]] void message(std::uint32_t number, Describe describe) {
        Fields<Count> measured;
        describe(measured);
        head(number, measured.total());
        describe(*this);
    }
    /// Tag and length of something that the caller puts next.
    void head(std::uint32_t number, std::size_t size) {
        this->put_varint(tag_of(number, Type::length));
        this->put_varint(size);
    }
};

/// Makes `size` bytes more at the end of `out` and gives the place.
inline char* grow(std::string& out, std::size_t size) {
    const std::size_t before = out.size();
    out.resize(before + size);
    return out.data() + before;
}

/// Appends a message preceded by its length, as a stream of messages has them.
template <class Describe>
void append_delimited(std::string& out, Describe describe) {
    Fields<Count> measured;
    describe(measured);
    Count whole = measured;
    whole.put_varint(measured.total());
    Fields<Store> fields{grow(out, whole.total())};
    fields.put_varint(measured.total());
    describe(fields);
}

/// Appends a message as it is.
template <class Describe>
void append_message(std::string& out, Describe describe) {
    Fields<Count> measured;
    describe(measured);
    Fields<Store> fields{grow(out, measured.total())};
    describe(fields);
}

}  // namespace grapevine::proto::wire
