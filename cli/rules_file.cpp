#include "cli/rules_file.hpp"

#include "cli/terminal.hpp"
#include "cli/usage_error.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace grapevine::cli {
namespace {

using mesh::ChannelRules;
using mesh::NamespaceRules;
using mesh::Right;

/// A thousand namespaces with every key take a third of it.
constexpr std::size_t file_bytes_max = 1024 * 1024;
/// A channel must have room for something behind the colon.
constexpr std::size_t namespace_bytes_max = 128;

struct Flag {
    std::string_view key;
    Right NamespaceRules::*right;
    bool Right::*whom;
    std::string_view means;
};
constexpr std::array flags{
    Flag{
        "allow_subscribe_for_client",
        &NamespaceRules::subscribe,
        &Right::clients,
        "sessions with a user may subscribe"},
    Flag{
        "allow_subscribe_for_anonymous",
        &NamespaceRules::subscribe,
        &Right::anonymous,
        "sessions without a user may"},
    Flag{
        "allow_publish_for_client",
        &NamespaceRules::publish,
        &Right::clients,
        "sessions with a user may publish"},
    Flag{
        "allow_publish_for_subscriber",
        &NamespaceRules::publish,
        &Right::subscribers,
        "those that are subscribed may, with or without a user"},
    Flag{
        "allow_publish_for_anonymous",
        &NamespaceRules::publish,
        &Right::anonymous,
        "sessions without a user may"},
    Flag{
        "allow_presence_for_client",
        &NamespaceRules::presence,
        &Right::clients,
        "sessions with a user may ask who is subscribed, and hear who comes and goes"},
    Flag{
        "allow_presence_for_subscriber",
        &NamespaceRules::presence,
        &Right::subscribers,
        "those that are subscribed may, with or without a user"},
    Flag{
        "allow_presence_for_anonymous",
        &NamespaceRules::presence,
        &Right::anonymous,
        "sessions without a user may"},
};

struct Feature {
    std::string_view key;
    bool NamespaceRules::*is_on;
    std::string_view means;
};
constexpr std::array features{
    Feature{
        "presence",
        &NamespaceRules::has_presence,
        "who is subscribed may be asked, by back ends too"},
    Feature{
        "join_leave",
        &NamespaceRules::tells_comings,
        "subscribers who ask for it hear who comes and goes"},
    Feature{
        "force_push_join_leave",
        &NamespaceRules::tells_all,
        "with join_leave: all subscribers hear it, asked for or not"},
};
constexpr std::string_view payload_key = "payload";
constexpr std::string_view payload_means =
    "`json`: publications are JSON; `any`: bytes too, which sessions that speak JSON do not get";

/// Where names begin with `#` or `$` there is no namespace, and nothing but publishing.
struct Marked {
    std::string_view table;
    Right ChannelRules::*right;
    std::string_view means;
};
constexpr std::array marked{
    Marked{"users", &ChannelRules::publish_to_users, "what is sent to `#user`"},
    Marked{"everybody", &ChannelRules::publish_to_all, "what is sent to `$system`"},
};
constexpr std::array marked_keys{
    std::pair{std::string_view{"allow_publish_for_client"}, &Right::clients},
    std::pair{std::string_view{"allow_publish_for_anonymous"}, &Right::anonymous},
};

class RulesReader {
public:
    RulesReader(const toml::table& document, std::string_view path)
        : document_(document), path_(path) {}

    ChannelRules read() {
        ChannelRules rules{
            .has_no_namespaces = false,
            .without_namespace = {},
            .publish_to_users = {},
            .publish_to_all = {}};
        for (const auto& [key, node] : document_) {
            if (key != "channel") unknown(key, {"channel"}, "at the top");
            read_channel(table_of(key, node), rules);
        }
        return rules;
    }

private:
    void read_channel(const toml::table& table, ChannelRules& rules) {
        for (const auto& [key, node] : table) {
            const auto is_key = [wanted = key.str()](const Marked& of) {
                return of.table == wanted;
            };
            if (key == "without_namespace")
                read_namespace(table_of(key, node), rules.without_namespace, Named::no);
            else if (key == "namespaces")
                read_namespaces(key, node, rules);
            else if (const auto at = std::find_if(marked.begin(), marked.end(), is_key);
                     at != marked.end())
                read_marked(table_of(key, node), rules.*at->right, at->table);
            else
                unknown(
                    key, {"without_namespace", "namespaces", "users", "everybody"}, "in [channel]");
        }
    }

    void read_namespaces(const toml::key& key, const toml::node& node, ChannelRules& rules) {
        const toml::array* const tables = node.as_array();
        if (tables == nullptr || (!tables->empty() && !tables->is_homogeneous<toml::table>()))
            refuse(key.source(), "namespaces are tables: each begins with [[channel.namespaces]]");
        if (tables->size() > mesh::namespaces_max)
            refuse(
                key.source(), "more than " + std::to_string(mesh::namespaces_max) + " namespaces");
        for (const toml::node& each : *tables) {
            NamespaceRules made;
            read_namespace(*each.as_table(), made, Named::yes);
            const auto same = [&made](const auto& other) { return other.name == made.name; };
            if (std::any_of(rules.namespaces.begin(), rules.namespaces.end(), same))
                refuse(each.source(), "there are two namespaces " + quoted(made.name));
            rules.namespaces.push_back(std::move(made));
        }
    }

    enum class Named : bool { no, yes };

