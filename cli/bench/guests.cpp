#include "cli/bench/guests.hpp"

namespace grapevine::cli::bench {
namespace {

/// Dials under way. More than a listener queues would be dropped and tried again by the kernel a
/// second later.
constexpr std::size_t waiting_max = 256;

}  // namespace

class Guests::Guest final : ClientOwner {
public:
    explicit Guest(Guests& guests)
        : guests_(guests), client_(guests.field_.poller, *guests.field_.dialect, *this) {}

    void dial(std::uint64_t number, node::Instant intended) {
        number_ = number;
        intended_ = intended;
        is_leaving_ = false;
        is_waiting_ = true;
        ++guests_.waiting_;
        Field& field = guests_.field_;
        const std::uint64_t among_all = number * guests_.team_.size() + guests_.team_.number();
        field.dial(client_, among_all % field.targets.size(), field.name('g', among_all));
    }
    [[nodiscard]] bool is_gone() const { return client_.connection().is_idle(); }
    void leave() {
        if (is_leaving_ || is_gone()) return;
        is_leaving_ = true;
        client_.connection().close();
    }

private:
    void connected() override {
        ++guests_.connected_;
        const std::size_t channels = guests_.plan_.guest_channels;
        if (channels == 0) return subscribed();
        client_.subscribe(guests_.field_.name('c', number_ % channels));
    }
    void subscribed() override {
        const node::Instant now = guests_.field_.poller.now();
        settle();
        guests_.last_came_ = now;
        guests_.latency_.record(
            static_cast<std::uint32_t>(std::max<std::int64_t>((now - intended_).count(), 0)));
    }
    void refused(proto::CommandKind what, std::string_view why) override {
        settle();
        const bool is_connect = what == proto::CommandKind::connect;
        guests_.field_.tally.refused(is_connect ? "connect" : "subscribe", why);
        is_leaving_ = true;
    }
    void ended(bool was_connected, std::string_view why) override {
        settle();
        if (was_connected) --guests_.connected_;
        if (is_leaving_)
            ++guests_.left_;
        else if (!guests_.is_leaving_)
            guests_.field_.tally.failed("connection: " + std::string(why));
    }
    void settle() {
        if (std::exchange(is_waiting_, false)) --guests_.waiting_;
    }

    Guests& guests_;
    Client client_;
    std::uint64_t number_ = 0;
    node::Instant intended_{};
    bool is_waiting_ = false;
    bool is_leaving_ = false;
};

Guests::Guests(Field& field, const Plan& plan, const Team& team)
    : field_(field), plan_(plan), team_(team) {
    for (std::size_t i = 0; i < plan.guest_places(); ++i)
        places_.push_back(std::make_unique<Guest>(*this));
}

Guests::~Guests() = default;

void Guests::open() {
    is_open_ = true;
    opened_ = last_came_ = field_.poller.now();
    pacer_ = Pacer{opened_, plan_.connect_rate};
}

void Guests::work() {
    if (!is_open_ || places_.empty()) return;
    std::uint64_t due = pacer_.due(field_.poller.now());
    if (!plan_.guests_leave) due = std::min<std::uint64_t>(due, places_.size());
    while (dialled_ < due && waiting_ < waiting_max)
        dial_next();
    if (dialled_ == due) field_.poller.wake_at(pacer_.intended(dialled_));
}

void Guests::dial_next() {
    const std::uint64_t number = dialled_++;
    Guest& guest = *places_[number % places_.size()];
    if (plan_.guests_leave && number >= plan_.guests) let_go(number - plan_.guests);
    if (!guest.is_gone()) {
        // It had two seconds to leave: the nodes do not keep up with those who come and go.
        field_.tally.failed("connection: the node did not close it in time");
        return;
    }
    guest.dial(number, pacer_.intended(number));
}

void Guests::let_go(std::uint64_t number) {
    places_[number % places_.size()]->leave();
}

std::uint64_t Guests::to_come() const {
    return places_.size() - std::min<std::uint64_t>(dialled_, places_.size()) + waiting_;
}

void Guests::leave() {
    is_leaving_ = true;
    for (const auto& guest : places_)
        guest->leave();
}

}  // namespace grapevine::cli::bench
