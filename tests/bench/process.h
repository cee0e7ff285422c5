// What a process of this machine uses, read from outside of it.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>

namespace coheld::bench {

// Returns a clock's time, or 0 if it has none.
uint64_t NowNs(clockid_t clock = CLOCK_MONOTONIC);

// Returns the process at the other end of a connected Unix socket, or 0.
pid_t PeerProcess(int fd);

// Returns the CPU time that a process has used, or 0.
uint64_t ProcessCpuNs(pid_t pid);

// Returns the memory that a process has, or 0.
uint64_t ResidentBytes(pid_t pid);

// Returns the memory that a process has once it stays the same for 2.5 s, or after 8 s: servers
// give back what they freed, and move what they hold, when they have time.
uint64_t SettledBytes(pid_t pid);

}  // namespace coheld::bench
