#include "proto/names.hpp"

#include "proto/utf8.hpp"

namespace grapevine::proto {

bool is_name(std::string_view text, std::size_t bytes_max) {
    if (text.empty() || text.size() > bytes_max) return false;
    unsigned char seen = 0;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        if (byte < 0x20) return false;
        seen |= byte;
    }
    return seen < 0x80 || is_utf8(text);
}

}  // namespace grapevine::proto
