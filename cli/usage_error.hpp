/// A wrong option, or a wrong file behind one. The text names the flag, says what is wrong and what
/// would be right; `main` prints it and leaves with ExitCode::usage.
#pragma once

#include <stdexcept>

namespace grapevine::cli {

class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace grapevine::cli
