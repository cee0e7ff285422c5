// What a fork must not tear: a generation that tells a child from its parent, and the set of
// sockets that a child closes before anything else runs in it (an inherited socket would keep its
// parent's session, and so its locks, alive). Nothing is ever sent on an inherited socket. The few
// tables that a child needs from its parent are under ForkLock.
#pragma once

#include <cstdint>

namespace coheld::core {

// Held over every fork, so that a child inherits what it guards whole. For short sections without
// I/O; not to be nested.
class ForkLock {
 public:
  ForkLock();
  ~ForkLock();
  ForkLock(const ForkLock&) = delete;
  ForkLock& operator=(const ForkLock&) = delete;
};

// Held, by any number of threads at once, while OpenSSL computes: forks wait for it, so that a
// child inherits none of OpenSSL's locks. For short sections without I/O; not to be nested, and no
// ForkLock within it.
class CryptoLock {
 public:
  CryptoLock();
  ~CryptoLock();
  CryptoLock(const CryptoLock&) = delete;
  CryptoLock& operator=(const CryptoLock&) = delete;
};

// Returns how many children this process and those it was forked from have made by fork().
uint64_t ForksMade();

// Returns how many forks lie between the first process of the program and this one. Cheap.
uint64_t ForkGeneration();

// Marks a socket as the process's own: children close it. Descriptors of 65,536 and above are not
// marked, and only closed by exec.
void MarkOwned(int fd);

// Unmarks a socket; to call before it is closed.
void UnmarkOwned(int fd);

}  // namespace coheld::core
