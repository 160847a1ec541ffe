/// What a listener for clients tells, and asks: the turn of its loop, with Mesh or without.
#pragma once

#include "mesh/sessions.hpp"

namespace grapevine::node {

class ClientTurn {
public:
    virtual ~ClientTurn() = default;
    virtual void tell(const mesh::SessionOpened& opened) = 0;
    virtual void tell(const mesh::SessionReceived& received) = 0;
    virtual void tell(const mesh::SessionDrained& drained) = 0;
    virtual void tell(const mesh::SessionClosed& closed) = 0;
    /// Nobody new is let in.
    [[nodiscard]] virtual bool is_leaving() const = 0;
};

}  // namespace grapevine::node
