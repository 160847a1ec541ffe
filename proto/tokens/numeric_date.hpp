/// Times as tokens have them: a JSON number of seconds since 1970 (RFC 7519, section 2), which may
/// have a fraction and an exponent. Without floating point, so that all compilers agree.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace grapevine::proto {

/// `json` is one valid JSON value. What is before 1970 counts as 1970, fractions are cut off. None:
/// no number, or one after the year 9999: those are milliseconds by mistake.
std::optional<std::chrono::sys_seconds> read_numeric_date(std::string_view json);

}  // namespace grapevine::proto
