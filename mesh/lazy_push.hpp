/// One publication, or coming or going, as the pushes that its subscribers get: written at most
/// once for each encoding, when the first subscriber needs it, and then shared.
#pragma once

#include "mesh/exchange.hpp"
#include "proto/client_codec.hpp"

#include <array>
#include <cstddef>
#include <string_view>

namespace grapevine::mesh {

class LazyPush {
public:
    /// `channel` is what subscribers see. Both must outlive the push.
    LazyPush(const Deliver& deliver, std::string_view channel)
        : deliver_(deliver), channel_(channel) {}

    enum class State : std::uint8_t { unwritten, written, unfit, unreadable };
    /// `unfit`: a binary payload has no JSON form. `unreadable`: the body is no publication.
    State prepare(proto::Encoding encoding) {
        Form& form = form_of(encoding);
        if (form.state == State::unwritten) write(form, encoding);
        return form.state;
    }
    /// Adds it to messages that are written already; false if it cannot be. Never for a binary
    /// payload, which some encodings skip.
    [[nodiscard]] bool append_to(std::string& messages, proto::Encoding encoding) const {
        return deliver_.target == Target::watchers
                   ? proto::append_coming_push(messages, encoding, channel_, deliver_.body)
                   : proto::append_push(
                         messages, encoding, channel_, deliver_.payload_kind, deliver_.body);
    }
    [[nodiscard]] bool is_binary() const { return deliver_.payload_kind == PayloadKind::binary; }
    /// About what it takes: the body in its push, with room for what JSON adds around it.
    [[nodiscard]] std::size_t room() const {
        constexpr std::size_t framing_bytes = 128;
        return deliver_.body.size() + channel_.size() + framing_bytes;
    }
    /// Whether a form was wanted that could not be made of this body.
    [[nodiscard]] bool was_unreadable() const {
        return forms_[0].state == State::unreadable || forms_[1].state == State::unreadable;
    }
    /// After prepare() said `written`.
    [[nodiscard]] const Bytes& message(proto::Encoding encoding) {
        return form_of(encoding).message;
    }

private:
    struct Form {
        State state = State::unwritten;
        Bytes message;
    };

    Form& form_of(proto::Encoding encoding) { return forms_[static_cast<std::size_t>(encoding)]; }

    void write(Form& form, proto::Encoding encoding) {
        if (deliver_.payload_kind == PayloadKind::binary && encoding == proto::Encoding::json) {
            form.state = State::unfit;
            return;
        }
        form.message = Bytes::with_capacity(room());
        const bool written = append_to(form.message.writable(), encoding);
        form.state = written ? State::written : State::unreadable;
    }

    const Deliver& deliver_;
    std::string_view channel_;
    std::array<Form, 2> forms_;
};

}  // namespace grapevine::mesh
