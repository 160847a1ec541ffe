/// What sessions may do in which channels. A channel `chat:lobby` is in the namespace `chat`, one
/// without a colon in the namespace without a name; names that begin with `#` or `$` are in none.
///
/// Pure and small: looked at once for each subscribe and each publish. The names of the rules are
/// those of Centrifugo's configuration, whose files say the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::mesh {

/// Whom a right is given to.
struct Right {
    bool clients = false;  ///< sessions that have a user
    bool anonymous = false;  ///< sessions that have none
    bool subscribers = false;  ///< of the channel, whoever they are

    static constexpr Right everybody() { return {.clients = true, .anonymous = true}; }
    friend bool operator==(const Right&, const Right&) = default;
};

struct NamespaceRules {
    std::string name;  ///< empty: that of channels without a colon
    Right subscribe{};
    Right publish{};
    bool takes_binary = false;  ///< else a publication must be JSON
    bool has_presence = false;  ///< else nobody may ask who is there
    Right presence{};  ///< to ask, and to hear who comes and goes
    bool tells_comings = false;  ///< subscribers may hear who comes and goes
    bool tells_all = false;  ///< those who did not ask for it too

    friend bool operator==(const NamespaceRules&, const NamespaceRules&) = default;
};

struct ChannelRules {
    /// There is nothing to look up: every name is in the namespace without a name.
    bool has_no_namespaces = true;
    NamespaceRules without_namespace{
        .name = {},
        .subscribe = Right::everybody(),
        .publish = Right::everybody(),
        .has_presence = true,
        .presence = {.subscribers = true}};
    std::vector<NamespaceRules> namespaces{};  ///< names differ; at most namespaces_max
    Right publish_to_users = Right::everybody();
    Right publish_to_all{};  ///< the system channel

    friend bool operator==(const ChannelRules&, const ChannelRules&) = default;
};

/// A name that is longer than a channel's can be is nobody's; more namespaces than this are a
/// mistake of whoever wrote the file.
inline constexpr std::size_t namespaces_max = 1'000;

class Namespaces {
public:
    explicit Namespaces(ChannelRules rules);

    /// Of a channel that is no user's and not the system's. Null: its namespace is unknown.
    [[nodiscard]] const NamespaceRules* of(std::string_view channel) const;
    [[nodiscard]] const ChannelRules& rules() const { return rules_; }

private:
    ChannelRules rules_;  ///< namespaces by name
};

}  // namespace grapevine::mesh
