// The hub of Mesh, as far as publications are concerned: who is to send them, who answers them, and
// who is told what became of them.
#include "mesh/mesh_parts.hpp"
#include "mesh/publish.hpp"
#include "proto/message_ref.hpp"

#include <utility>

namespace grapevine::mesh {
void Mesh::Parts::on(Publish& publish, Now now, MeshOutput& output) {
    if (publish.target == Target::watchers) return router.announce(publish, now, output);
    ++counters.published;
    if (publish.target == Target::everybody) return spread(publish, output);
    if (publish.target != Target::user) return router.publish(publish, now, output);
    flows.submit(publish, {}, now, output);
    tell_receipts(output);
}

void Mesh::Parts::on(const SendToUsers& send, Now now, MeshOutput& output) {
    const Receipts::Opened opened = receipts.open(send, now, output);
    if (!opened.go) return;
    const bool is_named = send.at_least_once || send.wait == Wait::client;
    for (std::uint32_t line = 0; line < send.users.size(); ++line) {
        Flows::Options options{
            .line = {.receipt = opened.receipt, .line = line},
            .id = {},
            .at_least_once = send.at_least_once};
        std::string ref;
        if (is_named) {
            options.id = MessageId{++last_message.value};
            const proto::MessageRef message{identity.node, options.id};
            receipts.name(options.line, message);
            ref = proto::text_of(message);
        }
        Publish publish = publish_of(
            Target::user,
            send.users[line],
            send.payload_kind,
            {.data = send.data,
             .info = {.user = send.user, .client = send.client, .conn_info = send.info},
             .message_id = ref},
            hash_key);
        flows.submit(publish, options, now, output);
    }
    tell_receipts(output);
}

void Mesh::Parts::on(const Acknowledge& acknowledge, Now now, MeshOutput& output) {
    const proto::MessageRef& message = acknowledge.message;
    if (message.node == identity.node) {
        flows.acknowledged(message.node, message.message, acknowledge.user, now, output);
        tell_receipts(output);
    } else {
        arrivals.pass_on(acknowledge, now);
    }
}

void Mesh::Parts::on(const Delivered& delivered, Now now, MeshOutput& output) {
    if (delivered.delivery.from) return arrivals.on(delivered, now);
    flows.on(delivered, now, output);
    tell_receipts(output);
}

void Mesh::Parts::tell_news(MeshOutput& output) {
    std::vector<SendNews>& told = flows.news();
    for (const SendNews& of : told)
        receipts.on(of, of.node ? name_of(of.node) : std::string{}, output);
    told.clear();
}

std::string Mesh::Parts::name_of(NodeId node) const {
    if (node == identity.node) return config.name;
    const Member* const member = members.find(node);
    return member != nullptr ? member->name : "forgotten";
}

}  // namespace grapevine::mesh
