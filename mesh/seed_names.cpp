#include "mesh/seed_names.hpp"

#include <algorithm>

namespace grapevine::mesh {
namespace {

/// Addresses taken from one name. More: a larger mesh is dialled from DNS alone, though members
/// tell each other anyway; fewer: whoever forges answers keeps us less busy.
constexpr std::size_t addresses_per_name_max = 1024;
/// Of all names together: half of what the dialer keeps, so that members find room.
constexpr std::size_t addresses_max = 4096;
/// How long the edge may take to answer before it is asked again.
constexpr Duration answer_within = 10s;

}  // namespace

SeedNames::SeedNames(const MeshConfig& config, Rng rng) : config_(&config), rng_(rng) {
    for (const std::string& seed : config.seeds)
        names_.try_emplace(seed);
}

Duration SeedNames::hurry(unsigned hurried) {
    const Duration least =
        std::min(config_->resolve_again * (1u << std::min(hurried, 8u)), config_->redial_max);
    // Only ever later: `resolve_again` is a bound.
    return least + Duration{static_cast<Duration::rep>(
                       rng_.below(static_cast<std::uint64_t>(least.count()) / 2 + 1))};
}

std::vector<std::string> SeedNames::due(Links links, Now now) {
    std::vector<std::string> due;
    for (auto& [text, name] : names_) {
        const bool hurries =
            2 * links.linked < links.expected || (links.linked == 0 && name.addresses.empty());
        if (!hurries) name.hurried = 0;
        const Instant when = hurries && !name.asked ? std::min(name.next, name.early) : name.next;
        if (now.steady < when) continue;
        name.asked = true;
        name.next = now.steady + answer_within;
        name.early = now.steady + hurry(name.hurried);
        if (hurries) ++name.hurried;
        due.push_back(text);
    }
    return due;
}

SeedNames::Change SeedNames::answered(
    const std::string& text, const std::vector<std::string>& addresses, bool whole, Now now) {
    Change change;
    const auto found = names_.find(text);
    if (found == names_.end()) return change;
    Name& name = found->second;
    const bool is_other_kind = !name.answered || name.whole != whole;
    const std::set<std::string> before = name.addresses;
    name.asked = false;
    name.answered = true;
    name.whole = whole;
    const auto slack = static_cast<std::uint64_t>(config_->resolve_every.count()) / 10;
    name.next = now.steady + config_->resolve_every * 19 / 20 +
                Duration{static_cast<Duration::rep>(rng_.below(slack + 1))};

    if (whole) {
        const std::set<std::string> newest(addresses.begin(), addresses.end());
        std::erase_if(name.addresses, [&](const std::string& address) {
            if (newest.contains(address)) return false;
            const auto listed = listed_.find(address);
            if (--listed->second == 0) {
                listed_.erase(listed);
                change.vanished.push_back(address);
            }
            return true;
        });
    }
    for (const std::string& address : addresses) {
        if (name.addresses.contains(address)) continue;
        if (name.addresses.size() >= addresses_per_name_max ||
            (listed_.size() >= addresses_max && !listed_.contains(address))) {
            ++change.left_out;
            continue;
        }
        name.addresses.insert(address);
        if (++listed_[address] == 1) change.appeared.push_back(address);
    }
    change.listed = name.addresses.size();
    const bool is_number = name.addresses == std::set<std::string>{text};
    change.is_news = !is_number && (is_other_kind || name.addresses != before);
    return change;
}

}  // namespace grapevine::mesh
