/// Doubly linked lists through numbered places (slots.hpp): an element is in several at once,
/// leaves any of them in constant time, and none allocates.
///
///     struct Message { Hook by_age; Hook by_flow; ... };
///     Chain<Message, &Message::by_age> ages;
///     ages.push_back(messages, at);
#pragma once

#include "mesh/slots.hpp"

#include <cstdint>

namespace grapevine::mesh {

/// An element's neighbours in one chain. Only its Chain changes them.
struct Hook {
    std::uint32_t before = nowhere;
    std::uint32_t after = nowhere;
};

template <class T, Hook T::*hook>
class Chain {
public:
    [[nodiscard]] bool empty() const { return first_ == nowhere; }
    [[nodiscard]] std::uint32_t first() const { return first_; }
    [[nodiscard]] static std::uint32_t after(const Slots<T>& all, std::uint32_t at) {
        return (all[at].*hook).after;
    }

    /// `at` must not be in this chain.
    void push_back(Slots<T>& all, std::uint32_t at) {
        all[at].*hook = {.before = last_, .after = nowhere};
        (last_ != nowhere ? (all[last_].*hook).after : first_) = at;
        last_ = at;
    }
    /// `at` must be in this chain.
    void remove(Slots<T>& all, std::uint32_t at) {
        const Hook links = all[at].*hook;
        (links.before != nowhere ? (all[links.before].*hook).after : first_) = links.after;
        (links.after != nowhere ? (all[links.after].*hook).before : last_) = links.before;
        all[at].*hook = {};
    }

private:
    std::uint32_t first_ = nowhere;
    std::uint32_t last_ = nowhere;
};

}  // namespace grapevine::mesh
