#include "proto/ascii.hpp"
#include "proto/check.hpp"
#include "proto/client_encodings.hpp"
#include "proto/client_scratch.hpp"
#include "proto/json_scan.hpp"

#include <charconv>
#include <cstring>
#include <limits>

namespace grapevine::proto::client_json {
namespace {

using simdjson::dom::element;

// ---- reading. Each of these passes one value of the walker. Null counts as absent.

bool take_text(JsonWalker& walker, element value, std::string_view& place) {
    walker.value();
    return value.is_null() || value.get_string().get(place) == simdjson::SUCCESS;
}

bool take_number(JsonWalker& walker, element value, std::uint32_t& place) {
    walker.value();
    std::uint64_t wide = 0;
    if (value.is_null()) return true;
    if (value.get_uint64().get(wide) != simdjson::SUCCESS) return false;
    place = static_cast<std::uint32_t>(wide);
    return wide <= std::numeric_limits<std::uint32_t>::max();
}

bool take_flag(JsonWalker& walker, element value, bool& place) {
    walker.value();
    return value.is_null() || value.get_bool().get(place) == simdjson::SUCCESS;
}

/// The raw text of any value.
bool take_payload(
    JsonDocument& document, JsonWalker& walker, element value, std::string_view& place) {
    const std::string_view raw = walker.value();
    if (!value.is_null()) place = document.without_newlines(raw);
    return true;
}

bool take_nothing(JsonWalker& walker) {
    walker.value();
    return true;
}

/// Calls `take(name, value)` for each member of an object.
template <class Take>
bool take_object(JsonWalker& walker, element value, Take take) {
    simdjson::dom::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return false;
    walker.open();
    for (const auto member : object) {
        walker.member();
        if (!take(member.key, member.value)) return false;
    }
    walker.close();
    return true;
}

bool take_request(
    JsonDocument& document,
    JsonWalker& walker,
    element value,
    const Request& request,
    Command& command) {
    return take_object(walker, value, [&](std::string_view name, element member) {
        for (const RequestField& field : request.fields) {
            if (field.flag != nullptr && field.name == name)
                return take_flag(walker, member, command.*field.flag);
            if (field.place == nullptr || field.name != name) continue;
            std::string_view& place = command.*field.place;
            return field.type == RequestField::Type::payload
                       ? take_payload(document, walker, member, place)
                       : take_text(walker, member, place);
        }
        return take_nothing(walker);
    });
}

bool take_info(JsonDocument& document, JsonWalker& walker, element value, ClientInfo& info) {
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "user") return take_text(walker, member, info.user);
        if (name == "client") return take_text(walker, member, info.client);
        if (name == "conn_info") return take_payload(document, walker, member, info.conn_info);
        if (name == "chan_info") return take_payload(document, walker, member, info.chan_info);
        return take_nothing(walker);
    });
}

bool take_presence(JsonDocument& document, JsonWalker& walker, element value, Reply& reply) {
    reply.kind = Reply::Kind::presence;
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "incomplete") return take_flag(walker, member, reply.incomplete);
        if (name != "presence" || member.is_null()) return take_nothing(walker);
        return take_object(walker, member, [&](std::string_view, element client) {
            return take_info(document, walker, client, reply.presence.emplace_back());
        });
    });
}

bool take_presence_stats(JsonWalker& walker, element value, Reply& reply) {
    reply.kind = Reply::Kind::presence_stats;
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "num_clients") return take_number(walker, member, reply.presence_stats.clients);
        if (name == "num_users") return take_number(walker, member, reply.presence_stats.users);
        if (name == "incomplete") return take_flag(walker, member, reply.incomplete);
        return take_nothing(walker);
    });
}

bool take_publication(
    JsonDocument& document, JsonWalker& walker, element value, Publication& publication) {
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "data") return take_payload(document, walker, member, publication.data);
        if (name == "tags" && !member.is_null())
            return take_object(walker, member, [&](std::string_view tag, element tag_value) {
                return tag == message_id_tag ? take_text(walker, tag_value, publication.message_id)
                                             : take_nothing(walker);
            });
        if (name != "info" || member.is_null()) return take_nothing(walker);
        return take_info(document, walker, member, publication.info);
    });
}

bool take_coming(
    JsonDocument& document, JsonWalker& walker, element value, Coming::Way way, Reply& reply) {
    reply.kind = Reply::Kind::coming;
    reply.coming.way = way;
    return take_object(walker, value, [&](std::string_view name, element member) {
        return name == "info" && !member.is_null()
                   ? take_info(document, walker, member, reply.coming.info)
                   : take_nothing(walker);
    });
}

