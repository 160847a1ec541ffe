/// What a send asks for and what its answer says, as clients and users of the HTTP API write and
/// read them.
#pragma once

#include "mesh/exchange.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grapevine::sim {

using mesh::Wait;

struct SendOrder {
    std::vector<std::string> to;
    Wait wait = Wait::node;
    bool at_least_once = false;
    std::string idempotency_key;
};

/// What became of a message for one user.
enum class Fate : std::uint8_t { written, acked, not_connected, undeliverable, unknown };

struct Receipt {
    Fate fate = Fate::unknown;
    std::uint64_t sessions = 0;
    std::vector<std::string> nodes;
    std::string message_id;  ///< of a message that is to be acknowledged
    bool acknowledged = false;

    [[nodiscard]] bool was_accepted() const { return fate == Fate::written || fate == Fate::acked; }
    friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct SendResult {
    std::uint32_t error = 0;  ///< instead of all the rest
    std::map<std::string, Receipt> users;  ///< none with Wait::none
};

std::string_view name_of(Fate fate);
/// "written sessions=2 nodes=n1,n3"
std::string text_of(const Receipt& receipt);
/// The JSON of `rpc send` and `POST /api/send`.
std::string send_request(const SendOrder& order, std::string_view payload);
/// What such a request asks for; for observers, who know that it is well formed.
Wait wait_in(std::string_view request);
bool is_at_least_once(std::string_view request);
/// Nothing if it is not what an answer to a send may be.
std::optional<SendResult> read_send_result(std::string_view json);

}  // namespace grapevine::sim
