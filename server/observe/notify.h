// Tells whoever started the daemon that it is ready: systemd by sd_notify's protocol, others by a
// descriptor.
#pragma once

#include <string>

namespace coheld::observe {

// Sends a state such as "READY=1" to the socket named by NOTIFY_SOCKET (sd_notify(3)); does nothing
// if there is none.
void NotifySystemd(const std::string& state);

// Writes the line to the descriptor and closes it.
void NotifyDescriptor(int fd, const std::string& line);

}  // namespace coheld::observe