bool take_push(JsonDocument& document, JsonWalker& walker, element value, Reply& reply) {
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "channel") return take_text(walker, member, reply.channel);
        if (name == "join" && !member.is_null())
            return take_coming(document, walker, member, Coming::Way::join, reply);
        if (name == "leave" && !member.is_null())
            return take_coming(document, walker, member, Coming::Way::leave, reply);
        if (name == "pub" && !member.is_null()) {
            reply.kind = Reply::Kind::publication;
            return take_publication(document, walker, member, reply.publication);
        }
        const bool is_disconnect = name == "disconnect";
        if ((!is_disconnect && name != "unsubscribe") || member.is_null())
            return take_nothing(walker);
        reply.kind = is_disconnect ? Reply::Kind::disconnect : Reply::Kind::unsubscribed;
        return take_object(walker, member, [&](std::string_view part, element part_value) {
            if (part == "code") return take_number(walker, part_value, reply.code);
            if (part == "reason") return take_text(walker, part_value, reply.text);
            return take_nothing(walker);
        });
    });
}

bool take_error(JsonWalker& walker, element value, Reply& reply) {
    reply.kind = Reply::Kind::error;
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "code") return take_number(walker, member, reply.code);
        if (name == "message") return take_text(walker, member, reply.text);
        if (name == "temporary") return take_flag(walker, member, reply.temporary);
        return take_nothing(walker);
    });
}

bool take_subscribe(
    JsonDocument& document, JsonWalker& walker, element value, SubscribeResult& result) {
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "ttl") return take_number(walker, member, result.ttl_s);
        if (name == "data") return take_payload(document, walker, member, result.data);
        return take_nothing(walker);
    });
}

bool take_connect(JsonDocument& document, JsonWalker& walker, element value, Reply& reply) {
    reply.kind = Reply::Kind::connect;
    return take_object(walker, value, [&](std::string_view name, element member) {
        if (name == "client") return take_text(walker, member, reply.client);
        if (name == "node") return take_text(walker, member, reply.node);
        if (name == "ttl") return take_number(walker, member, reply.ttl_s);
        if (name != "subs" || member.is_null()) return take_nothing(walker);
        return take_object(walker, member, [&](std::string_view channel, element sub) {
            ServerSubscription& told = reply.subs.emplace_back();
            told.channel = channel;
            return take_subscribe(document, walker, sub, told.result);
        });
    });
}

/// The result of subscribe, of refresh or of sub_refresh, which have no field in two meanings.
bool take_ttl(
    JsonDocument& document, JsonWalker& walker, element value, Reply::Kind kind, Reply& reply) {
    SubscribeResult result;
    const bool read = take_subscribe(document, walker, value, result);
    reply.kind = kind;
    reply.ttl_s = result.ttl_s;
    reply.data = result.data;
    return read;
}

bool take_result(
    JsonDocument& document,
    JsonWalker& walker,
    std::string_view name,
    element value,
    Reply& reply) {
    if (value.is_null()) return take_nothing(walker);
    if (name == "error") return take_error(walker, value, reply);
    if (name == "push") return take_push(document, walker, value, reply);
    if (name == "connect") return take_connect(document, walker, value, reply);
    if (name == "subscribe")
        return take_ttl(document, walker, value, Reply::Kind::subscribe, reply);
    if (name == "refresh") return take_ttl(document, walker, value, Reply::Kind::refresh, reply);
    if (name == "sub_refresh")
        return take_ttl(document, walker, value, Reply::Kind::sub_refresh, reply);
    if (name == "presence") return take_presence(document, walker, value, reply);
    if (name == "presence_stats") return take_presence_stats(walker, value, reply);
    if (name == "rpc") {
        reply.kind = Reply::Kind::rpc;
        return take_object(walker, value, [&](std::string_view part, element part_value) {
            return part == "data" ? take_payload(document, walker, part_value, reply.data)
                                  : take_nothing(walker);
        });
    }
    if (name == "unsubscribe") reply.kind = Reply::Kind::unsubscribe;
    if (name == "publish") reply.kind = Reply::Kind::publish;
    return take_nothing(walker);
}

// ---- the hot command, without the parser

