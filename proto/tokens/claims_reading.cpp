#include "proto/limits.hpp"
#include "proto/names.hpp"
#include "proto/tokens/base64.hpp"
#include "proto/tokens/json_members.hpp"
#include "proto/tokens/numeric_date.hpp"
#include "proto/tokens/token_reader.hpp"

#include <array>

namespace grapevine::proto {
namespace {

using simdjson::dom::element;

constexpr std::string_view no_text = "a claim that is text is something else in it";

/// Takes `info`, `data` and `override`, with which a token and each of its `subs` may say how a
/// subscription is.
class OptionsReading {
public:
    OptionsReading(JsonDocument& json, SubscriptionClaims& found) : json_(json), found_(found) {}

    /// Empty: it is none of these, or as it should be.
    std::string_view take(std::string_view name, element value, std::string_view raw) {
        if (name == "info") return take_json(found_.info, raw);
        if (name == "data") return take_json(found_.data, raw);
        if (name == "b64info") return take_bytes(found_.info, value);
        if (name == "b64data") return take_bytes(found_.data, value);
        if (name == "override") return take_override(value, raw);
        return {};
    }

private:
    /// Bytes count more, whichever comes first.
    std::string_view take_json(TokenPayload& place, std::string_view raw) {
        if (place.kind == PayloadKind::json) place.bytes = json_.without_newlines(raw);
        return within_limit();
    }
    std::string_view take_bytes(TokenPayload& place, element value) {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS) return no_text;
        if (text.empty()) return {};
        auto bytes = decode_base64(text);
        if (!bytes) return "\"b64info\" or \"b64data\" in it is no base64 with padding";
        place = {PayloadKind::binary, std::move(*bytes)};
        return within_limit();
    }
    [[nodiscard]] std::string_view within_limit() const {
        return found_.info.bytes.size() > limits::token_info_bytes
                   ? "its \"info\" is longer than 4096 bytes"
                   : std::string_view{};
    }
    static_assert(limits::token_info_bytes == 4096);

    std::string_view take_override(element value, std::string_view raw) {
        constexpr std::string_view fault =
            "\"override\" in it is not like {\"presence\": {\"value\": true}}";
        simdjson::dom::object object;
        if (value.get(object) != simdjson::SUCCESS) return fault;
        const bool is_good = for_each_distinct(object, raw, [this](auto name, element each, auto) {
            for (const auto& [its_name, place] : overrides)
                if (its_name == name && !each.is_null())
                    return take_switch(each, (found_.*place).emplace(false));
            return true;
        });
        return is_good ? std::string_view{} : fault;
    }

    /// Without a value it is off: that is how Go leaves out what is false.
    static bool take_switch(element wrapped, bool& on) {
        simdjson::dom::object object;
        if (wrapped.get(object) != simdjson::SUCCESS) return false;
        const auto value = object["value"];
        return value.error() == simdjson::NO_SUCH_FIELD || value.get(on) == simdjson::SUCCESS;
    }

    using Override = std::pair<std::string_view, std::optional<bool> SubscriptionClaims::*>;
    static constexpr std::array<Override, 5> overrides{
        {{"presence", &SubscriptionClaims::presence},
         {"join_leave", &SubscriptionClaims::join_leave},
         {"force_push_join_leave", &SubscriptionClaims::force_push_join_leave},
         {"force_positioning", &SubscriptionClaims::force_positioning},
         {"force_recovery", &SubscriptionClaims::force_recovery}}};

    JsonDocument& json_;
    SubscriptionClaims& found_;
};

/// Takes the claims one by one.
class ClaimsReading {
public:
    ClaimsReading(JsonDocument& json, TokenClaims& found)
        : json_(json), found_(found), options_(json, found.options) {}

    /// False: there is a fault.
    bool take(std::string_view name, element value, std::string_view raw) {
        if (value.is_null()) return true;
        for (const auto& [its_name, take] : claims)
            if (its_name == name) fault_ = (this->*take)(value, raw);
        if (fault_.empty()) fault_ = options_.take(name, value, raw);
        return fault_.empty();
    }
    [[nodiscard]] std::string_view fault() const { return fault_; }

    void end() { found_.ends = ends_given_ ? ends_ : found_.expires; }

private:
    using Take = std::string_view (ClaimsReading::*)(element value, std::string_view raw);
    static const std::array<std::pair<std::string_view, Take>, 12> claims;

