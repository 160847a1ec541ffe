/// What crosses between the loop that has Mesh and another loop of the same node: whole batches,
/// one a turn, which own all they hold.
#pragma once

#include "mesh/sessions.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace grapevine::mesh {

/// What loop 0 tells another loop, in the order in which it was said.
class LoopInput {
public:
    void add(const Joined& joined) { items_.emplace_back(joined); }
    void add(ShutdownBegun begun) { items_.emplace_back(begun); }
    void add(Answer answer) { items_.emplace_back(std::move(answer)); }
    void add(LoopQuery query) { items_.emplace_back(std::move(query)); }
    void add(Inquired inquired) { items_.emplace_back(std::move(inquired)); }
    /// Copies name and body.
    void add(const Deliver& deliver);
    /// Hands all of it to a loop's sessions.
    void tell(Sessions& sessions, Now now, SessionsOutput& output) const;

    [[nodiscard]] bool is_empty() const { return items_.empty(); }
    /// What it holds of messages, and what these cost besides their text.
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    /// What one message would add to that.
    [[nodiscard]] static std::size_t bytes_of(const Deliver& deliver) {
        return sizeof(Item) + deliver.name.size() + deliver.body.size();
    }
    void swap(LoopInput& other) noexcept {
        items_.swap(other.items_);
        text_.swap(other.text_);
        std::swap(bytes_, other.bytes_);
    }
    /// Keeps what memory it has for the next batch, unless that was a very long one.
    void clear();

private:
    struct Delivery {
        Deliver what;  ///< without the texts
        std::size_t name_at = 0;
        std::uint32_t name_bytes = 0;
        std::uint32_t body_bytes = 0;
    };
    using Item = std::variant<Joined, Delivery, Answer, LoopQuery, Inquired, ShutdownBegun>;

    std::vector<Item> items_;
    std::string text_;  ///< of deliveries: name and body, one after the other
    std::size_t bytes_ = 0;
};

/// What another loop tells loop 0: what its sessions said in a turn.
struct LoopOutput {
    SessionsOutput said;  ///< without sends and closes: those stay on their loop
    std::size_t taken_bytes = 0;  ///< of its input since it last said so: LoopInput::bytes()

    /// Of the messages in it, and about what everything in it costs besides.
    [[nodiscard]] std::size_t bytes() const;
};

}  // namespace grapevine::mesh