bool take_ordinary_publish(JsonScan& scan, Command& command) {
    command.kind = CommandKind::publish;
    if (!scan.sign('{')) return false;
    do {
        std::string_view name;
        if (!scan.plain_text(name) || !scan.sign(':')) return false;
        if (name == "channel" && command.channel.empty()) {
            if (!scan.plain_text(command.channel)) return false;
        } else if (name == "data" && command.data.empty()) {
            // A null payload counts as absent: the general way knows.
            if (!scan.value(command.data) || command.data == "null") return false;
        } else {
            return false;
        }
    } while (scan.sign(','));
    return scan.sign('}');
}

/// A publish as serialisers write it, without spaces. False for anything else, of which nothing is
/// to be used.
bool read_usual_publish(std::string_view line, Command& command) {
    JsonScan scan{line};
    command = Command{};
    command.kind = CommandKind::publish;
    const bool begins = scan.skip(R"({"publish":{"channel":")") ||
                        (scan.skip(R"({"id":)") && scan.small_number(command.id) &&
                         scan.skip(R"(,"publish":{"channel":")"));
    if (!begins || !scan.plain_rest(command.channel) || !scan.skip(R"(,"data":)")) return false;
    // A null payload counts as absent: the general way knows.
    if (!scan.value(command.data) || command.data == "null") return false;
    return scan.skip("}}") && scan.at_end();
}

/// The same with members in any order and spaces between. False for anything else, which is then
/// read the general way.
bool read_ordinary_publish(std::string_view line, Command& command) {
    JsonScan scan{line};
    command = Command{};
    if (!scan.sign('{')) return false;
    do {
        std::string_view name;
        if (!scan.plain_text(name) || !scan.sign(':')) return false;
        if (name == "publish" && command.kind == CommandKind::none) {
            if (!take_ordinary_publish(scan, command)) return false;
        } else if (name != "id" || command.id != 0 || !scan.small_number(command.id)) {
            return false;
        }
    } while (scan.sign(','));
    return scan.sign('}') && scan.at_end() && command.kind == CommandKind::publish;
}

// ---- writing

void append_number(std::string& out, std::uint32_t number) {
    char digits[std::numeric_limits<std::uint32_t>::digits10 + 1];
    const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), number);
    out.append(digits, end);
}

void append_separator(std::string& out) {
    if (!out.empty()) out += '\n';
}

/// Up to where the result's name goes.
void open_message(std::string& out, std::uint32_t id) {
    append_separator(out);
    out += '{';
    if (id == 0) return;
    out += R"("id":)";
    append_number(out, id);
    out += ',';
}

/// Members of one object, with the commas between them.
class Members {
public:
    explicit Members(std::string& out) : out_(out) { out_ += '{'; }
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;

    /// Puts the name; the caller puts the value.
    std::string& named(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += name;
        out_ += "\":";
        return out_;
    }
    /// A name that may be anything.
    void named_text(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        append_json_string(out_, name);
        out_ += ':';
    }
    void text(std::string_view name, std::string_view value) {
        if (!value.empty()) append_json_string(named(name), value);
    }
    void raw(std::string_view name, std::string_view value) {
        if (!value.empty()) named(name) += value;
    }
    void number(std::string_view name, std::uint32_t value) {
        if (value != 0) append_number(named(name), value);
    }
    void flag(std::string_view name, bool value) {
        if (value) named(name) += "true";
    }
    void close() { out_ += '}'; }

private:
    std::string& out_;
    bool first_ = true;
};

/// Short texts one behind the other, where no string has to grow.
class Pieces {
public:
    static constexpr std::size_t names_bytes_max = 448;

    void put(std::string_view piece) {
        std::memcpy(text_ + size_, piece.data(), piece.size());
        size_ += piece.size();
    }
    [[nodiscard]] std::string_view view() const { return {text_, size_}; }

private:
    char text_[names_bytes_max + 64];  ///< and what JSON has around names
    std::size_t size_ = 0;
};

/// It is its own JSON string.
bool is_plain(std::string_view text) {
    return ascii::plain_bytes(text.data(), text.data() + text.size()) == text.size();
}

/// The usual push, in three pieces instead of a dozen: what is around the payload is put together
/// first. False, and nothing appended, if a name is not plain, or something is missing.
bool append_usual_push(std::string& out, std::string_view channel, const Publication& publication) {
    const ClientInfo& info = publication.info;
    const std::string_view user = info.user;
    const std::string_view client = info.client;
    const std::size_t bytes = channel.size() + user.size() + client.size();
    Pieces before;
    Pieces behind;
    if (bytes > Pieces::names_bytes_max || !publication.message_id.empty()) return false;
    if (user.empty() || client.empty()) return false;
    if (!info.conn_info.empty() || !info.chan_info.empty()) return false;
    if (!is_plain(channel) || !is_plain(user) || !is_plain(client)) return false;
    if (!out.empty()) before.put("\n");
    before.put(R"({"push":{"channel":")");
    before.put(channel);
    before.put(R"(","pub":{"data":)");
    behind.put(R"(,"info":{"user":")");
    behind.put(user);
    behind.put(R"(","client":")");
    behind.put(client);
    behind.put(R"("}}}})");
    out.append(before.view()).append(publication.data).append(behind.view());
    return true;
}