    std::string_view take_user(element value, std::string_view) {
        std::string_view user;
        if (value.get(user) != simdjson::SUCCESS) return "its \"sub\" is no text";
        if (!user.empty() && !is_user_name(user))
            return "its \"sub\" is no name of a user: 254 bytes at most, without control "
                   "characters, not beginning with '#' or '$'";
        found_.user = user;
        return {};
    }
    std::string_view take_expires(element, std::string_view raw) {
        return take_time(raw, found_.expires);
    }
    std::string_view take_begins(element, std::string_view raw) {
        return take_time(raw, found_.begins);
    }
    std::string_view take_issued(element, std::string_view raw) {
        std::optional<std::chrono::sys_seconds> issued;
        return take_time(raw, issued);
    }
    std::string_view take_ends(element, std::string_view raw) {
        ends_given_ = true;
        const std::string_view fault = take_time(raw, ends_);
        if (ends_ == std::chrono::sys_seconds{}) ends_.reset();
        return fault;
    }
    std::string_view take_issuer(element value, std::string_view) {
        return take_text(value, found_.issuer);
    }
    std::string_view take_audience(element value, std::string_view) {
        simdjson::dom::array list;
        if (value.get(list) != simdjson::SUCCESS)
            return take_text(value, found_.audiences.emplace_back());
        for (const element each : list)
            if (!take_text(each, found_.audiences.emplace_back()).empty()) return no_text;
        return {};
    }
    std::string_view take_meta(element value, std::string_view raw) {
        if (!value.is_object()) return "its \"meta\" is no JSON object";
        found_.meta = json_.without_newlines(raw);
        return {};
    }
    std::string_view take_channel(element value, std::string_view) {
        std::string_view channel;
        if (value.get(channel) != simdjson::SUCCESS || !is_channel_name(channel))
            return wrong_channel;
        found_.channel = channel;
        return {};
    }
    std::string_view take_client(element value, std::string_view) {
        return take_text(value, found_.client);
    }
    std::string_view take_channels(element value, std::string_view) {
        simdjson::dom::array list;
        if (value.get(list) != simdjson::SUCCESS) return "its \"channels\" is no list";
        for (const element each : list) {
            std::string_view channel;
            if (each.get(channel) != simdjson::SUCCESS) return wrong_channel;
            const std::string_view fault = take_subscription(channel, {});
            if (!fault.empty()) return fault;
        }
        return {};
    }
    std::string_view take_subs(element value, std::string_view raw) {
        simdjson::dom::object object;
        if (value.get(object) != simdjson::SUCCESS) return "its \"subs\" is no JSON object";
        std::string_view fault;
        const bool is_good =
            for_each_distinct(object, raw, [&](auto channel, element each, auto each_raw) {
                SubscriptionClaims options;
                fault = read_options(each, each_raw, options);
                if (fault.empty()) fault = take_subscription(channel, std::move(options));
                return fault.empty();
            });
        return is_good || !fault.empty() ? fault : "its \"subs\" has a channel twice";
    }

    std::string_view
    read_options(element value, std::string_view raw, SubscriptionClaims& options) {
        simdjson::dom::object object;
        if (value.is_null()) return {};
        if (value.get(object) != simdjson::SUCCESS)
            return "its \"subs\" is not like {\"channel\": {\"info\": {}}}";
        OptionsReading reading{json_, options};
        std::string_view fault;
        const bool is_good =
            for_each_distinct(object, raw, [&](auto name, element each, auto each_raw) {
                if (!each.is_null()) fault = reading.take(name, each, each_raw);
                return fault.empty();
            });
        return is_good || !fault.empty() ? fault : "its \"subs\" says something twice";
    }
    /// What `subs` says of a channel counts more than that `channels` names it, whichever is first.
    std::string_view take_subscription(std::string_view channel, SubscriptionClaims options) {
        if (!is_channel_name(channel)) return wrong_channel;
        const auto [place, is_new] = found_.subs.try_emplace(std::string{channel});
        if (options != SubscriptionClaims{}) place->second = std::move(options);
        return found_.subs.size() > limits::channels_per_session
                   ? "it has more than 128 channels in \"channels\" and \"subs\""
                   : std::string_view{};
    }
    static_assert(limits::channels_per_session == 128 && limits::channel_name_bytes == 255);
    static constexpr std::string_view wrong_channel =
        "a channel in it has no name of 1 to 255 bytes without control characters";

    static std::string_view take_text(element value, std::string& place) {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS) return no_text;
        place = text;
        return {};
    }
    static std::string_view
    take_time(std::string_view raw, std::optional<std::chrono::sys_seconds>& place) {
        place = read_numeric_date(raw);
        return place ? std::string_view{}
                     : "a time in it is no number of seconds since 1970, before the year 10000";
    }

    JsonDocument& json_;
    TokenClaims& found_;
    OptionsReading options_;
    std::string_view fault_;
    std::optional<std::chrono::sys_seconds> ends_;
    bool ends_given_ = false;
};

constexpr std::array<std::pair<std::string_view, ClaimsReading::Take>, 12> ClaimsReading::claims{
    {{"sub", &ClaimsReading::take_user},
     {"exp", &ClaimsReading::take_expires},
     {"nbf", &ClaimsReading::take_begins},
     {"iat", &ClaimsReading::take_issued},
     {"expire_at", &ClaimsReading::take_ends},
     {"iss", &ClaimsReading::take_issuer},
     {"aud", &ClaimsReading::take_audience},
     {"meta", &ClaimsReading::take_meta},
     {"channel", &ClaimsReading::take_channel},
     {"client", &ClaimsReading::take_client},
     {"channels", &ClaimsReading::take_channels},
     {"subs", &ClaimsReading::take_subs}}};

}  // namespace

ReadClaims TokenReader::read(std::string_view claims) {
    ReadClaims read;
    ClaimsReading reading{*json_, read.claims};
    simdjson::dom::object object;
    if (!parse_object(*json_, claims, object)) {
        read.fault = "its claims are no JSON object";
    } else if (!for_each_distinct(object, json_->text(), [&](auto name, element value, auto raw) {
                   return reading.take(name, value, raw);
               })) {
        read.fault = reading.fault().empty() ? "it makes a claim twice" : reading.fault();
    }
    reading.end();
    return read;
}

}  // namespace grapevine::proto
