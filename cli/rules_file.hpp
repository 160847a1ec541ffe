/// The configuration file: what may be done in which channels, as TOML. Its keys are those of
/// Centrifugo's, as far as Grapevine has what they stand for. What it does not allow is not
/// allowed.
///
///     [channel.without_namespace]
///     allow_subscribe_for_client = true
///
///     [[channel.namespaces]]
///     name = "chat"
///     allow_subscribe_for_client = true
///     allow_publish_for_subscriber = true
#pragma once

#include "mesh/namespaces.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace grapevine::cli {

/// Throws UsageError, which names the file, the line, what is wrong there and what would be right.
mesh::ChannelRules read_rules(const std::string& path);
/// The same of a text; `path` is for errors.
mesh::ChannelRules parse_rules(std::string_view text, std::string_view path);

/// A file that says all of it, with the defaults.
std::string toml_of(const mesh::ChannelRules& rules);

/// What a file may say, for people: docs/configuration.md has the same table.
struct RuleKey {
    std::string name;
    std::string_view means;
};
std::vector<RuleKey> namespace_keys();

}  // namespace grapevine::cli
