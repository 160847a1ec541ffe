/// Rows of text in aligned columns, with colours where the terminal has them.
#pragma once

#include "cli/terminal.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace grapevine::cli {

using Row = std::vector<std::string>;

/// How a state looks: `padded` is what is written, `state` what it says.
using Colouring =
    std::string (*)(const std::string& padded, std::string_view state, const Terminal& terminal);

/// The first row is the heading; the column with index `state_column` is coloured. Cells are
/// printable text.
std::string laid_out(
    const std::vector<Row>& rows,
    std::size_t state_column,
    Colouring colouring,
    const Terminal& terminal);

/// A sentence in lines of at most `width` columns where words allow, each after `indent` blanks.
std::string wrapped(std::string_view sentence, std::size_t indent, std::size_t width);

}  // namespace grapevine::cli
