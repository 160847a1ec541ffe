#include "tests/sim/prefix_exact.hpp"

#include "proto/hash.hpp"

#include <algorithm>
#include <string>

namespace grapevine::sim {

namespace {

std::uint64_t digest_of(const std::vector<proto::Change>& entries) {
    std::uint64_t digest = entries.size();
    for (const proto::Change& entry : entries) {
        digest = proto::mix64(digest ^ entry.key);
        digest = proto::mix64(digest ^ (static_cast<std::uint64_t>(entry.kind) << 8 | entry.count));
    }
    return digest;
}

std::string
words_of(ProcessKey process, proto::NodeId origin, proto::Epoch epoch, proto::Version version) {
    return "process=" + std::to_string(process.value) + " origin=" + std::to_string(origin.value) +
           " epoch=" + std::to_string(epoch.value) + " version=" + std::to_string(version.value);
}

}  // namespace

void PrefixExact::on(const ReplicasSeen& seen) {
    for (const auto& [origin, replica] : seen.replicas) {
        const Moment moment{.origin = origin, .epoch = replica.epoch, .version = replica.version};
        const std::uint64_t digest = digest_of(replica.entries);
        auto& known = compared_[{seen.process, origin}];
        if (known.first == moment && known.second == digest && moment.version != proto::Version{})
            continue;
        known = {moment, digest};
        const Content content{
            .process = seen.process,
            .sethash = replica.sethash,
            .digest = digest,
            .entries = replica.entries.size()};
        if (origin == seen.self)
            record(seen.process, moment, content);
        else
            compare(seen.process, moment, content);
    }
}

void PrefixExact::record(ProcessKey process, const Moment& moment, const Content& content) {
    for (const Content& former : history_[moment])
        if (former.process == process) {
            if (former.digest != content.digest || former.sethash != content.sethash)
                verdict_.violated(
                    "PrefixExact",
                    "an origin rewrote its history: " +
                        words_of(process, moment.origin, moment.epoch, moment.version));
            return;
        }
    history_[moment].push_back(content);
}

void PrefixExact::compare(ProcessKey process, const Moment& moment, const Content& content) {
    const std::string who = words_of(process, moment.origin, moment.epoch, moment.version);
    if (moment.version == proto::Version{}) {
        if (content.entries != 0)
            verdict_.violated("PrefixExact", "version 0 is not empty: " + who);
        return;
    }
    const auto found = history_.find(moment);
    if (found == history_.end())
        return verdict_.violated("PrefixExact", "a version that never was: " + who);
    const bool equal =
        std::any_of(found->second.begin(), found->second.end(), [&](const Content& was) {
            return was.digest == content.digest && was.sethash == content.sethash;
        });
    if (!equal)
        verdict_.violated(
            "PrefixExact",
            "not what the origin had: " + who + " entries=" + std::to_string(content.entries) +
                " instead_of=" + std::to_string(found->second.front().entries));
}

}  // namespace grapevine::sim
