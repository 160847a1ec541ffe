#include "node/descriptors.hpp"

#include <sys/resource.h>

namespace grapevine::node {

std::size_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace grapevine::node
