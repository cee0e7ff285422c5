// What the clients ask for: ops encoded once, before the clock starts, or as they are needed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coheld::bench {

// What is spoken on the socket.
enum class Wire { kStream, kUnary, kRedis, kEtcd, kCopy };

// What a stream's ops ask of the daemon beside being done.
enum class Promise {
  kNone,
  kExactlyOnce,  // Each slot is a lane; each op acknowledges the one before it.
  kKept,         // The same, but nothing is acknowledged: the daemon keeps every reply.
};

// One op, ready to send.
struct Operation {
  uint32_t method = 0;   // coheld's method number; what tells ops apart where they have paths.
  std::string path;      // gRPC's path; what goes before the payload of a copy; else empty.
  std::string payload;   // The request message, or the whole command.
  size_t reply_min = 0;  // A shorter reply message (Redis: the bulk strings) is an error.
};
using Operations = std::vector<Operation>;

// Ops that are made one by one, as they are sent.
struct Series {
  uint64_t count = 0;
  std::function<Operation(uint64_t number)> make;  // Of a number below the count.
};

struct WorkloadOptions {
  Wire wire = Wire::kStream;
  std::map<std::string, uint32_t> mix;  // Weight by op, of OperationNames().
  uint32_t keys = 1000;
  uint32_t value_bytes = 100;
  uint32_t items = 1000;  // Of an op on many.
  uint64_t seed = 1;
};

// The ops of one run.
struct Workload {
  // Done once, one after the other, by one connection.
  Operations preparation;
  // Done once, after that, by all connections.
  std::vector<Series> population;
  // Repeated by every connection, each from another start.
  Operations measured;
  // Where in `measured` a connection may start: never between the halves of a pair.
  std::vector<size_t> starts;
};

// What a server can be filled with.
enum class Content {
  kKeys,           // What `get` and `set` use: `keys` entries with values of `value_bytes`.
  kItems,          // What `read` reads: texts of 16 bytes in a list.
  kObjects,        // What `object` uses: numbers, each an object of its own.
  kFilledTexts,    // A list of texts of 16 bytes.
  kFilledNumbers,  // A list of small integers.
  kFilledEntries,  // A dict of entries with keys and values of 16 bytes of text.
};

// What fills a server once, without any op measured after.
struct Filling {
  uint64_t items = 0;  // Of each content. A multiple of `batch`.
  uint64_t batch = 1;  // How many an op adds.
  std::vector<Content> contents;

  uint64_t ops() const { return contents.size() * items / batch; }
};

// How a peer is asked for what the ops mean. Each op of coheld has the closest of the others'.
class Vocabulary {
 public:
  virtual ~Vocabulary() = default;

  // Removes what an earlier run left.
  virtual Operations Removals() const = 0;
  // Returns the one or two ops of this name, on this key where it has one. Empty if there is none.
  virtual Operations Unit(std::string_view name, uint32_t key) const = 0;
  // Returns what adds items `first` to `first + count`, without the last, in one op.
  virtual Operation Batch(Content content, uint64_t first, uint64_t count) const = 0;
};

std::unique_ptr<Vocabulary> MakeVocabulary(const WorkloadOptions& options);
std::unique_ptr<Vocabulary> MakeCoheldVocabulary(const WorkloadOptions& options);
std::unique_ptr<Vocabulary> MakeRedisVocabulary(const WorkloadOptions& options);
// Only `lock`.
std::unique_ptr<Vocabulary> MakeEtcdVocabulary();
// Only `get`, `set` and `putget`.
std::unique_ptr<Vocabulary> MakeCopyVocabulary(const WorkloadOptions& options);

// Returns the key with this number, as all peers have it.
std::string KeyText(uint64_t number);
// Returns 16 bytes that are no other's.
std::string FillingText(std::string_view prefix, uint64_t number);

// Returns the op names that a mix may hold.
const std::vector<std::string>& OperationNames();
// True if the op changes nothing that an earlier run left, and needs nothing.
bool LeavesAll(std::string_view name);

// Builds the ops. The mix holds names that the wire's vocabulary knows, with a sum of weights
// above 0.
Workload MakeWorkload(const WorkloadOptions& options);
Workload MakeWorkload(Wire wire, const Filling& filling);

}  // namespace coheld::bench
