#include "mesh/node_map.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace grapevine::mesh {
namespace {

RC_GTEST_PROP(NodeMap, IsAMapInTheOrderOfIdsWhoseValuesStayWhereTheyAre, ()) {
    NodeMap<int> map;
    std::map<NodeId, int> model;
    std::map<NodeId, const int*> places;
    for (int step = *rc::gen::inRange(0, 300); step > 0; --step) {
        const NodeId node{*rc::gen::inRange<std::uint64_t>(0, 40)};
        switch (*rc::gen::inRange(0, 4)) {
        case 0: RC_ASSERT(map.erase(node) == (model.erase(node) != 0)); break;
        case 1:
            map.erase_if([&](NodeId each, int value) {
                RC_ASSERT(*map.find(each) == value);
                RC_ASSERT(map.size() == model.size());
                return each < node && value % 3 == 0;
            });
            std::erase_if(
                model, [&](const auto& each) { return each.first < node && each.second % 3 == 0; });
            break;
        default: {
            const auto [value, is_new] = map.make(node);
            RC_ASSERT(is_new == !model.contains(node));
            if (is_new) places[node] = &value;
            value = model[node] = step;
        }
        }
        RC_ASSERT(map.size() == model.size());
        auto expected = model.begin();
        for (const auto [each, value] : map) {
            RC_ASSERT(each == expected->first);
            RC_ASSERT(value == expected->second);
            RC_ASSERT(&value == places[each]);
            RC_ASSERT(map.find(each) == &value);
            ++expected;
        }
        RC_ASSERT(map.contains(node) == model.contains(node));
    }
}

}  // namespace
}  // namespace grapevine::mesh