/// The members of one object; empty ones are left out.
void append_info(std::string& out, const ClientInfo& of) {
    Members info{out};
    info.text("user", of.user);
    info.text("client", of.client);
    info.raw("conn_info", of.conn_info);
    info.raw("chan_info", of.chan_info);
    info.close();
}

void put_ttl(Members& result, std::uint32_t ttl_s) {
    result.flag("expires", ttl_s != 0);
    result.number("ttl", ttl_s);
}

void append_members(std::string& out, const SubscribeResult& of) {
    Members result{out};
    put_ttl(result, of.ttl_s);
    result.raw("data", of.data);
    result.close();
}

}  // namespace

bool read_command(ClientScratch& scratch, std::string_view line, Command& command) {
    if (read_usual_publish(line, command) || read_ordinary_publish(line, command)) return true;
    JsonDocument& document = scratch.parts().command;
    if (!document.parse(line)) return false;
    command = Command{};
    JsonWalker walker{document.text()};
    bool empty = true;
    const bool read =
        take_object(walker, document.root(), [&](std::string_view name, element value) {
            empty = false;
            if (name == "id") return take_number(walker, value, command.id);
            const Request* const request = request_named(name);
            if (request == nullptr || value.is_null()) return take_nothing(walker);
            // Two requests would have one id for two answers.
            if (command.kind != CommandKind::none) return false;
            command.kind = request->kind;
            return take_request(document, walker, value, *request, command);
        });
    if (empty) command.kind = CommandKind::pong;
    return read;
}

bool read_reply(ClientScratch& scratch, std::string_view line, Reply& reply) {
    JsonDocument& document = scratch.parts().reply;
    if (!document.parse(line)) return false;
    reply = Reply{};
    JsonWalker walker{document.text()};
    bool empty = true;
    const bool read =
        take_object(walker, document.root(), [&](std::string_view name, element value) {
            empty = false;
            if (name == "id") return take_number(walker, value, reply.id);
            return take_result(document, walker, name, value, reply);
        });
    if (empty) reply.kind = Reply::Kind::ping;
    return read;
}

void append_error(std::string& out, std::uint32_t id, ErrorCode code) {
    open_message(out, id);
    out += R"("error":)";
    Members error{out};
    error.number("code", static_cast<std::uint32_t>(code));
    error.text("message", text_of(code));
    error.flag("temporary", is_temporary(code));
    error.close();
    out += '}';
}

void append_connect(std::string& out, std::uint32_t id, const ConnectResult& result) {
    open_message(out, id);
    out += R"("connect":)";
    Members connect{out};
    connect.text("client", result.client);
    connect.text("version", result.version);
    put_ttl(connect, result.ttl_s);
    if (!result.subs.empty()) {
        Members subs{connect.named("subs")};
        for (const ServerSubscription& sub : result.subs) {
            subs.named_text(sub.channel);
            append_members(out, sub.result);
        }
        subs.close();
    }
    connect.number("ping", result.ping_s);
    connect.flag("pong", result.pong);
    connect.text("session", result.session);
    connect.text("node", result.node);
    connect.close();
    out += '}';
}

void append_subscribe(std::string& out, std::uint32_t id, const SubscribeResult& result) {
    open_message(out, id);
    out += R"("subscribe":)";
    append_members(out, result);
    out += '}';
}

void append_refresh(std::string& out, std::uint32_t id, const RefreshResult& result) {
    open_message(out, id);
    out += R"("refresh":)";
    Members refresh{out};
    refresh.text("client", result.client);
    refresh.text("version", result.version);
    put_ttl(refresh, result.ttl_s);
    refresh.close();
    out += '}';
}

void append_sub_refresh(std::string& out, std::uint32_t id, std::uint32_t ttl_s) {
    open_message(out, id);
    out += R"("sub_refresh":)";
    append_members(out, {.ttl_s = ttl_s});
    out += '}';
}

