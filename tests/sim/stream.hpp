/// Somebody who talks to one user, by publish and by send in turn, and remembers what it said.
#pragma once

#include "tests/sim/client.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace grapevine::sim {

class Stream {
public:
    Stream(Client& from, std::string to) : from_(from), to_(std::move(to)) {}

    void say() {
        switch (turn_++ % 4) {
        case 0: return keep(from_.say("#" + to_));
        case 1: return keep(from_.send({.to = {to_}, .wait = Wait::none}));
        case 2: return keep_asked(from_.send({.to = {to_}, .wait = Wait::client}));
        default: return keep_asked(from_.send({.to = {to_}}));
        }
    }

    /// Everything, in order.
    [[nodiscard]] const std::vector<std::string>& said() const { return said_; }
    /// What the answers say; in order, of sends that wait and were answered.
    [[nodiscard]] std::vector<Receipt> receipts() const {
        std::vector<Receipt> receipts;
        for (const std::string& payload : asked_)
            if (const auto receipt = from_.receipt_of(payload, to_)) receipts.push_back(*receipt);
        return receipts;
    }
    [[nodiscard]] bool is_all_answered() const { return receipts().size() == asked_.size(); }
    [[nodiscard]] std::size_t count(Fate fate) const {
        const auto all = receipts();
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [fate](const Receipt& receipt) {
                return receipt.fate == fate;
            }));
    }
    [[nodiscard]] std::size_t asked() const { return asked_.size(); }
    /// Of this place in said().
    [[nodiscard]] std::optional<Receipt> receipt(std::size_t place) const {
        return from_.receipt_of(said_.at(place), to_);
    }

private:
    void keep(std::string payload) {
        if (!payload.empty()) said_.push_back(std::move(payload));
    }
    void keep_asked(std::string payload) {
        if (!payload.empty()) asked_.push_back(payload);
        keep(std::move(payload));
    }

    Client& from_;
    std::string to_;
    std::size_t turn_ = 0;
    std::vector<std::string> said_;
    std::vector<std::string> asked_;
};

}  // namespace grapevine::sim
