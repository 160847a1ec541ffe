#include "mesh/publish.hpp"

namespace grapevine::mesh {

Publish publish_of(
    Target target,
    std::string_view name,
    PayloadKind kind,
    const proto::Publication& publication,
    proto::HashKey key) {
    // Tags and lengths around the fields.
    constexpr std::size_t framing_bytes = 64;
    Publish publish{
        .target = target,
        .payload_kind = kind,
        .name_bytes = static_cast<std::uint8_t>(name.size())};
    if (target != Target::everybody) publish.key = proto::key_of(key, name);
    publish.text = Bytes::with_capacity(
        name.size() + publication.data.size() + publication.info.user.size() +
        publication.info.client.size() + publication.info.conn_info.size() +
        publication.info.chan_info.size() + publication.message_id.size() + framing_bytes);
    publish.text.writable().append(name);
    proto::append_publication(publish.text.writable(), publication);
    return publish;
}

Publish coming_of(std::string_view channel, std::uint64_t key, const proto::Coming& coming) {
    constexpr std::size_t framing_bytes = 32;
    Publish publish{
        .target = Target::watchers,
        .name_bytes = static_cast<std::uint8_t>(channel.size()),
        .key = key,
        .text = Bytes::with_capacity(
            channel.size() + coming.info.user.size() + coming.info.client.size() +
            coming.info.conn_info.size() + coming.info.chan_info.size() + framing_bytes)};
    publish.text.writable().append(channel);
    proto::append_coming(publish.text.writable(), coming);
    return publish;
}

}  // namespace grapevine::mesh
