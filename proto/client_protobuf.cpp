#include "proto/check.hpp"
#include "proto/client_encodings.hpp"
#include "proto/wire.hpp"

namespace grapevine::proto {
namespace client_protobuf {
namespace {

using wire::Field;
using wire::Reader;

/// Field number in Push.
constexpr std::uint32_t coming_number(Coming::Way way) {
    return way == Coming::Way::join ? 5 : 6;
}

// ---- reading

/// A `string` field: proto3 promises UTF-8.
bool take_text(Reader& in, Field field, std::string_view& place) {
    return in.value(field, place) && is_utf8(place);
}

/// Calls `take` for the fields of the message that is the value of `field`.
template <class Take>
bool take_message(Reader& in, Field field, Take take) {
    std::string_view body;
    return in.value(field, body) && wire::for_each_field(body, take);
}

bool skip_field(Field field, Reader& in) {
    return in.skip(field.type);
}

bool take_request(Reader& in, Field field, const Request& request, Command& command) {
    return take_message(in, field, [&](Field part, Reader& inner) {
        for (const RequestField& known : request.fields) {
            if (known.number != part.number) continue;
            if (known.flag != nullptr) return inner.value(part, command.*known.flag);
            std::string_view text;
            if (!inner.value(part, text)) return false;
            if (known.type == RequestField::Type::text && !is_utf8(text)) return false;
            if (known.place != nullptr) command.*known.place = text;
            return true;
        }
        return skip_field(part, inner);
    });
}

/// Decides the payload's kind, which it keeps wherever it goes.
void classify(ClientScratch& scratch, Command& command) {
    if (command.data.empty()) return;
    const bool is_json = normalise_json(scratch, command.data, command.data);
    command.data_kind = is_json ? PayloadKind::json : PayloadKind::binary;
}

/// An entry of the map of tags: its key and its value, of which either may be missing.
bool take_tag(Reader& in, Field field, std::string_view& message_id) {
    std::string_view key;
    std::string_view value;
    const bool read = take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 1: return take_text(inner, part, key);
        case 2: return take_text(inner, part, value);
        default: return skip_field(part, inner);
        }
    });
    if (read && key == message_id_tag) message_id = value;
    return read;
}

bool take_info(Reader& in, Field field, ClientInfo& info) {
    return take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 1: return take_text(inner, part, info.user);
        case 2: return take_text(inner, part, info.client);
        case 3: return inner.value(part, info.conn_info);
        case 4: return inner.value(part, info.chan_info);
        default: return skip_field(part, inner);
        }
    });
}

/// One entry of the map of a PresenceResult. Its key is the client's id, which is in the info too.
bool take_present(Reader& in, Field field, ClientInfo& info) {
    return take_message(in, field, [&](Field part, Reader& inner) {
        return part.number == 2 ? take_info(inner, part, info) : skip_field(part, inner);
    });
}

bool take_presence(Reader& in, Field field, Reply& reply) {
    reply.kind = Reply::Kind::presence;
    return take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 1: return take_present(inner, part, reply.presence.emplace_back());
        case 100: return inner.value(part, reply.incomplete);
        default: return skip_field(part, inner);
        }
    });
}

bool take_presence_stats(Reader& in, Field field, Reply& reply) {
    reply.kind = Reply::Kind::presence_stats;
    return take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 1: return inner.value(part, reply.presence_stats.clients);
        case 2: return inner.value(part, reply.presence_stats.users);
        case 100: return inner.value(part, reply.incomplete);
        default: return skip_field(part, inner);
        }
    });
}

template <class Message>
void put_info(Message& message, std::uint32_t number, const ClientInfo& of) {
    message.message(number, [&](auto& info) {
        info.bytes(1, of.user);
        info.bytes(2, of.client);
        info.bytes(3, of.conn_info);
        info.bytes(4, of.chan_info);
    });
}

/// Two fields: `expires` and, behind it, `ttl`.
template <class Message>
void put_ttl(Message& message, std::uint32_t expires, std::uint32_t ttl_s) {
    message.varint(expires, ttl_s != 0);
    message.varint(expires + 1, ttl_s);
}

template <class Message>
void put_result(Message& message, const SubscribeResult& result) {
    put_ttl(message, 1, result.ttl_s);
    message.bytes(11, result.data);
}

bool take_publication_fields(std::string_view body, Publication& publication) {
    return wire::for_each_field(body, [&](Field field, Reader& in) {
        switch (field.number) {
        case 4: return in.value(field, publication.data);
        case 5: return take_info(in, field, publication.info);
        case 7: return take_tag(in, field, publication.message_id);
        default: return skip_field(field, in);
        }
    });
}

