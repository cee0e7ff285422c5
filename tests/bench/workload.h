// What the clients ask for: ops encoded once, before the clock starts. Each op of coheld has the
// closest Redis command beside it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coheld::bench {

// What is spoken on the socket.
enum class Wire { kStream, kUnary, kRedis };

// What a stream's ops ask of the daemon beside being done.
enum class Promise {
  kNone,
  kExactlyOnce,  // Each slot is a lane; each op acknowledges the one before it.
  kKept,         // The same, but nothing is acknowledged: the daemon keeps every reply.
};

// One op, ready to send.
struct Operation {
  uint32_t method = 0;   // coheld's method number; 0 for Redis.
  std::string path;      // coheld's gRPC path; empty for Redis.
  std::string payload;   // The request message, or the whole Redis command.
  size_t reply_min = 0;  // A shorter reply message (Redis: bulk string) is an error.
};

struct WorkloadOptions {
  Wire wire = Wire::kStream;
  // Weight by op: get, set, append, queue (a put, then a get), add, lock (acquire, then release),
  // snapshot (of all that there is; alone it leaves alone what others loaded).
  std::map<std::string, uint32_t> mix;
  uint32_t keys = 1000;
  uint32_t value_bytes = 100;
  uint64_t seed = 1;
};

// The ops of one run.
struct Workload {
  // Done once, one after the other, by one connection.
  std::vector<Operation> preparation;
  // Repeated by every connection, each from another start.
  std::vector<Operation> measured;
  // Where in `measured` a connection may start: never between the halves of a pair.
  std::vector<size_t> starts;
};

// What fills a server with as many items of a list as entries of a dict, each of 16 bytes of text.
struct Filling {
  uint64_t items = 0;  // A multiple of `batch`.
  uint64_t batch = 1;  // How many items, or entries, an op adds.

  uint64_t ops() const { return 2 * items / batch; }
};

// Returns the op with this number, below ops(): first those for the list, then those for the dict.
Operation FillingOperation(Wire wire, const Filling& filling, uint64_t number);

// Returns the op names that a mix may hold.
const std::vector<std::string>& OperationNames();

// Builds the ops. The mix holds only OperationNames(), with a sum of weights above 0.
Workload MakeWorkload(const WorkloadOptions& options);

}  // namespace coheld::bench
