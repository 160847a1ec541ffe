/// What the program tells the shell. Scripts rely on these: add, never renumber.
#pragma once

namespace grapevine::cli {

enum ExitCode : int {
    ok = 0,
    failed = 1,  ///< it started, then something went wrong; stderr says what
    usage = 2,  ///< an option or a file it names is wrong; stderr says which
    unreachable = 3,  ///< nobody answered at the address given
    partial = 4,  ///< an answer, but not a whole one (a member not alive, a message unconfirmed)
    not_delivered = 5,  ///< a message surely did not reach all of its users
    wrong_delivery = 6,  ///< `bench`: messages were lost, came twice, out of order or damaged
};

}  // namespace grapevine::cli
