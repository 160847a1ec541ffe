// Any bytes as a batch. What our reader accepts to the end, generated code must read as the same
// frames; and what was read can be written and read again.
#include "proto/check.hpp"
#include "proto/mesh_codec.hpp"
#include "tests/support/generated_frames.hpp"

#include <google/protobuf/stubs/logging.h>

#include <vector>

namespace grapevine {
namespace {

using proto::check;
using proto::MeshFrame;
using proto::MeshReader;

void check_reads_again(const MeshFrame& frame) {
    std::string again;
    append_frame(again, frame);
    check(again == tests::generated_batch(frame), "ours is what generated code writes");
    MeshReader reader{again};
    MeshFrame copy;
    check(reader.next(copy) == MeshReader::Step::frame, "what was written can be read");
    check(copy == frame, "what was written is read unchanged");
    check(reader.next(copy) == MeshReader::Step::end, "one frame was written");
}

/// Without what ours does not keep: fields it does not know, and tables that are there but empty.
template <class Message>
void forget_empty_tables(Message& message) {
    if (message.users().ByteSizeLong() == 0) message.clear_users();
    if (message.channels().ByteSizeLong() == 0) message.clear_channels();
}

void check_same(mesh::wire::Frame theirs, const MeshFrame& ours) {
    theirs.DiscardUnknownFields();
    if (theirs.has_delta()) forget_empty_tables(*theirs.mutable_delta());
    if (theirs.has_snap_chunk()) forget_empty_tables(*theirs.mutable_snap_chunk());
    mesh::wire::Frame twin;
    std::visit(tests::ToGenerated{twin}, ours);
    check(
        theirs.SerializeAsString() == twin.SerializeAsString(),
        "generated code reads the same frame");
}

void check_batch(std::string_view bytes) {
    MeshReader reader{bytes};
    std::vector<MeshFrame> frames;
    MeshFrame frame;
    MeshReader::Step step;
    while ((step = reader.next(frame)) == MeshReader::Step::frame) {
        check_reads_again(frame);
        frames.push_back(frame);
    }
    check((step == MeshReader::Step::malformed) == !reader.why().empty(), "a refusal says why");
    if (step != MeshReader::Step::end) return;

    mesh::wire::Batch batch;
    check(
        batch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
        "generated code accepts it too");
    std::size_t index = 0;
    for (const mesh::wire::Frame& theirs : batch.frames()) {
        if (theirs.body_case() == mesh::wire::Frame::BODY_NOT_SET) continue;
        check(index < frames.size(), "generated code sees no frame that ours did not");
        check_same(theirs, frames[index++]);
    }
    check(index == frames.size(), "ours sees no frame that generated code did not");
}

}  // namespace
}  // namespace grapevine

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static google::protobuf::LogSilencer quiet;
    grapevine::check_batch({reinterpret_cast<const char*>(data), size});
    return 0;
}
