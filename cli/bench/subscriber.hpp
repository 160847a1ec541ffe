/// One who gets the messages of a channel, or those to a user, and has them judged.
#pragma once

#include "cli/bench/publisher.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace grapevine::cli::bench {

class Subscriber final : ClientOwner {
public:
    /// When all publishers have their channels.
    Subscriber(Scene& scene, std::size_t number, const Seat& seat)
        : scene_(scene),
          number_(number),
          seat_(seat),
          client_(scene.field.poller, *scene.field.dialect, *this),
          streams_(channel().streams.size()) {}

    void dial();
    [[nodiscard]] Client& client() { return client_; }
    [[nodiscard]] const Channel& channel() const { return scene_.channels[seat_.channel]; }
    [[nodiscard]] bool heard(std::uint32_t stream) const {
        return streams_[scene_.senders[stream].place].is_heard;
    }
    /// Counts as lost what has not come.
    void finish(Deliveries& found) const;

private:
    struct Stream {
        StreamJudge judge;
        bool is_heard = false;
    };

    /// Whose message it is, if it is one for this subscriber.
    [[nodiscard]] const Sender* sender_of(const Stamp& stamp) const;

    void connected() override;
    void subscribed() override { ++scene_.ready; }
    void arrived(const Stamp& stamp) override;
    void damaged() override { ++scene_.field.tally.deliveries.damaged; }
    void refused(proto::CommandKind what, std::string_view why) override;
    void ended(bool was_connected, std::string_view why) override;

    Scene& scene_;
    std::size_t number_;
    Seat seat_;
    Client client_;
    std::vector<Stream> streams_;  ///< by the place of the publisher
};

}  // namespace grapevine::cli::bench
