#include "mesh/crossing.hpp"

namespace grapevine::mesh {
namespace {

/// A batch keeps this much memory for the next one.
constexpr std::size_t kept_bytes = 256 * 1024;

}  // namespace

void LoopInput::add(const Deliver& deliver) {
    Delivery delivery{
        .what = deliver,
        .name_at = text_.size(),
        .name_bytes = static_cast<std::uint32_t>(deliver.name.size()),
        .body_bytes = static_cast<std::uint32_t>(deliver.body.size())};
    text_.append(deliver.name).append(deliver.body);
    bytes_ += bytes_of(deliver);
    items_.emplace_back(delivery);
}

void LoopInput::tell(Sessions& sessions, Now now, SessionsOutput& output) const {
    const std::string_view text = text_;
    for (const Item& item : items_) {
        if (const auto* delivery = std::get_if<Delivery>(&item)) {
            Deliver deliver = delivery->what;
            deliver.name = text.substr(delivery->name_at, delivery->name_bytes);
            deliver.body =
                text.substr(delivery->name_at + delivery->name_bytes, delivery->body_bytes);
            sessions.on(deliver, now, output);
        } else if (const auto* joined = std::get_if<Joined>(&item)) {
            sessions.on(*joined);
        } else if (const auto* answer = std::get_if<Answer>(&item)) {
            sessions.handle(*answer, now, output);
        } else if (const auto* query = std::get_if<LoopQuery>(&item)) {
            sessions.handle(*query, now, output);
        } else if (const auto* inquired = std::get_if<Inquired>(&item)) {
            sessions.handle(*inquired, now, output);
        } else {
            sessions.handle(ShutdownBegun{}, now, output);
        }
    }
}

std::size_t LoopOutput::bytes() const {
    std::size_t bytes =
        said.changes.size() * sizeof(LocalChange) + said.publishes.size() * sizeof(Publish) +
        said.delivered.size() * sizeof(Delivered) + said.questions.size() * sizeof(Question) +
        said.acknowledges.size() * sizeof(Acknowledge);
    for (const Publish& publish : said.publishes)
        bytes += publish.text.size();
    for (const SendToUsers& send : said.sends_to_users)
        bytes += sizeof(SendToUsers) + send.data.size() + send.users.size() * sizeof(std::string);
    for (const PresenceSaid& each : said.presence) {
        bytes += sizeof(PresenceSaid);
        if (const auto* found = std::get_if<LoopFound>(&each))
            bytes += found->clients.size() + found->users.size() * sizeof(std::uint64_t);
    }
    return bytes;
}

void LoopInput::clear() {
    items_.clear();
    text_.clear();
    bytes_ = 0;
    if (items_.capacity() * sizeof(Item) > kept_bytes) items_.shrink_to_fit();
    if (text_.capacity() > kept_bytes) text_.shrink_to_fit();
}

}  // namespace grapevine::mesh
