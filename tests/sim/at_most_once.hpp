/// AtMostOnce: no session hears the same payload twice.
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <set>
#include <string>
#include <utility>

namespace grapevine::sim {

class AtMostOnce {
public:
    explicit AtMostOnce(Verdict& verdict) : verdict_(verdict) {}

    void on(const Heard& heard) {
        if (!heard_.emplace(heard.session, heard.payload).second)
            verdict_.violated(
                "AtMostOnce",
                "heard twice: session=" + std::to_string(heard.session.value) +
                    " channel=" + heard.channel + " payload=" + heard.payload);
    }

private:
    Verdict& verdict_;
    std::set<std::pair<SessionKey, std::string>> heard_;
};

}  // namespace grapevine::sim
