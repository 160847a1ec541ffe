/// What others are told of a session: who publishes, who is there, who comes and goes.
#pragma once

#include "mesh/client_text.hpp"
#include "mesh/session_registry.hpp"

namespace grapevine::mesh {

/// Valid while the session is there.
class SessionInfo {
public:
    /// `channel`: in which others see it, which need not be one of the session's.
    SessionInfo(SessionRegistry& registry, const Session& session, std::string_view channel)
        : client_(session.client),
          user_(registry.users().newest_name(session.user)),
          conn_info_(registry.conn_info(session)),
          chan_info_(registry.chan_info(session, channel)) {}

    [[nodiscard]] proto::ClientInfo view() const {
        return {
            .user = user_,
            .client = client_.view(),
            .conn_info = conn_info_,
            .chan_info = chan_info_};
    }

private:
    ClientText client_;
    std::string_view user_;
    std::string_view conn_info_;
    std::string_view chan_info_;
};

}  // namespace grapevine::mesh
