// The load: connections that keep ops in flight, on one thread and one epoll.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>

#include "tests/bench/workload.h"

namespace coheld::bench {

struct LoadOptions {
  std::string target;   // "unix:/path" or "host:port".
  std::string ca_file;  // What checks the server's certificate; empty: no TLS.
  uint32_t connections = 50;
  uint32_t depth = 1;  // Ops in flight on each connection.
  double seconds = 3;
  double warmup_seconds = 0.5;
  // More connections, that make one op each before the warm-up and nothing after.
  uint32_t idle = 0;
  // Gets that wait on one queue all the time, on connections of their own. `wake` puts there.
  uint32_t waiters = 0;
  // Whose CPU time and memory are counted; 0 takes the process at the other end of a Unix socket.
  pid_t server_pid = 0;
  Promise promise = Promise::kNone;
  // With Promise::kKept: how many ops each slot makes, in place of any time. At most 1,023.
  uint32_t kept = 0;
  // If it has items: these ops instead of the workload's, once.
  Filling filling;
  bool memory = false;  // See by how much the server's memory grew, after a rest.
  // Called once, when the workload is prepared.
  std::function<void()> on_prepared;
  WorkloadOptions workload;
};

// What came out of the measured time.
struct Report {
  std::string error;          // Why there is no result; empty if there is.
  std::string first_failure;  // Why the first failed op did.
  uint64_t ops = 0;
  uint64_t failures = 0;  // Ops that were answered with an error or a wrong reply.
  double seconds = 0;
  double ops_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double server_cpu_us_per_op = 0;  // 0 if the server is not known.
  double client_cpu_us_per_op = 0;
  // By how much the server's memory grew for each kept reply, or, with LoadOptions::memory, for
  // each item of the filling or idle connection.
  double server_bytes_each = 0;
};

// Runs the load to its end.
Report RunLoad(const LoadOptions& options);

}  // namespace coheld::bench
