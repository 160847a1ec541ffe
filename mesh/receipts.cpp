#include "mesh/receipts.hpp"

#include "proto/client_codec.hpp"
#include "proto/hash.hpp"
#include "proto/message_ref.hpp"

#include <algorithm>
#include <utility>

namespace grapevine::mesh {
namespace {

/// Askers that may wait for one receipt: a client that repeats its call gets a few answers.
constexpr std::size_t askers_max = 16;

std::string_view name_of(SendState state) {
    switch (state) {
    case SendState::written: return "written";
    case SendState::acked: return "acked";
    case SendState::not_connected: return "not_connected";
    case SendState::undeliverable: return "undeliverable";
    case SendState::unknown: break;
    }
    return "unknown";
}

/// A key counts among those of one sender. A user is the same one on every session; whoever has no
/// name is one session; all callers of the HTTP API are one.
std::string key_of(const SendToUsers& send) {
    if (send.idempotency_key.empty()) return {};
    const char kind = !send.user.empty() ? 'u' : !send.client.empty() ? 'c' : 'a';
    const std::string& who = !send.user.empty() ? send.user : send.client;
    return kind + who + '\0' + send.idempotency_key;
}

/// What a key stands for. Wanting another kind of answer to the same message is no other request.
std::uint64_t request_hash(const SendToUsers& send) {
    std::string text = send.data;
    for (const std::string& user : send.users)
        text.append(1, '\0').append(user);
    text += send.at_least_once ? '1' : '0';
    return proto::siphash13({}, text);
}

}  // namespace

Receipts::Opened Receipts::open(const SendToUsers& send, Now now, MeshOutput& output) {
    std::string key = key_of(send);
    if (const auto found = key.empty() ? keys_.end() : keys_.find(key); found != keys_.end()) {
        repeat(found->second, send, output);
        return {};
    }
    const bool waits = send.wait != Wait::none;
    if ((waits && !has_room_for(send)) || (!key.empty() && !has_room_for_key())) {
        refuse(send, output);
        return {};
    }
    if (!key.empty()) {
        keys_.emplace(key, Remembered{.request = request_hash(send), .answer = {}});
        expiries_.push({now.steady + config_.idempotency_keep, key});
    }
    if (waits) return {.go = true, .receipt = take(send, std::move(key))};
    const Bytes accepted = Bytes::copy_of("{}");
    if (!key.empty()) remember(keys_[key], accepted);
    output.answers.push_back({send.asker, accepted, {}});
    return {.go = true};
}

void Receipts::repeat(const Remembered& first, const SendToUsers& send, MeshOutput& output) {
    // The answer to something else would be a lie.
    if (first.request != request_hash(send)) {
        output.answers.push_back({send.asker, {}, proto::ErrorCode::bad_request});
        return;
    }
    ++counters_.sends_repeated;
    if (first.receipt == nowhere) {
        output.answers.push_back({send.asker, first.answer, {}});
        return;
    }
    std::vector<Asker>& askers = receipts_[first.receipt].askers;
    if (askers.size() >= askers_max) return refuse(send, output);
    askers.push_back(send.asker);
}

void Receipts::refuse(const SendToUsers& send, MeshOutput& output) {
    ++counters_.sends_refused;
    output.answers.push_back({send.asker, {}, proto::ErrorCode::too_many_requests});
}

bool Receipts::has_room_for(const SendToUsers& send) const {
    return receipts_.taken() < config_.receipts_max &&
           lines_ + send.users.size() <= config_.receipt_lines_max;
}

bool Receipts::has_room_for_key() const {
    return keys_.size() < config_.idempotency_keys_max &&
           remembered_bytes_ < config_.idempotency_bytes_max;
}

std::uint32_t Receipts::take(const SendToUsers& send, std::string key) {
    const std::uint32_t at = receipts_.take();
    Receipt& receipt = receipts_[at];
    receipt.askers = {send.asker};
    receipt.wait = send.wait;
    receipt.unknown = receipt.open = send.users.size();
    receipt.lines.resize(send.users.size());
    for (std::size_t line = 0; line < send.users.size(); ++line)
        receipt.lines[line].user = send.users[line];
    lines_ += send.users.size();
    if (!key.empty()) keys_[key].receipt = at;
    receipt.key = std::move(key);
    return at;
}

void Receipts::remember(Remembered& key, const Bytes& answer) {
    key.receipt = nowhere;
    key.answer = answer;
    remembered_bytes_ += answer.size();
}

void Receipts::name(ReceiptLine line, proto::MessageRef message) {
    if (line) receipts_[line.receipt].lines[line.line].message = message;
}

void Receipts::on(const SendNews& news, std::string_view node_name, MeshOutput& output) {
    const std::uint32_t at = news.line.receipt;
    Receipt& receipt = receipts_[at];
    Line& line = receipt.lines[news.line.line];
    if (news.what == SendNews::What::wrote) {
        const auto place =
            std::find_if(line.places.begin(), line.places.end(), [&](const Place& of) {
                return of.node == node_name;
            });
        // One that is told again names those that have it by now.
        if (place != line.places.end())
            place->sessions = std::max(place->sessions, news.sessions);
        else
            line.places.push_back({std::string{node_name}, news.sessions});
        return;
    }
    line.ended = news.what == SendNews::What::ended;
    if (!line.known) {
        line.state = news.state;
        line.known = line.ended || receipt.wait == Wait::node;
        if (line.known && --receipt.unknown == 0) answer(at, output);
    }
    if (!line.ended || --receipt.open != 0) return;
    lines_ -= receipt.lines.size();
    receipts_.give_back(at);
}

void Receipts::answer(std::uint32_t at, MeshOutput& output) {
    Receipt& receipt = receipts_[at];
    const Bytes text = text_of(receipt);
    for (const Asker& asker : receipt.askers)
        output.answers.push_back({asker, text, {}});
    receipt.askers.clear();
    // The key may have been forgotten meanwhile, and used again.
    const auto found = receipt.key.empty() ? keys_.end() : keys_.find(receipt.key);
    if (found == keys_.end() || found->second.receipt != at) return;
    remember(found->second, text);
}

Bytes Receipts::text_of(const Receipt& receipt) {
    Bytes bytes = Bytes::with_capacity(64 + receipt.lines.size() * 96);
    std::string& out = bytes.writable();
    out += R"({"users":{)";
    for (const Line& line : receipt.lines) {
        if (&line != &receipt.lines.front()) out += ',';
        proto::append_json_string(out, line.user);
        out += R"(:{"state":")";
        out += name_of(line.state);
        std::uint64_t sessions = 0;
        for (const Place& place : line.places)
            sessions += place.sessions;
        out += R"(","sessions":)" + std::to_string(sessions) + R"(,"nodes":[)";
        for (const Place& place : line.places) {
            if (&place != &line.places.front()) out += ',';
            proto::append_json_string(out, place.node);
        }
        out += ']';
        if (line.message.message) {
            out += R"(,"message_id":")" + proto::text_of(line.message) + '"';
            out += line.state == SendState::acked ? R"(,"acknowledged":true)"
                                                  : R"(,"acknowledged":false)";
        }
        out += '}';
    }
    out += "}}";
    return bytes;
}

void Receipts::tick(Now now) {
    while (!expiries_.empty() && expiries_.front().at <= now.steady) {
        const auto found = keys_.find(expiries_.pop().key);
        // One that is not answered yet is kept by nobody else: its receipt finds it gone.
        remembered_bytes_ -= found->second.answer.size();
        keys_.erase(found);
    }
}

}  // namespace grapevine::mesh
