/// What websocketpp keeps messages in: pooled, counted without atomics, with a payload that is
/// proto::Bytes.
#pragma once

#include "proto/bytes.hpp"

#include <websocketpp/frame.hpp>

#include <cstddef>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grapevine::node::policy {

class Message;

/// Counted pointer within one thread. The last holder gives the message back to the thread's pool.
class MessagePtr {
public:
    MessagePtr() = default;
    explicit MessagePtr(Message* message);
    MessagePtr(const MessagePtr& other);
    MessagePtr(MessagePtr&& other) noexcept : message_(std::exchange(other.message_, nullptr)) {}
    MessagePtr& operator=(MessagePtr other) noexcept {
        std::swap(message_, other.message_);
        return *this;
    }
    ~MessagePtr();

    Message* operator->() const { return message_; }
    Message& operator*() const { return *message_; }
    explicit operator bool() const { return message_ != nullptr; }
    bool operator!() const { return message_ == nullptr; }
    void reset() { *this = MessagePtr{}; }

private:
    Message* message_ = nullptr;
};

/// The interface websocketpp asks for. A prepared message is a frame: `header` and `payload` go to
/// the wire as they are, and may be queued on any number of connections.
class Message {
public:
    using ptr = MessagePtr;
    using Opcode = websocketpp::frame::opcode::value;

    /// From the pool, with room for `capacity` bytes of payload. websocketpp would check text for
    /// UTF-8 byte by byte, and forgets the end of a fragmented one: it is shown text as binary, and
    /// whoever takes the message checks it at once.
    static MessagePtr make(Opcode opcode, std::size_t capacity);
    /// A frame that is ready to be written.
    static MessagePtr frame(Opcode opcode, std::string_view header, proto::Bytes payload);

    bool get_prepared() const { return is_prepared_; }
    void set_prepared(bool value) { is_prepared_ = value; }
    bool get_compressed() const { return false; }
    void set_compressed(bool) {}
    bool get_terminal() const { return is_terminal_; }
    void set_terminal(bool value) { is_terminal_ = value; }
    bool get_fin() const { return is_final_; }
    void set_fin(bool value) { is_final_ = value; }
    Opcode get_opcode() const { return opcode_; }
    void set_opcode(Opcode opcode) { opcode_ = opcode; }

    const std::string& get_header() const { return header_; }
    void set_header(const std::string& header) { header_ = header; }
    const std::string& get_payload() const { return payload_.string(); }
    std::string& get_raw_payload() { return payload_.writable(); }
    void set_payload(const std::string& payload) { payload_.writable() = payload; }
    void append_payload(const std::string& payload) { payload_.writable() += payload; }
    void append_payload(const void* data, std::size_t size) {
        payload_.writable().append(static_cast<const char*>(data), size);
    }

    // ---- ours
    const proto::Bytes& bytes() const { return payload_; }
    bool is_text() const { return is_text_; }

private:
    friend class MessagePtr;
    friend struct MessagePool;

    proto::Bytes payload_;
    /// At most 14 bytes, which a std::string holds without allocating.
    std::string header_;
    Message* next_free_ = nullptr;
    std::uint32_t holders_ = 0;
    Opcode opcode_ = websocketpp::frame::opcode::text;
    bool is_prepared_ = false;
    bool is_terminal_ = false;
    bool is_final_ = true;
    bool is_text_ = false;
};

/// First in, first out, in one block of memory that is kept while it is small. An empty queue that
/// was never used costs no allocation (std::deque: 576 bytes).
class MessageQueue {
public:
    bool empty() const { return first_ == messages_.size(); }
    std::size_t size() const { return messages_.size() - first_; }
    MessagePtr& front() { return messages_[first_]; }
    const MessagePtr& front() const { return messages_[first_]; }
    void push(const MessagePtr& message) { messages_.push_back(message); }
    void push(MessagePtr&& message) { messages_.push_back(std::move(message)); }
    void pop() {
        messages_[first_++].reset();
        if (first_ == messages_.size())
            clear();
        else if (first_ >= compact_after && first_ * 2 >= messages_.size())
            compact();
    }
    void clear() {
        messages_.clear();
        first_ = 0;
        if (messages_.capacity() > kept_capacity_max) std::vector<MessagePtr>{}.swap(messages_);
    }

private:
    static constexpr std::size_t kept_capacity_max = 64;
    static constexpr std::size_t compact_after = 64;

    void compact() {
        messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }

    std::vector<MessagePtr> messages_;
    std::size_t first_ = 0;
};

/// What websocketpp asks for messages, one per connection. All are the same and hold nothing.
class MessageSource {
public:
    /// Pointer to the only one. websocketpp makes it from `new MessageSource`, which allocates
    /// nothing.
    class ptr {
    public:
        ptr() = default;
        explicit ptr(MessageSource*) {}
        MessageSource* operator->() const { return &instance(); }
    };
    using weak_ptr = ptr;

    MessagePtr get_message() { return Message::make(websocketpp::frame::opcode::text, 0); }
    MessagePtr get_message(Message::Opcode opcode, std::size_t size) {
        return Message::make(opcode, size);
    }

    static void* operator new(std::size_t) { return &instance(); }
    static void operator delete(void*) {}

private:
    static MessageSource& instance() {
        static MessageSource only;
        return only;
    }
};

}  // namespace grapevine::node::policy

/// websocketpp names std::queue for what is to be written; this is the one it gets for our
/// messages.
template <>
class std::queue<grapevine::node::policy::MessagePtr>
    : public grapevine::node::policy::MessageQueue {};
