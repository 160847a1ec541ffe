#include "proto/mesh_codec.hpp"
#include "tests/support/exact_bytes.hpp"
#include "tests/support/frame_generators.hpp"
#include "tests/support/generated_frames.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace grapevine::proto {
namespace {

using tests::ExactBytes;
using tests::OwnedForward;

std::string batch_of(const MeshFrame& frame) {
    std::string out;
    append_frame(out, frame);
    return out;
}

/// All frames of a batch, as far as it can be read. Forwards point into `bytes`.
struct Reading {
    explicit Reading(std::string_view bytes) {
        MeshReader reader{bytes};
        MeshFrame frame;
        for (;;) {
            last = reader.next(frame);
            if (last != MeshReader::Step::frame) break;
            frames.push_back(frame);
        }
    }
    std::vector<MeshFrame> frames;
    MeshReader::Step last;
};

/// Some frames of all kinds as one batch, and what a reader makes of it.
struct Traffic {
    // A few frames show as much as many, and are quicker.
    std::vector<OwnedForward> forwards = *rc::gen::resize(
        12, rc::gen::container<std::vector<OwnedForward>>(tests::gen::owned_forward()));
    std::vector<MeshFrame> others =
        *rc::gen::resize(12, rc::gen::container<std::vector<MeshFrame>>(tests::gen::frame()));

