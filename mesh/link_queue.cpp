#include "mesh/link_queue.hpp"

#include "proto/limits.hpp"

#include <algorithm>

namespace grapevine::mesh {

std::string& LinkQueue::open(FrameClass of, std::size_t bytes) {
    Class& queue = classes_[index(of)];
    if (queue.messages.empty() ||
        queue.messages.back().size() + bytes > proto::limits::mesh_batch_bytes) {
        queue.messages.push(Bytes::with_capacity(std::max(bytes, queue.usual_bytes)));
        queue.counted_of_last = 0;
    }
    return queue.messages.back().writable();
}

void LinkQueue::appended(FrameClass of) {
    Class& queue = classes_[index(of)];
    const std::size_t size = queue.messages.back().size();
    queue.bytes += size - queue.counted_of_last;
    queue.counted_of_last = size;
}

Bytes LinkQueue::take(std::size_t flight_bytes_max) {
    if (in_flight_ >= flight_bytes_max) return {};
    for (Class& queue : classes_) {
        if (queue.messages.empty()) continue;
        Bytes message = queue.messages.pop();
        queue.bytes -= message.size();
        queue.usual_bytes = message.size();
        in_flight_ += message.size();
        return message;
    }
    return {};
}

std::size_t LinkQueue::waiting_bytes() const {
    std::size_t bytes = 0;
    for (const Class& queue : classes_)
        bytes += queue.bytes;
    return bytes;
}

void LinkQueue::clear() {
    for (Class& queue : classes_)
        queue = Class{};
    in_flight_ = 0;
}

}  // namespace grapevine::mesh
