#include "proto/mesh_codec.hpp"

#include "proto/check.hpp"
#include "proto/mesh_reader.hpp"
#include "proto/mesh_writer.hpp"

#include <array>
#include <utility>

namespace grapevine::proto {
namespace mesh_wire {
namespace {

constexpr std::size_t key_bytes = sizeof(std::uint64_t);

/// The packed keys of one group, and the count they share.
void add_keys(std::string_view keys, TableKind kind, std::uint8_t count, Change*& place) {
    for (std::size_t at = 0; at < keys.size(); at += key_bytes, ++place) {
        std::memcpy(&place->key, keys.data() + at, key_bytes);
        place->kind = kind;
        place->count = count;
    }
}

/// Field number of a frame in wire.Frame: the variant lists them in that order.
template <class Frame, std::size_t Index = 0>
constexpr std::uint32_t number_of() {
    if constexpr (std::is_same_v<Frame, std::variant_alternative_t<Index, MeshFrame>>)
        return Index + 1;
    else
        return number_of<Frame, Index + 1>();
}
static_assert(number_of<Hello>() == 1 && number_of<Delta>() == 15 && number_of<Forward>() == 19);

/// Batch.frames
constexpr std::uint32_t frames_number = 1;

template <class Frame>
void append(std::string& out, const Frame& frame) {
    const std::string_view fault = Inspection::fault_of(frame);
    check(fault.empty(), fault.empty() ? "" : fault.data());

    constexpr std::uint32_t number = number_of<Frame>();
    Writer<wire::Count> body;
    fields(body, frame);
    Writer<wire::Count> element;
    element.head(number, body.total());
    const std::size_t element_size = element.total() + body.total();
    Writer<wire::Count> head;
    head.head(frames_number, element_size);

    Writer<wire::Store> writer{wire::grow(out, head.total() + element_size)};
    writer.head(frames_number, element_size);
    writer.head(number, body.total());
    fields(writer, frame);
}

/// The variant's alternative, kept if it is there already: its vectors have their capacity.
template <class Frame>
std::string_view fill_alternative(MeshFrame& frame, std::string_view body) {
    Frame* const held = std::get_if<Frame>(&frame);
    return Filling::fill(held != nullptr ? *held : frame.emplace<Frame>(), body);
}

using Fill = std::string_view (*)(MeshFrame&, std::string_view);

template <std::size_t... Index>
constexpr std::array<Fill, sizeof...(Index)> all_fills(std::index_sequence<Index...>) {
    return {&fill_alternative<std::variant_alternative_t<Index, MeshFrame>>...};
}
constexpr auto fills = all_fills(std::make_index_sequence<std::variant_size_v<MeshFrame>>{});

}  // namespace

void Filling::table(
    std::uint32_t number, TableKind kind, std::vector<Change>& list, std::size_t limit) {
    std::string_view body;
    if (!takes(number, wire::Type::length) || !bounded(body, body.max_size())) return;

    std::array<std::string_view, 5> group;
    const bool read = wire::for_each_field(body, [&](wire::Field field, wire::Reader& in) {
        if (field.number >= group.size()) return in.skip(field.type);
        std::string_view& place = group[field.number];
        return place.empty() && in.value(field, place);
    });
    const auto [unused, ones, manys, counts, gones] = group;
    const std::size_t bytes = ones.size() + manys.size() + gones.size();
    const bool whole = ones.size() % key_bytes == 0 && manys.size() % key_bytes == 0 &&
                       gones.size() % key_bytes == 0;
    if (!require(read && whole, cut_off)) return;
    if (!require(counts.size() == manys.size() / key_bytes, "counts that do not match their keys"))
        return;
    if (!require(kind == TableKind::users || manys.empty(), "a channel with a count")) return;
    if (!require(bytes / key_bytes <= limit - list.size(), "more changes than the limit")) return;

    const std::size_t before = list.size();
    list.resize(before + bytes / key_bytes);
    Change* place = list.data() + before;
    add_keys(ones, kind, 1, place);
    for (std::size_t index = 0; index < counts.size(); ++index) {
        const auto count = static_cast<std::uint8_t>(counts[index]);
        if (!require(count >= 2, "a count below two")) return;
        add_keys(manys.substr(index * key_bytes, key_bytes), kind, count, place);
    }
    add_keys(gones, kind, 0, place);
    advance();
}

}  // namespace mesh_wire

bool NameList::is_whole() const {
    std::string_view rest = packed;
    while (!rest.empty()) {
        const std::size_t bytes = static_cast<unsigned char>(rest.front());
        if (bytes == 0 || bytes > limits::user_name_bytes || bytes >= rest.size()) return false;
        rest.remove_prefix(1 + bytes);
    }
    return !packed.empty();
}

void append_frame(std::string& out, const MeshFrame& frame) {
    std::visit([&](const auto& alternative) { mesh_wire::append(out, alternative); }, frame);
}
void append_frame(std::string& out, const Forward& frame) {
    mesh_wire::append(out, frame);
}
void append_frame(std::string& out, const Delta& frame) {
    mesh_wire::append(out, frame);
}
void append_frame(std::string& out, const SnapChunk& frame) {
    mesh_wire::append(out, frame);
}
void append_frame(std::string& out, const Done& frame) {
    mesh_wire::append(out, frame);
}
void append_frame(std::string& out, const Nack& frame) {
    mesh_wire::append(out, frame);
}

MeshReader::Step MeshReader::next(MeshFrame& frame) {
    const auto malformed = [this](std::string_view why) {
        why_ = why;
        return Step::malformed;
    };
    if (!why_.empty()) return Step::malformed;

    wire::Reader batch{rest_};
    while (!batch.done()) {
        wire::Field field;
        std::string_view element;
        if (!batch.field(field)) return malformed("a batch cut off");
        if (field.number != mesh_wire::frames_number) {
            if (!batch.skip(field.type)) return malformed("a batch cut off");
            continue;
        }
        if (!batch.value(field, element)) return malformed("a batch cut off");

        std::uint32_t kind = 0;
        std::string_view body;
        const bool read = wire::for_each_field(element, [&](wire::Field inner, wire::Reader& in) {
            if (inner.number > mesh_wire::fills.size()) return false;
            return std::exchange(kind, inner.number) == 0 && in.value(inner, body);
        });
        if (!read || kind == 0)
            return malformed("a frame cut off, of two kinds or of none we know");

        const std::string_view fault = mesh_wire::fills[kind - 1](frame, body);
        if (!fault.empty()) return malformed(fault);
        rest_ = batch.rest();
        return Step::frame;
    }
    rest_ = {};
    return Step::end;
}

}  // namespace grapevine::proto
