// What is set on accepted sockets, and asked about them. Internal to the listener.
#pragma once

#include <cstddef>
#include <string>

#include "server/transport/connection.h"
#include "server/transport/listener.h"

namespace coheld::transport {

// Returns how many of so many connections the limit on descriptors allows.
size_t ConnectionsAffordable(size_t wanted);

// Sends at once, and has the kernel probe silent peers and give up on those that acknowledge
// nothing, without any help from the client's program.
void SetTcpOptions(int descriptor, const TransportLimits& limits);

// Fills in which process is at the other end of a Unix socket.
void AskKernelWho(int descriptor, Peer* peer);

// Says whether nobody listens on a TCP port that was asked for; of other addresses it is found out
// by listening.
bool IsFree(const std::string& address, std::string* error);

}  // namespace coheld::transport