    void read_namespace(const toml::table& table, NamespaceRules& rules, Named named) {
        for (const auto& [key, node] : table) {
            const auto is_key = [wanted = key.str()](const Flag& flag) {
                return flag.key == wanted;
            };
            const auto is_feature = [wanted = key.str()](const Feature& feature) {
                return feature.key == wanted;
            };
            if (key == "name" && named == Named::yes)
                rules.name = name_in(node);
            else if (key == payload_key)
                rules.takes_binary = takes_binary(node);
            else if (const auto at = std::find_if(flags.begin(), flags.end(), is_key);
                     at != flags.end())
                rules.*at->right.*at->whom = flag_in(key, node);
            else if (const auto of = std::find_if(features.begin(), features.end(), is_feature);
                     of != features.end())
                rules.*of->is_on = flag_in(key, node);
            else
                unknown(key, known_keys(named), "in a namespace");
        }
        if (rules.tells_all && !rules.tells_comings)
            refuse(table.source(), "force_push_join_leave needs join_leave = true");
        if (named == Named::yes && rules.name.empty())
            refuse(table.source(), "a namespace needs a name, for example name = \"chat\"");
    }

    void read_marked(const toml::table& table, Right& right, std::string_view of) {
        for (const auto& [key, node] : table) {
            const auto is_key = [wanted = key.str()](const auto& known) {
                return known.first == wanted;
            };
            const auto at = std::find_if(marked_keys.begin(), marked_keys.end(), is_key);
            if (at == marked_keys.end())
                unknown(
                    key,
                    {marked_keys[0].first, marked_keys[1].first},
                    "in [channel." + std::string{of} + "]");
            right.*at->second = flag_in(key, node);
        }
    }

    std::string name_in(const toml::node& node) {
        const auto name = node.value_exact<std::string>();
        const auto is_fine = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '-' || c == '.';
        };
        if (!name || name->empty() || name->size() > namespace_bytes_max ||
            !std::all_of(name->begin(), name->end(), is_fine))
            refuse(
                node.source(),
                "the name of a namespace is 1 to " + std::to_string(namespace_bytes_max) +
                    " letters, digits, '.', '_' or '-', without the colon");
        return *name;
    }

    bool takes_binary(const toml::node& node) {
        const auto payload = node.value_exact<std::string>();
        if (payload != "json" && payload != "any")
            refuse(node.source(), "payload is \"json\" or \"any\"");
        return payload == "any";
    }

    bool flag_in(const toml::key& key, const toml::node& node) {
        const auto value = node.value_exact<bool>();
        if (!value) refuse(node.source(), quoted(key.str()) + " is true or false, without quotes");
        return *value;
    }

    const toml::table& table_of(const toml::key& key, const toml::node& node) {
        if (!node.is_table()) refuse(key.source(), quoted(key.str()) + " is a table, not a value");
        return *node.as_table();
    }

    static std::vector<std::string_view> known_keys(Named named) {
        std::vector<std::string_view> known;
        if (named == Named::yes) known.emplace_back("name");
        for (const Flag& flag : flags)
            known.push_back(flag.key);
        for (const Feature& feature : features)
            known.push_back(feature.key);
        known.push_back(payload_key);
        return known;
    }

    static std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

    [[noreturn]] void unknown(
        const toml::key& key, const std::vector<std::string_view>& known, std::string_view where) {
        std::string text = "there is no " + quoted(key.str()) + " " + std::string{where} + ", only";
        for (const std::string_view each : known)
            text.append(each == known.front() ? " " : ", ").append(each);
        refuse(key.source(), text);
    }

    [[noreturn]] void refuse(const toml::source_region& where, const std::string& what) const {
        throw UsageError(
            std::string{path_} + ":" + std::to_string(where.begin.line) + ":" +
            std::to_string(where.begin.column) + ": " + what);
    }

    const toml::table& document_;
    std::string_view path_;
};

void write_right(std::ostream& out, std::string_view key, bool value) {
    out << key << " = " << (value ? "true" : "false") << '\n';
}

void write_namespace(std::ostream& out, const NamespaceRules& rules) {
    for (const Flag& flag : flags)
        write_right(out, flag.key, rules.*flag.right.*flag.whom);
    for (const Feature& feature : features)
        write_right(out, feature.key, rules.*feature.is_on);
    out << payload_key << " = \"" << (rules.takes_binary ? "any" : "json") << "\"\n";
}

}  // namespace

ChannelRules parse_rules(std::string_view text, std::string_view path) {
    try {
        return RulesReader{toml::parse(text), path}.read();
    } catch (const toml::parse_error& error) {
        const toml::source_position at = error.source().begin;
        throw UsageError(
            std::string{path} + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
            ": this is not TOML: " + printable(error.description()));
    }
}

ChannelRules read_rules(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(file_bytes_max + 1, '\0');
    if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad()) throw UsageError(path + ": cannot be read");
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > file_bytes_max)
        throw UsageError(
            path + ": is larger than " + std::to_string(file_bytes_max) +
            " bytes; is it the right file?");
    return parse_rules(text, path);
}

std::string toml_of(const ChannelRules& rules) {
    std::ostringstream out;
    out << "[channel.without_namespace]\n";
    write_namespace(out, rules.without_namespace);
    for (const NamespaceRules& each : rules.namespaces) {
        out << "\n[[channel.namespaces]]\nname = \"" << each.name << "\"\n";
        write_namespace(out, each);
    }
    for (const Marked& of : marked) {
        out << "\n[channel." << of.table << "]\n";
        for (const auto& [key, whom] : marked_keys)
            write_right(out, key, rules.*of.right.*whom);
    }
    return out.str();
}

std::vector<RuleKey> namespace_keys() {
    std::vector<RuleKey> keys{{"name", "what is before the colon in the names of its channels"}};
    for (const Flag& flag : flags)
        keys.push_back({std::string{flag.key}, flag.means});
    for (const Feature& feature : features)
        keys.push_back({std::string{feature.key}, feature.means});
    keys.push_back({std::string{payload_key}, payload_means});
    return keys;
}

}  // namespace grapevine::cli
