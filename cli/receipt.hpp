/// What a node says became of a message (`rpc send`), for people and for scripts.
#pragma once

#include "cli/terminal.hpp"

#include <string>
#include <string_view>

namespace grapevine::cli {

struct Receipt {
    std::string text;  ///< a table, or a sentence if the node says of nobody what became of it
    int exit_code = 0;
};
/// `data` is the JSON of the receipt. What is missing in it, or unheard of, counts as unknown.
Receipt read_receipt(std::string_view data, const Terminal& terminal);

}  // namespace grapevine::cli