    [[nodiscard]] std::vector<MeshFrame> frames() const {
        std::vector<MeshFrame> all;
        for (std::size_t at = 0; at < std::max(forwards.size(), others.size()); ++at) {
            if (at < forwards.size()) all.emplace_back(forwards[at].frame());
            if (at < others.size()) all.push_back(tests::as_read(others[at]));
        }
        return all;
    }
};

RC_GTEST_PROP(MeshCodec, WritesWhatGeneratedCodeWritesAndReadsItBack, ()) {
    const MeshFrame frame = *tests::gen::frame();
    const std::string bytes = batch_of(frame);
    RC_ASSERT(bytes == tests::generated_batch(frame));
    const Reading reading{bytes};
    RC_ASSERT(reading.last == MeshReader::Step::end);
    RC_ASSERT(reading.frames.size() == 1U);
    RC_ASSERT(reading.frames[0] == tests::as_read(frame));
}

RC_GTEST_PROP(MeshCodec, ForwardsAreThoseOfGeneratedCode, ()) {
    const OwnedForward owned = *tests::gen::owned_forward();
    std::string bytes;
    append_frame(bytes, owned.frame());
    RC_ASSERT(bytes == tests::generated_batch(owned.frame()));
    const Reading reading{bytes};
    RC_ASSERT(reading.frames.size() == 1U);
    RC_ASSERT(std::get<Forward>(reading.frames[0]) == owned.frame());
}

RC_GTEST_PROP(MeshCodec, AnswersToForwardsAreThoseOfGeneratedCode, ()) {
    const tests::OwnedAnswer owned = *tests::gen::owned_answer();
    const std::string bytes = batch_of(owned.frame());
    RC_ASSERT(bytes == tests::generated_batch(owned.frame()));
    const Reading reading{bytes};
    RC_ASSERT(reading.frames.size() == 1U);
    RC_ASSERT(reading.frames[0] == owned.frame());
}

RC_GTEST_PROP(MeshCodec, HotOverloadsWriteWhatTheVariantWrites, ()) {
    const Delta delta = *tests::gen::delta();
    const SnapChunk chunk = *tests::gen::snap_chunk();
    std::string bytes;
    append_frame(bytes, delta);
    append_frame(bytes, chunk);
    RC_ASSERT(bytes == batch_of(delta) + batch_of(chunk));
}

RC_GTEST_PROP(MeshCodec, ABatchIsItsFramesInOrder, ()) {
    const Traffic traffic;
    std::string bytes;
    for (const MeshFrame& frame : traffic.frames())
        append_frame(bytes, frame);
    const Reading reading{bytes};
    RC_ASSERT(reading.last == MeshReader::Step::end);
    RC_ASSERT(reading.frames == traffic.frames());
}

RC_GTEST_PROP(MeshCodec, CutAnywhereItGivesOnlyTheWholeFramesBefore, ()) {
    const Traffic traffic;
    const std::vector<MeshFrame> frames = traffic.frames();
    std::string bytes;
    std::vector<std::size_t> ends{0};
    for (const MeshFrame& frame : frames) {
        append_frame(bytes, frame);
        ends.push_back(bytes.size());
    }
    std::size_t whole = 0;
    // Every byte of the first frames is enough, and a long batch would take long.
    for (std::size_t size = 0; size < std::min<std::size_t>(bytes.size(), 600); ++size) {
        while (whole + 1 < ends.size() && ends[whole + 1] <= size)
            ++whole;
        const ExactBytes cut{std::string_view{bytes}.substr(0, size)};
        const Reading reading{cut.view()};
        RC_ASSERT(reading.frames.size() == whole);
        RC_ASSERT(std::equal(reading.frames.begin(), reading.frames.end(), frames.begin()));
        RC_ASSERT((reading.last == MeshReader::Step::end) == (ends[whole] == size));
    }
}

RC_GTEST_PROP(MeshCodec, WhateverItAcceptsItCanWriteAndReadAgain, ()) {
    const Traffic traffic;
    std::string bytes;
    for (const MeshFrame& frame : traffic.frames())
        append_frame(bytes, frame);
    for (const std::size_t at :
         *rc::gen::container<std::vector<std::size_t>>(rc::gen::arbitrary<std::size_t>()))
        if (!bytes.empty()) bytes[at % bytes.size()] = *rc::gen::arbitrary<char>();
    const ExactBytes damaged{bytes};
    for (const MeshFrame& frame : Reading{damaged.view()}.frames) {
        const std::string again = batch_of(frame);
        const Reading reading{again};
        RC_ASSERT(reading.frames.size() == 1U);
        RC_ASSERT(reading.frames[0] == frame);
    }
}

RC_GTEST_PROP(MeshCodec, SkipsFieldsItDoesNotKnow, ()) {
    const Ping ping{1, 2, {3}, 4};
    mesh::wire::Batch batch;
    std::visit(tests::ToGenerated{*batch.add_frames()}, MeshFrame{ping});
    auto& unknown = *batch.mutable_frames(0)->mutable_ping()->GetReflection()->MutableUnknownFields(
        batch.mutable_frames(0)->mutable_ping());
    unknown.AddVarint(*rc::gen::inRange(5, 1000), *tests::gen::number());
    unknown.AddLengthDelimited(*rc::gen::inRange(5, 1000), *tests::gen::bytes());
    unknown.AddFixed32(*rc::gen::inRange(5, 1000), 7);
    unknown.AddFixed64(*rc::gen::inRange(5, 1000), 7);
    batch.GetReflection()->MutableUnknownFields(&batch)->AddVarint(9, 9);
    const std::string bytes = batch.SerializeAsString();
    const Reading reading{bytes};
    RC_ASSERT(reading.last == MeshReader::Step::end);
    RC_ASSERT(reading.frames == std::vector<MeshFrame>{ping});
}

// Nobody says a frame that the link's version does not have, so this is no link of ours.
RC_GTEST_PROP(MeshCodec, RefusesFramesItDoesNotKnow, ()) {
    constexpr int first_unknown = std::variant_size_v<MeshFrame> + 1;
    const Ping ping{1, 2, {3}, 4};
    mesh::wire::Batch batch;
    std::visit(tests::ToGenerated{*batch.add_frames()}, MeshFrame{ping});
    auto& newer = *batch.add_frames();
    newer.GetReflection()->MutableUnknownFields(&newer)->AddLengthDelimited(
        *rc::gen::inRange(first_unknown, 1000), *tests::gen::bytes());
    const std::string bytes = batch.SerializeAsString();
    const Reading reading{bytes};
    RC_ASSERT(reading.last == MeshReader::Step::malformed);
    RC_ASSERT(reading.frames == std::vector<MeshFrame>{ping});
}

}  // namespace
}  // namespace grapevine::proto
