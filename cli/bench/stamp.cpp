#include "cli/bench/stamp.hpp"

namespace grapevine::cli::bench {
namespace {

void append_field(std::string& text, std::uint32_t value) {
    const std::uint64_t letters = stamp_letters(value);
    char bytes[stamp_field_bytes];
    std::memcpy(bytes, &letters, sizeof bytes);
    text.append(bytes, sizeof bytes);
}

}  // namespace

std::string stamped_payload(const Stamp& stamp, std::size_t payload_bytes) {
    std::string text = "\"";
    for (const std::uint32_t field : {stamp.run, stamp.stream, stamp.number, stamp.sent_at})
        append_field(text, field);
    text.append(payload_bytes - payload_bytes_min, '.');
    return text += '"';
}

std::string stamp_mark(std::uint32_t run) {
    std::string text = "\"";
    append_field(text, run);
    return text;
}

}  // namespace grapevine::cli::bench
