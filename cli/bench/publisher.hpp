/// One who publishes: by the clock in an open loop, as messages arrive in a closed one.
#pragma once

#include "cli/bench/pacer.hpp"
#include "cli/bench/scene.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace grapevine::cli::bench {

class Publisher final : ClientOwner {
public:
    Publisher(Scene& scene, std::uint32_t stream, const Seat& seat)
        : scene_(scene),
          stream_(stream),
          seat_(seat),
          client_(scene.field.poller, *scene.field.dialect, *this) {}

    void dial() { scene_.field.dial(client_, seat_.url, scene_.field.name('p', stream_)); }
    [[nodiscard]] Client& client() { return client_; }
    [[nodiscard]] std::uint32_t stream() const { return stream_; }

    /// Asks whether its subscribers hear it. Always answered, so that a refusal is heard.
    void probe();
    void begin();
    /// Open loop: sends everything that is due by now.
    void catch_up(const Pacer& pacer, std::uint64_t publishers, node::Instant now);
    /// So many deliveries need not be waited for any more. Closed loop: others take their place.
    void settled(std::uint32_t deliveries);
    /// Takes what other processes have settled.
    void collect();
    /// Closed loop: waits no longer for what nobody got for too long.
    void write_off(node::Instant now);

    [[nodiscard]] std::uint32_t sent() const { return sent_; }
    /// Deliveries that are waited for.
    [[nodiscard]] std::uint64_t on_way() const { return on_way_; }
    [[nodiscard]] std::uint64_t unanswered() const {
        return scene_.plan.is_answered ? sent_ - std::min<std::uint64_t>(sent_, answered_) : 0;
    }

private:
    [[nodiscard]] PublishFrame frame(bool is_answered) const;
    [[nodiscard]] bool can_send() const;
    void fill_window();
    void send(std::uint32_t intended);

    void connected() override;
    void accepted() override;
    void refused(proto::CommandKind what, std::string_view why) override;
    void ended(bool was_connected, std::string_view why) override;

    Scene& scene_;
    std::uint32_t stream_;
    Seat seat_;
    Client client_;
    std::optional<PublishFrame> frame_;
    std::uint32_t sent_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t receivers_ = 0;
    std::uint64_t on_way_ = 0;
    std::uint64_t collected_ = 0;  ///< of what other processes have settled
    std::uint64_t probes_ = 0;  ///< not answered
    node::Instant heard_at_{};
};

}  // namespace grapevine::cli::bench
