/// Counts heap allocations of a whole test program, to prove that steady traffic makes none.
#pragma once

#include <cstddef>

namespace grapevine::tests {

/// Calls of any operator new since the program began.
std::size_t allocations();

/// How many of them `action` made.
template <class Action>
std::size_t allocations_of(Action action) {
    const std::size_t before = allocations();
    action();
    return allocations() - before;
}

}  // namespace grapevine::tests