/// Fields in the order in which nodes write them, and none but payload and sender. False for
/// anything else, of which nothing is to be used.
bool take_usual_publication(std::string_view body, Publication& publication) {
    Reader in{body};
    std::string_view info;
    if (!in.next_is(4, publication.data)) return false;
    if (in.done()) return true;
    if (!in.next_is(5, info) || !in.done()) return false;
    Reader inner{info};
    return inner.next_is(1, publication.info.user) && is_utf8(publication.info.user) &&
           inner.next_is(2, publication.info.client) && is_utf8(publication.info.client) &&
           inner.done();
}

/// Of a subscription or of the session; `code` is the number of that field, before the reason.
bool take_end(Reader& in, Field field, Reply::Kind kind, std::uint32_t code, Reply& reply) {
    reply.kind = kind;
    return take_message(in, field, [&](Field part, Reader& inner) {
        if (part.number == code) return inner.value(part, reply.code);
        return part.number == code + 1 ? take_text(inner, part, reply.text)
                                       : skip_field(part, inner);
    });
}

/// The member of a push that says who comes or goes.
bool take_coming(Reader& in, Field field, Coming& coming) {
    coming.way =
        field.number == coming_number(Coming::Way::join) ? Coming::Way::join : Coming::Way::leave;
    return take_message(in, field, [&](Field part, Reader& inner) {
        return part.number == 1 ? take_info(inner, part, coming.info) : skip_field(part, inner);
    });
}

bool take_push(Reader& in, Field field, Reply& reply) {
    return take_message(in, field, [&](Field part, Reader& inner) {
        std::string_view body;
        switch (part.number) {
        case 2: return take_text(inner, part, reply.channel);
        case 4:
            reply.kind = Reply::Kind::publication;
            return inner.value(part, body) && take_publication_fields(body, reply.publication);
        case 7: return take_end(inner, part, Reply::Kind::unsubscribed, 2, reply);
        case coming_number(Coming::Way::join):
        case coming_number(Coming::Way::leave):
            reply.kind = Reply::Kind::coming;
            return take_coming(inner, part, reply.coming);
        case 11: return take_end(inner, part, Reply::Kind::disconnect, 1, reply);
        default: return skip_field(part, inner);
        }
    });
}

bool take_error(Reader& in, Field field, Reply& reply) {
    reply.kind = Reply::Kind::error;
    return take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 1: return inner.value(part, reply.code);
        case 2: return take_text(inner, part, reply.text);
        case 3: return inner.value(part, reply.temporary);
        default: return skip_field(part, inner);
        }
    });
}

bool take_subscribe(Reader& in, Field field, SubscribeResult& result) {
    return take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 2: return inner.value(part, result.ttl_s);
        case 11: return inner.value(part, result.data);
        default: return skip_field(part, inner);
        }
    });
}

/// An entry of a map: its key and its value.
bool take_server_subscription(Reader& in, Field field, ServerSubscription& sub) {
    return take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 1: return take_text(inner, part, sub.channel);
        case 2: return take_subscribe(inner, part, sub.result);
        default: return skip_field(part, inner);
        }
    });
}

bool take_subscribed(Reader& in, Field field, Reply& reply) {
    SubscribeResult result;
    const bool read = take_subscribe(in, field, result);
    reply.kind = Reply::Kind::subscribe;
    reply.ttl_s = result.ttl_s;
    reply.data = result.data;
    return read;
}

/// `ttl` is the number of the only field that is looked at.
bool take_refresh(Reader& in, Field field, Reply::Kind kind, std::uint32_t ttl, Reply& reply) {
    reply.kind = kind;
    return take_message(in, field, [&](Field part, Reader& inner) {
        return part.number == ttl ? inner.value(part, reply.ttl_s) : skip_field(part, inner);
    });
}

bool take_connect(Reader& in, Field field, Reply& reply) {
    reply.kind = Reply::Kind::connect;
    return take_message(in, field, [&](Field part, Reader& inner) {
        switch (part.number) {
        case 1: return take_text(inner, part, reply.client);
        case 4: return inner.value(part, reply.ttl_s);
        case 6: return take_server_subscription(inner, part, reply.subs.emplace_back());
        case 10: return take_text(inner, part, reply.node);
        default: return skip_field(part, inner);
        }
    });
}

bool take_rpc(Reader& in, Field field, Reply& reply) {
    reply.kind = Reply::Kind::rpc;
    return take_message(in, field, [&](Field part, Reader& inner) {
        return part.number == 1 ? inner.value(part, reply.data) : skip_field(part, inner);
    });
}

