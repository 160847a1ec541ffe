/// Which version of the protocol between nodes has which frame.
///
/// Each link speaks the highest version that both ends speak (Handshake::version()). Nobody says a
/// frame on a link of a version that does not have it; whoever hears one, or one whose number it
/// does not know, ends the link: the two ends are not of one mind about what they speak, and a
/// frame that is skipped is a change or a message that one end believes to be told. Fields are the
/// other way round: a frame may get more of them at any time, and who does not know them skips
/// them, so they must be such as may be skipped. A new number in an enum is like a new frame.
///
/// Hello, HelloAck and Refuse are said before a version is agreed: they are the same in all.
///
/// A new frame: an alternative at the end of MeshFrame, and here
///
///     template <> inline constexpr std::uint32_t since_version<PingReq> = 2;
#pragma once

#include "proto/mesh_frames.hpp"

#include <array>
#include <utility>

namespace grapevine::proto {

/// The first version that has this frame.
template <class Frame>
inline constexpr std::uint32_t since_version = 1;
template <>
inline constexpr std::uint32_t since_version<PingReq> = 2;
template <>
inline constexpr std::uint32_t since_version<PingNack> = 2;
template <>
inline constexpr std::uint32_t since_version<Suspect> = 2;
template <>
inline constexpr std::uint32_t since_version<Refute> = 2;
template <>
inline constexpr std::uint32_t since_version<Tunnel> = 2;
template <>
inline constexpr std::uint32_t since_version<Follow> = 2;
template <>
inline constexpr std::uint32_t since_version<Beats> = 2;
template <>
inline constexpr std::uint32_t since_version<Rest> = 2;
template <>
inline constexpr std::uint32_t since_version<Spread> = 2;
template <>
inline constexpr std::uint32_t since_version<Names> = 2;
template <>
inline constexpr std::uint32_t since_version<Query> = 2;
template <>
inline constexpr std::uint32_t since_version<Found> = 2;

/// Of a Forward for watchers.
inline constexpr std::uint32_t watchers_since_version = 2;

namespace mesh_wire {
template <std::size_t... Index>
constexpr auto all_since(std::index_sequence<Index...>) {
    return std::array{since_version<std::variant_alternative_t<Index, MeshFrame>>...};
}
inline constexpr auto since_versions =
    all_since(std::make_index_sequence<std::variant_size_v<MeshFrame>>{});
}  // namespace mesh_wire

[[nodiscard]] inline std::uint32_t version_of(const MeshFrame& frame) {
    return mesh_wire::since_versions[frame.index()];
}

}  // namespace grapevine::proto