void append_done(std::string& out, std::uint32_t id, CommandKind kind) {
    check(result_number(kind) != 0, "only requests with empty results are answered by append_done");
    open_message(out, id);
    out += '"';
    out += request_of(kind)->name;
    out += R"(":{}})";
}

void append_rpc(std::string& out, std::uint32_t id, std::string_view data) {
    open_message(out, id);
    out += R"("rpc":)";
    Members rpc{out};
    rpc.raw("data", data);
    rpc.close();
    out += '}';
}

void append_presence(
    std::string& out, std::uint32_t id, std::string_view entries, bool is_incomplete) {
    open_message(out, id);
    out += R"("presence":)";
    client_json::append_presence_result(out, entries, is_incomplete);
    out += '}';
}

void append_presence_stats(
    std::string& out, std::uint32_t id, const PresenceStats& stats, bool is_incomplete) {
    open_message(out, id);
    out += R"("presence_stats":)";
    client_json::append_presence_stats_result(out, stats, is_incomplete);
    out += '}';
}

void append_presence_result(std::string& out, std::string_view entries, bool is_incomplete) {
    Members presence{out};
    Members by_client{presence.named("presence")};
    (void)for_each_present_client(entries, [&](const ClientInfo& info) {
        by_client.named_text(info.client);
        append_info(out, info);
    });
    by_client.close();
    presence.flag("incomplete", is_incomplete);
    presence.close();
}

void append_presence_stats_result(
    std::string& out, const PresenceStats& stats, bool is_incomplete) {
    Members told{out};
    // Zeros too: SDKs take what is missing for nothing at all.
    append_number(told.named("num_clients"), stats.clients);
    append_number(told.named("num_users"), stats.users);
    told.flag("incomplete", is_incomplete);
    told.close();
}

bool append_push(
    std::string& out, std::string_view channel, PayloadKind kind, std::string_view body) {
    const std::optional<Publication> publication = read_publication(body);
    // An empty payload is no JSON value, whatever its kind says.
    if (!publication || kind != PayloadKind::json || publication->data.empty()) return false;
    if (append_usual_push(out, channel, *publication)) return true;
    append_separator(out);
    out += R"({"push":{"channel":)";
    append_json_string(out, channel);
    out += R"(,"pub":{"data":)";
    out += publication->data;
    if (!publication->info.is_empty()) append_info(out += R"(,"info":)", publication->info);
    if (!publication->message_id.empty()) {
        out += R"(,"tags":)";
        Members tags{out};
        tags.text(message_id_tag, publication->message_id);
        tags.close();
    }
    out += "}}}";
    return true;
}

void append_unsubscribe(std::string& out, std::string_view channel, UnsubscribeCode code) {
    append_separator(out);
    out += R"({"push":{"channel":)";
    append_json_string(out, channel);
    out += R"(,"unsubscribe":)";
    Members unsubscribe{out};
    unsubscribe.number("code", static_cast<std::uint32_t>(code));
    unsubscribe.text("reason", text_of(code));
    unsubscribe.close();
    out += "}}";
}

bool append_coming_push(std::string& out, std::string_view channel, std::string_view body) {
    const std::optional<Coming> coming = read_coming(body);
    if (!coming) return false;
    append_separator(out);
    out += R"({"push":{"channel":)";
    append_json_string(out, channel);
    out += coming->way == Coming::Way::join ? R"(,"join":{"info":)" : R"(,"leave":{"info":)";
    append_info(out, coming->info);
    out += "}}}";
    return true;
}

void append_disconnect(std::string& out, CloseCode code) {
    append_separator(out);
    out += R"({"push":{"disconnect":)";
    Members disconnect{out};
    disconnect.number("code", static_cast<std::uint32_t>(code));
    disconnect.text("reason", text_of(code));
    disconnect.flag("reconnect", reconnects(code));
    disconnect.close();
    out += "}}";
}

void append_ping(std::string& out) {
    append_separator(out);
    out += "{}";
}

void append_command(std::string& out, const Command& command) {
    append_separator(out);
    Members message{out};
    message.number("id", command.id);
    if (const Request* const request = request_of(command.kind)) {
        Members members{message.named(request->name)};
        for (const RequestField& field : request->fields) {
            if (field.flag != nullptr) members.flag(field.name, command.*field.flag);
            if (field.place == nullptr) continue;
            if (field.type == RequestField::Type::payload)
                members.raw(field.name, command.*field.place);
            else
                members.text(field.name, command.*field.place);
        }
        members.close();
    }
    message.close();
}

}  // namespace grapevine::proto::client_json
