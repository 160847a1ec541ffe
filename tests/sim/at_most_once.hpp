/// AtMostOnce: no session is written or hears the same payload twice, and no device hears a message
/// to its user twice over all its connections, unless the message asked for it (qos 1). A message
/// keeps its id however often it comes. (A channel's publications may meet a device again on
/// another node: it is the session that subscribes.)
#pragma once

#include "tests/sim/observation.hpp"
#include "tests/sim/verdict.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace grapevine::sim {

class AtMostOnce {
public:
    explicit AtMostOnce(Verdict& verdict) : verdict_(verdict) {}

    void on(const SessionStarted& started) { devices_[started.session] = started.device; }
    void on(const Said& said) {
        if (said.at_least_once) may_repeat_.insert(said.payload);
    }
    void on(const Written& written) {
        if (!written_.emplace(written.session, written.payload).second)
            blame("written twice: ", written.session, written.channel, written.payload);
    }
    void on(const Heard& heard) {
        if (!heard_.emplace(heard.session, heard.payload).second)
            return blame("heard twice: ", heard.session, heard.channel, heard.payload);
        if (!heard.channel.starts_with('#')) return;
        if (may_repeat_.contains(heard.payload)) return check_id(heard);
        if (!heard_by_devices_.emplace(devices_[heard.session], heard.payload).second)
            blame("heard by a device twice: ", heard.session, heard.channel, heard.payload);
    }

private:
    void check_id(const Heard& heard) {
        const std::string& first =
            ids_.try_emplace({heard.payload, heard.channel}, heard.message_id).first->second;
        if (first != heard.message_id || first.empty())
            blame("another message id: ", heard.session, heard.channel, heard.payload);
    }
    void blame(
        const char* what,
        SessionKey session,
        const std::string& channel,
        const std::string& payload) {
        verdict_.violated(
            "AtMostOnce",
            what + std::string{"session="} + std::to_string(session.value) + " channel=" + channel +
                " payload=" + brief(payload));
    }

    Verdict& verdict_;
    std::map<SessionKey, DeviceKey> devices_;
    std::set<std::string> may_repeat_;
    std::set<std::pair<SessionKey, std::string>> written_;
    std::set<std::pair<SessionKey, std::string>> heard_;
    std::set<std::pair<DeviceKey, std::string>> heard_by_devices_;
    std::map<std::pair<std::string, std::string>, std::string> ids_;  ///< by payload and channel
};

}  // namespace grapevine::sim
