/// Commands about channels: subscribe, unsubscribe, publish, and who may.
#pragma once

#include "mesh/command_call.hpp"

namespace grapevine::mesh {

void subscribe(Call call);
void unsubscribe(Call call);
/// A leading `#` names a user: sent to all of his sessions. `$system` reaches everybody.
void publish(Call call);

}  // namespace grapevine::mesh
