#include "cli/bench/tally.hpp"

namespace grapevine::cli::bench {

void Tally::failed(std::string_view why) {
    ++failures_;
    if (const auto known = reasons_.find(why); known != reasons_.end())
        ++known->second;
    else if (reasons_.size() < reasons_max)
        reasons_.emplace(why, 1);
}

}  // namespace grapevine::cli::bench
