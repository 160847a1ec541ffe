#include "cli/receipt.hpp"

#include "cli/exit_codes.hpp"
#include "cli/table.hpp"

#include <cstdint>
#include <simdjson.h>
#include <vector>

namespace grapevine::cli {
namespace {

using simdjson::dom::element;

constexpr std::size_t state_column = 1;
constexpr std::string_view not_acknowledged = ", not acknowledged";

std::string coloured(const std::string& padded, std::string_view state, const Terminal& terminal) {
    if (state == "written" || state == "acked") return terminal.green(padded);
    if (state == "not_connected" || state == "undeliverable") return terminal.red(padded);
    return terminal.yellow(padded);
}

std::string nodes_in(const element& user) {
    simdjson::dom::array nodes;
    std::string text;
    if (user["nodes"].get(nodes) != simdjson::SUCCESS) return "-";
    for (const element node : nodes) {
        std::string_view name;
        if (node.get(name) == simdjson::SUCCESS)
            text += (text.empty() ? "" : ",") + printable(name);
    }
    return text.empty() ? "-" : text;
}

Row row_of(std::string_view name, std::string_view state, const element& user) {
    std::uint64_t sessions = 0;
    const bool counted = user["sessions"].get(sessions) == simdjson::SUCCESS;
    bool acknowledged = true;
    const bool is_late =
        user["acknowledged"].get(acknowledged) == simdjson::SUCCESS && !acknowledged;
    return {
        printable(name),
        printable(state) + std::string(state == "written" && is_late ? not_acknowledged : ""),
        counted ? std::to_string(sessions) : "-",
        nodes_in(user)};
}

/// The worse of two results: not to know is worse than to know that it did not arrive, because a
/// repetition may then double it.
int worse(int exit_code, std::string_view state) {
    if (state == "written" || state == "acked") return exit_code;
    const bool is_known = state == "not_connected" || state == "undeliverable";
    if (!is_known || exit_code == ExitCode::partial) return ExitCode::partial;
    return ExitCode::not_delivered;
}

}  // namespace

Receipt read_receipt(std::string_view data, const Terminal& terminal) {
    simdjson::dom::parser parser;
    element answer;
    simdjson::dom::object receipt;
    simdjson::dom::object users;
    if (parser.parse(data.data(), data.size()).get(answer) != simdjson::SUCCESS ||
        answer.get(receipt) != simdjson::SUCCESS)
        return {"the receipt cannot be read: " + printable(data) + "\n", ExitCode::partial};
    if (receipt["users"].get(users) != simdjson::SUCCESS) return {"accepted\n", ExitCode::ok};

    int exit_code = ExitCode::ok;
    std::vector<Row> rows{{"USER", "STATE", "SESSIONS", "NODES"}};
    for (const auto& [name, user] : users) {
        std::string_view state;
        if (user["state"].get(state) != simdjson::SUCCESS) state = "unknown";
        exit_code = worse(exit_code, state);
        rows.push_back(row_of(name, state, user));
    }
    return {laid_out(rows, state_column, coloured, terminal), exit_code};
}

}  // namespace grapevine::cli
