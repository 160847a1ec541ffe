/// Reads what nodes say to the load generator. Messages that it sent itself and answers to them,
/// which is nearly everything, are recognised by a few bytes; the rest goes to the codec of the
/// client protocol.
#pragma once

#include "cli/bench/stamp.hpp"
#include "proto/client_codec.hpp"

#include <string>
#include <string_view>

namespace grapevine::cli::bench {

/// What all connections of a run have in common as readers.
struct ReplyContext {
    proto::Encoding encoding = proto::Encoding::json;
    std::size_t payload_bytes = payload_bytes_min;
    std::string mark;  ///< stamp_mark of the run
    proto::ClientScratch scratch;
};

/// One WebSocket message, reply by reply.
class Replies {
public:
    enum class Kind : std::uint8_t {
        message,  ///< `stamp` is that of a message of this run
        damaged,  ///< a message of this run that is not as it was sent
        done,  ///< a publish was accepted
        other,  ///< `reply`
        end,
        malformed,
    };

    /// `hint`: of this connection; where in a reply the last message was.
    Replies(ReplyContext& context, std::string_view message, std::uint32_t& hint)
        : context_(context), rest_(message), hint_(hint) {}

    Kind next();
    [[nodiscard]] const Stamp& stamp() const { return stamp_; }
    [[nodiscard]] const proto::Reply& reply() const { return reply_; }

private:
    /// Takes one reply from the rest: without what separates it from the next, and with.
    bool take(std::string_view& reply, std::string_view& whole);
    [[nodiscard]] bool is_done(std::string_view reply) const;
    Kind read_message(std::string_view from);

    ReplyContext& context_;
    std::string_view rest_;
    std::uint32_t& hint_;
    Stamp stamp_;
    proto::Reply reply_;
};

}  // namespace grapevine::cli::bench
