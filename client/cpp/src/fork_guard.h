// What a fork must not tear: a generation that tells a child from its parent, and the set of
// sockets that a child closes before anything else runs in it (an inherited socket would keep its
// parent's session, and so its locks, alive). Nothing is ever sent on an inherited socket.
#pragma once

#include <cstdint>

namespace coheld::core {

// Returns how many forks lie between the first process of the program and this one. Cheap.
uint64_t ForkGeneration();

// Marks a socket as the process's own: children close it. Descriptors of 65,536 and above are not
// marked, and only closed by exec.
void MarkOwned(int fd);

// Unmarks a socket; to call before it is closed.
void UnmarkOwned(int fd);

}  // namespace coheld::core
