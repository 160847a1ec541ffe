#include "cli/table.hpp"

#include <algorithm>

namespace grapevine::cli {
namespace {

/// Columns that a terminal needs for it, near enough: characters, not bytes.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    }));
}

}  // namespace

std::string laid_out(
    const std::vector<Row>& rows,
    std::size_t state_column,
    Colouring colouring,
    const Terminal& terminal) {
    std::vector<std::size_t> widths(rows.front().size());
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string text;
    for (const Row& row : rows) {
        const bool is_heading = &row == &rows.front();
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool is_last = i + 1 == row.size();
            std::string cell =
                row[i] + (is_last ? "" : std::string(widths[i] - width_of(row[i]) + 2, ' '));
            if (is_heading)
                cell = terminal.bold(cell);
            else if (i == state_column)
                cell = colouring(cell, row[i], terminal);
            text += cell;
        }
        text += '\n';
    }
    return text;
}

std::string wrapped(std::string_view sentence, std::size_t indent, std::size_t width) {
    std::string text;
    std::size_t column = 0;
    while (!sentence.empty()) {
        const std::string_view word = sentence.substr(0, sentence.find(' '));
        sentence.remove_prefix(std::min(sentence.size(), word.size() + 1));
        const bool fits = column + 1 + width_of(word) <= width;
        if (column != 0 && !fits) text += '\n';
        text += column != 0 && fits ? " " : std::string(indent, ' ');
        column = (column != 0 && fits ? column + 1 : indent) + width_of(word);
        text += word;
    }
    return text + '\n';
}

}  // namespace grapevine::cli
