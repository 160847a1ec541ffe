#include "proto/client_codec.hpp"
#include "proto/json_reading.hpp"
#include "proto/limits.hpp"
#include "proto/names.hpp"
#include "tests/support/text_generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace grapevine::proto {
namespace {

std::string json_text(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

std::string separated(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts)
        out += (out.empty() ? "" : ",") + part;
    return out;
}

/// Few different ones, so that they repeat.
rc::Gen<std::string> user() {
    return rc::gen::suchThat(
        rc::gen::oneOf(tests::gen::text(), rc::gen::element<std::string>("bob", "eve", "ann")),
        is_user_name);
}

rc::Gen<std::string> key() {
    return rc::gen::suchThat(tests::gen::text(), [](const std::string& text) {
        return text.size() <= limits::idempotency_key_bytes;
    });
}

RC_GTEST_PROP(SendBody, IsReadAsItWasMeantInAnyOrder, ()) {
    const auto listed = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(user()));
    const std::string data = *rc::gen::suchThat(
        tests::gen::json(true), [](const std::string& json) { return json != "null"; });
    const std::string wait = *rc::gen::element<std::string>("", "none", "node", "client");
    const bool at_least_once = *rc::gen::arbitrary<bool>();
    const std::string idempotency_key = *key();

    std::vector<std::string> names;
    std::vector<std::string> distinct;
    for (const std::string& name : listed) {
        names.push_back(json_text(name));
        if (std::find(distinct.begin(), distinct.end(), name) == distinct.end())
            distinct.push_back(name);
    }
    std::vector<std::string> members{
        "\"to\":" + (names.size() == 1 ? names[0] : '[' + separated(names) + ']'),
        "\"data\":" + data,
        "\"qos\":" + std::to_string(at_least_once ? 1 : 0),
        "\"other\":" + *tests::gen::json(true)};
    if (!wait.empty()) members.push_back("\"wait\":" + json_text(wait));
    if (!idempotency_key.empty())
        members.push_back("\"idempotency_key\":" + json_text(idempotency_key));
    for (std::size_t index = 1; index < members.size(); ++index)
        std::swap(members[index], members[*rc::gen::inRange<std::size_t>(0, index + 1)]);
    std::string flat = data;
    std::erase_if(flat, [](char character) { return character == '\n' || character == '\r'; });

    static JsonReader reader;
    const std::string text = "{" + separated(members) + "}";
    const SendBody body = read_send_body(reader, text);
    RC_ASSERT(body.fault == "");
    RC_ASSERT(body.users == distinct);
    RC_ASSERT(body.data == flat);
    RC_ASSERT(body.wait == (wait.empty() ? "none" : wait));
    RC_ASSERT(body.at_least_once == at_least_once);
    RC_ASSERT(body.idempotency_key == idempotency_key);

    // Cut anywhere it is no object any more.
    const std::size_t cut = *rc::gen::inRange<std::size_t>(0, text.size());
    RC_ASSERT(read_send_body(reader, std::string_view{text}.substr(0, cut)).fault != "");
}

}  // namespace
}  // namespace grapevine::proto