bool take_done(Reader& in, Field field, Reply::Kind kind, Reply& reply) {
    reply.kind = kind;
    return take_message(in, field, skip_field);
}

/// A publish as every SDK writes it. False for anything else, of which nothing is to be used.
bool take_usual_publish(std::string_view message, Command& command) {
    Reader in{message};
    std::string_view body;
    if (Field id; in.next_is(1, id) && !in.value(id, command.id)) return false;
    if (!in.next_is(7, body) || !in.done()) return false;
    command.kind = CommandKind::publish;
    Reader inner{body};
    return inner.next_is(1, command.channel) && is_utf8(command.channel) &&
           inner.next_is(2, command.data) && inner.done();
}

}  // namespace

bool read_command(ClientScratch& scratch, std::string_view message, Command& command) {
    command = Command{};
    if (take_usual_publish(message, command)) {
        classify(scratch, command);
        return true;
    }
    command = Command{};
    if (message.empty()) {
        command.kind = CommandKind::pong;
        return true;
    }
    const bool read = wire::for_each_field(message, [&](Field field, Reader& in) {
        if (field.number == 1) return in.value(field, command.id);
        const Request* const request = request_numbered(field.number);
        if (request == nullptr) return skip_field(field, in);
        // Two requests would have one id for two answers.
        if (command.kind != CommandKind::none) return false;
        command.kind = request->kind;
        return take_request(in, field, *request, command);
    });
    if (read) classify(scratch, command);
    return read;
}

bool read_reply(std::string_view message, Reply& reply) {
    reply = Reply{};
    if (message.empty()) reply.kind = Reply::Kind::ping;
    return wire::for_each_field(message, [&](Field field, Reader& in) {
        switch (field.number) {
        case 1: return in.value(field, reply.id);
        case 2: return take_error(in, field, reply);
        case 4: return take_push(in, field, reply);
        case 5: return take_connect(in, field, reply);
        case 6: return take_subscribed(in, field, reply);
        case 7: return take_done(in, field, Reply::Kind::unsubscribe, reply);
        case 8: return take_done(in, field, Reply::Kind::publish, reply);
        case 9: return take_presence(in, field, reply);
        case 10: return take_presence_stats(in, field, reply);
        case 13: return take_rpc(in, field, reply);
        case 14: return take_refresh(in, field, Reply::Kind::refresh, 4, reply);
        case 15: return take_refresh(in, field, Reply::Kind::sub_refresh, 2, reply);
        default: return skip_field(field, in);
        }
    });
}

void append_error(std::string& out, std::uint32_t id, ErrorCode code) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(2, [&](auto& error) {
            error.varint(1, static_cast<std::uint64_t>(code));
            error.bytes(2, text_of(code));
            error.varint(3, is_temporary(code));
        });
    });
}

void append_connect(std::string& out, std::uint32_t id, const ConnectResult& result) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(5, [&](auto& connect) {
            connect.bytes(1, result.client);
            connect.bytes(2, result.version);
            put_ttl(connect, 3, result.ttl_s);
            for (const ServerSubscription& sub : result.subs)
                // An entry of a map: its key and its value.
                connect.message(6, [&](auto& entry) {
                    entry.present_bytes(1, sub.channel);
                    entry.message(2, [&](auto& told) { put_result(told, sub.result); });
                });
            connect.varint(7, result.ping_s);
            connect.varint(8, result.pong);
            connect.bytes(9, result.session);
            connect.bytes(10, result.node);
        });
    });
}

void append_subscribe(std::string& out, std::uint32_t id, const SubscribeResult& result) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(6, [&](auto& subscribe) { put_result(subscribe, result); });
    });
}

void append_refresh(std::string& out, std::uint32_t id, const RefreshResult& result) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(14, [&](auto& refresh) {
            refresh.bytes(1, result.client);
            refresh.bytes(2, result.version);
            put_ttl(refresh, 3, result.ttl_s);
        });
    });
}

void append_sub_refresh(std::string& out, std::uint32_t id, std::uint32_t ttl_s) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(15, [&](auto& refresh) { put_ttl(refresh, 1, ttl_s); });
    });
}

void append_done(std::string& out, std::uint32_t id, CommandKind kind) {
    const std::uint32_t number = result_number(kind);
    check(number != 0, "only requests with empty results are answered by append_done");
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.present_bytes(number, {});
    });
}

void append_rpc(std::string& out, std::uint32_t id, std::string_view data) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(13, [&](auto& rpc) { rpc.bytes(1, data); });
    });
}

