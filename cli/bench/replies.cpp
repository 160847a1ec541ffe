#include "cli/bench/replies.hpp"

#include <algorithm>

namespace grapevine::cli::bench {
namespace {

constexpr std::string_view json_id = R"({"id":)";
constexpr std::string_view json_done = R"(,"publish":{}})";
/// Field 1, a varint; field 8, of no bytes.
constexpr char protobuf_id = 0x08;
constexpr std::string_view protobuf_done{"\x42\x00", 2};

}  // namespace

Replies::Kind Replies::next() {
    std::string_view reply;
    std::string_view whole;
    if (rest_.empty()) return Kind::end;
    if (!take(reply, whole)) return Kind::malformed;
    const std::string& mark = context_.mark;
    if (reply.size() > hint_ && reply.substr(hint_).starts_with(mark))
        return read_message(reply.substr(hint_));
    if (is_done(reply)) return Kind::done;
    if (const std::size_t at = reply.find(mark); at != std::string_view::npos) {
        hint_ = static_cast<std::uint32_t>(at);
        return read_message(reply.substr(at));
    }
    proto::ReplyReader reader(context_.scratch, context_.encoding, whole);
    return reader.next(reply_) == proto::ReplyReader::Step::reply ? Kind::other : Kind::malformed;
}

bool Replies::take(std::string_view& reply, std::string_view& whole) {
    if (context_.encoding == proto::Encoding::json) {
        const std::size_t end = std::min(rest_.find('\n'), rest_.size());
        whole = reply = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return true;
    }
    std::uint64_t size = 0;
    std::size_t head = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (head == rest_.size() || shift > 28) return false;
        const auto byte = static_cast<unsigned char>(rest_[head++]);
        size |= std::uint64_t{byte & 0x7FU} << shift;
        if (byte < 0x80) break;
    }
    if (rest_.size() - head < size) return false;
    whole = rest_.substr(0, head + size);
    reply = whole.substr(head);
    rest_.remove_prefix(whole.size());
    return true;
}

bool Replies::is_done(std::string_view reply) const {
    if (context_.encoding == proto::Encoding::json) {
        if (!reply.starts_with(json_id)) return false;
        reply.remove_prefix(json_id.size());
        return reply.substr(std::min(reply.find(','), reply.size())) == json_done;
    }
    if (reply.size() < 4 || reply.front() != protobuf_id) return false;
    std::size_t at = 1;
    while (at < reply.size() && static_cast<unsigned char>(reply[at]) >= 0x80)
        ++at;
    return at < reply.size() && reply.substr(at + 1) == protobuf_done;
}

Replies::Kind Replies::read_message(std::string_view from) {
    return read_stamp(from, context_.payload_bytes, stamp_) ? Kind::message : Kind::damaged;
}

}  // namespace grapevine::cli::bench
