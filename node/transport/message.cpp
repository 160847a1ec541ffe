#include "node/transport/message.hpp"

namespace grapevine::node::policy {

/// Free messages of one thread. Their payloads are given back at once, so each costs 80 bytes.
struct MessagePool {
    /// Larger bounds keep more memory after a burst; smaller ones allocate during the next.
    static constexpr std::size_t kept_max = 4096;

    Message* first = nullptr;
    std::size_t kept = 0;
    bool closed = false;

    MessagePool() = default;
    MessagePool(const MessagePool&) = delete;
    MessagePool& operator=(const MessagePool&) = delete;
    ~MessagePool() {
        while (first != nullptr)
            delete std::exchange(first, first->next_free_);
        closed = true;
    }

    static MessagePool& here() {
        thread_local MessagePool instance;
        return instance;
    }

    Message* take() {
        if (first == nullptr) return new Message;
        --kept;
        return std::exchange(first, first->next_free_);
    }

    void give_back(Message* message) {
        message->payload_ = {};
        if (closed || kept == kept_max) {
            delete message;
            return;
        }
        message->next_free_ = std::exchange(first, message);
        ++kept;
    }
};

MessagePtr Message::make(Opcode opcode, std::size_t capacity) {
    MessagePtr message{MessagePool::here().take()};
    message->payload_ = proto::Bytes::with_capacity(capacity);
    message->header_.clear();
    message->is_text_ = opcode == websocketpp::frame::opcode::text;
    message->opcode_ = message->is_text_ ? websocketpp::frame::opcode::binary : opcode;
    message->is_prepared_ = message->is_terminal_ = false;
    message->is_final_ = true;
    return message;
}

MessagePtr Message::frame(Opcode opcode, std::string_view header, proto::Bytes payload) {
    MessagePtr message{MessagePool::here().take()};
    message->payload_ = payload ? std::move(payload) : proto::Bytes::with_capacity(0);
    message->header_ = header;
    message->opcode_ = opcode;
    message->is_prepared_ = message->is_final_ = true;
    message->is_terminal_ = false;
    return message;
}

MessagePtr::MessagePtr(Message* message) : message_(message) {
    if (message_ != nullptr) ++message_->holders_;
}

MessagePtr::MessagePtr(const MessagePtr& other) : MessagePtr(other.message_) {}

MessagePtr::~MessagePtr() {
    if (message_ != nullptr && --message_->holders_ == 0) MessagePool::here().give_back(message_);
}

}  // namespace grapevine::node::policy