void append_presence(
    std::string& out, std::uint32_t id, std::string_view entries, bool is_incomplete) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(9, [&](auto& presence) {
            presence.put_bytes(entries);
            presence.varint(100, is_incomplete);
        });
    });
}

void append_presence_stats(
    std::string& out, std::uint32_t id, const PresenceStats& stats, bool is_incomplete) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.varint(1, id);
        reply.message(10, [&](auto& told) {
            told.varint(1, stats.clients);
            told.varint(2, stats.users);
            told.varint(100, is_incomplete);
        });
    });
}

void append_push(std::string& out, std::string_view channel, std::string_view body) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.message(4, [&](auto& push) {
            push.bytes(2, channel);
            push.present_bytes(4, body);
        });
    });
}

void append_unsubscribe(std::string& out, std::string_view channel, UnsubscribeCode code) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.message(4, [&](auto& push) {
            push.bytes(2, channel);
            push.message(7, [&](auto& unsubscribe) {
                unsubscribe.varint(2, static_cast<std::uint64_t>(code));
                unsubscribe.bytes(3, text_of(code));
            });
        });
    });
}

void append_coming_push(std::string& out, std::string_view channel, std::string_view body) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.message(4, [&](auto& push) {
            push.bytes(2, channel);
            push.put_bytes(body);
        });
    });
}

void append_disconnect(std::string& out, CloseCode code) {
    wire::append_delimited(out, [&](auto& reply) {
        reply.message(4, [&](auto& push) {
            push.message(11, [&](auto& disconnect) {
                disconnect.varint(1, static_cast<std::uint64_t>(code));
                disconnect.bytes(2, text_of(code));
                disconnect.varint(3, reconnects(code));
            });
        });
    });
}

void append_ping(std::string& out) {
    out += '\0';
}

void append_command(std::string& out, const Command& command) {
    const Request* const request = request_of(command.kind);
    wire::append_delimited(out, [&](auto& message) {
        message.varint(1, command.id);
        if (request == nullptr) return;
        message.message(request->number, [&](auto& inner) {
            for (const RequestField& field : request->fields) {
                if (field.place != nullptr) inner.bytes(field.number, command.*field.place);
                if (field.flag != nullptr) inner.varint(field.number, command.*field.flag);
            }
        });
    });
}

}  // namespace client_protobuf

// ---- the body of a publication is Protobuf for every client

void append_publication(std::string& out, const Publication& publication) {
    wire::append_message(out, [&](auto& body) {
        body.bytes(4, publication.data);
        if (!publication.info.is_empty()) client_protobuf::put_info(body, 5, publication.info);
        if (!publication.message_id.empty())
            // An entry of a map: its key and its value.
            body.message(7, [&](auto& tag) {
                tag.present_bytes(1, message_id_tag);
                tag.present_bytes(2, publication.message_id);
            });
    });
}

std::optional<Publication> read_publication(std::string_view body) {
    Publication publication;
    if (client_protobuf::take_usual_publication(body, publication)) return publication;
    publication = {};
    if (!client_protobuf::take_publication_fields(body, publication)) return std::nullopt;
    return publication;
}

// ---- so is who comes and goes

void append_coming(std::string& out, const Coming& coming) {
    wire::append_message(out, [&](auto& push) {
        push.message(client_protobuf::coming_number(coming.way), [&](auto& body) {
            client_protobuf::put_info(body, 1, coming.info);
        });
    });
}

std::optional<Coming> read_coming(std::string_view body) {
    Coming coming;
    wire::Reader in{body};
    wire::Field field;
    const bool is_one =
        in.field(field) && (field.number == client_protobuf::coming_number(Coming::Way::join) ||
                            field.number == client_protobuf::coming_number(Coming::Way::leave));
    if (!is_one || !client_protobuf::take_coming(in, field, coming) || !in.done())
        return std::nullopt;
    return coming;
}

// ---- and who is present

void append_present_client(std::string& out, const ClientInfo& info) {
    wire::append_message(out, [&](auto& presence) {
        presence.message(1, [&](auto& entry) {
            entry.present_bytes(1, info.client);
            client_protobuf::put_info(entry, 2, info);
        });
    });
}

bool take_present_client(std::string_view& entries, ClientInfo& info) {
    info = {};
    wire::Reader in{entries};
    wire::Field field;
    if (!in.field(field) || field.number != 1 || !client_protobuf::take_present(in, field, info))
        return false;
    entries = in.rest();
    return true;
}

}  // namespace grapevine::proto
