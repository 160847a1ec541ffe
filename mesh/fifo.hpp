/// A queue on one vector: steady traffic allocates nothing, which std::deque does.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace grapevine::mesh {

template <class T>
class Fifo {
public:
    [[nodiscard]] bool empty() const { return head_ == items_.size(); }
    [[nodiscard]] std::size_t size() const { return items_.size() - head_; }
    [[nodiscard]] T& front() { return items_[head_]; }
    [[nodiscard]] const T& front() const { return items_[head_]; }
    [[nodiscard]] T& back() { return items_.back(); }
    /// The item `index` places behind the front.
    [[nodiscard]] const T& at(std::size_t index) const { return items_[head_ + index]; }

    void push(T item) { items_.push_back(std::move(item)); }
    T pop() {
        T item = std::move(items_[head_++]);
        if (empty()) {
            items_.clear();
            head_ = 0;
        } else if (head_ >= compact_at && head_ * 2 >= items_.size()) {
            items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
        return item;
    }
    void clear() {
        items_.clear();
        head_ = 0;
    }

private:
    /// Popped places are given back when they are this many and at least half: amortised one move
    /// each.
    static constexpr std::size_t compact_at = 32;

    std::vector<T> items_;
    std::size_t head_ = 0;
};

}  // namespace grapevine::mesh
