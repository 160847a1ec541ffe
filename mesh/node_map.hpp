/// Values by node: found by hash, visited in the order of ids, never moved.
///
/// In a mesh of a thousand nodes each sign of life asks several of these; a search tree would cost
/// ten cache misses for each of them.
#pragma once

#include "mesh/flat_map.hpp"
#include "proto/hash.hpp"
#include "proto/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace grapevine::mesh {

using proto::NodeId;

template <class Value>
class NodeMap {
    struct Place {
        NodeId node;
        std::unique_ptr<Value> value;
    };

public:
    [[nodiscard]] std::size_t size() const { return places_.size(); }
    [[nodiscard]] bool empty() const { return places_.empty(); }
    [[nodiscard]] bool contains(NodeId node) const { return find(node) != nullptr; }

    /// Null if there is none.
    [[nodiscard]] Value* find(NodeId node) {
        Value** const found = by_hash_.find(hash_of(node));
        return found != nullptr ? *found : nullptr;
    }
    [[nodiscard]] const Value* find(NodeId node) const {
        return const_cast<NodeMap*>(this)->find(node);
    }

    /// The value of `node`, and whether it was made now.
    std::pair<Value&, bool> make(NodeId node) {
        if (Value* const found = find(node)) return {*found, false};
        const auto at = places_.insert(lower_bound(node), Place{node, std::make_unique<Value>()});
        by_hash_[hash_of(node)] = at->value.get();
        return {*at->value, true};
    }

    bool erase(NodeId node) {
        if (!by_hash_.erase(hash_of(node))) return false;
        places_.erase(lower_bound(node));
        return true;
    }
    /// Erases each for which over(node, value). All are asked first, so `over` may look at the map.
    template <class Over>
    void erase_if(Over over) {
        std::vector<NodeId> chosen;
        for (Place& place : places_)
            if (over(place.node, *place.value)) chosen.push_back(place.node);
        for (const NodeId node : chosen)
            erase(node);
    }

    // ---- visiting: for (const auto [node, value] : map)
    template <class Reference>
    struct Item {
        NodeId node;
        Reference value;
    };
    template <class Reference, class At>
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Item<Reference>;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = Item<Reference>;

        explicit Iterator(At at) : at_(at) {}
        Item<Reference> operator*() const { return {at_->node, *at_->value}; }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        At at_;
    };
    using Places = std::vector<Place>;
    [[nodiscard]] auto begin() {
        return Iterator<Value&, typename Places::iterator>{places_.begin()};
    }
    [[nodiscard]] auto end() { return Iterator<Value&, typename Places::iterator>{places_.end()}; }
    [[nodiscard]] auto begin() const {
        return Iterator<const Value&, typename Places::const_iterator>{places_.begin()};
    }
    [[nodiscard]] auto end() const {
        return Iterator<const Value&, typename Places::const_iterator>{places_.end()};
    }

private:
    static std::uint64_t hash_of(NodeId node) { return proto::mix64(node.value); }
    [[nodiscard]] typename Places::iterator lower_bound(NodeId node) {
        return std::lower_bound(
            places_.begin(), places_.end(), node, [](const Place& place, NodeId wanted) {
                return place.node < wanted;
            });
    }

    Places places_;  ///< by id
    FlatMap<Value*> by_hash_;
};

}  // namespace grapevine::mesh
