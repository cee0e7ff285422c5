// The ops of coheld.v1.Queue as values. Users call them through queue.h; the semantics are told in
// coheld/v1/queue.proto.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// The order in which items leave a queue.
enum class QueueKind {
  kFifo = 1,      // First in, first out.
  kLifo = 2,      // Last in, first out.
  kPriority = 3,  // Smallest first, equal ones in order of arrival. Items must be orderable.
};

// What a new queue is like.
struct QueueOptions {
  QueueKind kind = QueueKind::kFifo;
  int64_t maxsize = 0;     // The most items it holds; 0 or less: unbounded.
  bool exclusive = false;  // ObjectExists if the name is taken.
  // How often an item is leased at most before it goes to the dead-letter queue; 0: 20.
  uint32_t deliveries_max = 0;
  // That queue's name; empty: the name with ".dead", in the same shard.
  std::string dead_letter = {};
};

// The deliveries_max of queues without a limit.
inline constexpr uint32_t kNoDeliveriesMax = 0xFFFFFFFF;

// The sizes of a queue.
struct QueueSizes {
  uint64_t length = 0;
  uint64_t maxsize = 0;     // 0: unbounded.
  uint64_t unfinished = 0;  // Items put and not yet told finished.
  QueueKind kind = QueueKind::kFifo;
  bool shut_down = false;
  uint64_t leased = 0;          // Items under lease.
  uint64_t delayed = 0;         // Items whose delay goes on.
  uint32_t deliveries_max = 0;  // kNoDeliveriesMax: no limit.
  std::string dead_letter;      // The dead-letter queue's name; empty if it has none yet.
  uint64_t dead_lettered = 0;   // How many items went there so far.
};

// How an item is put.
struct PutOptions {
  WaitTime time = {};  // How long to wait for room.
  // How long nobody can take it; then it comes in behind those put before that moment.
  std::chrono::milliseconds delay{0};
  // If not empty, at most 128 bytes: a put with the key of one of the last 100,000 puts with a key,
  // or of the last 5 minutes if those are fewer, puts nothing.
  std::string dedup_key = {};
};

// What a put answers.
struct PutReply {
  uint64_t length = 0;     // Items after the op, without delayed ones.
  bool duplicate = false;  // Nothing was put: the dedup_key was there before.
};

// One item given to a consumer for a time.
struct QueueDelivery {
  uint64_t number = 0;  // Unique for ever, and growing.
  Value value;
  uint32_t attempt = 1;  // 1 for the item's first delivery.
};

// A delivery that goes on, as others see it.
struct QueueLease {
  uint64_t number = 0;
  uint64_t session = 0;  // The consumer's session; 0: none.
  uint64_t thread = 0;
  uint32_t attempt = 1;
  std::chrono::milliseconds held{0};
  std::optional<std::chrono::milliseconds> left;  // Absent: until the session's end.
  bool dropped = false;                           // Purged meanwhile: it will not return.
};

namespace ops {

Op<Created> queue_create(const std::string& name, const QueueOptions& options);
Op<QueueSizes> queue_len(const std::string& name);
Op<uint64_t> queue_put(const std::string& name, Value value, WaitTime time);
Op<uint64_t> queue_put_many(const std::string& name, std::vector<Value> values, WaitTime time);
// Answers false instead of QUEUE_FULL.
Op<bool> queue_try_put(const std::string& name, Value value, WaitTime time);
Op<Value> queue_get(const std::string& name, WaitTime time);
// Answers nothing instead of QUEUE_EMPTY.
Op<std::optional<Value>> queue_try_get(const std::string& name, WaitTime time);
Op<std::vector<Value>> queue_get_many(const std::string& name, uint32_t limit, WaitTime time);
Op<std::optional<Value>> queue_peek(const std::string& name);
Op<uint64_t> queue_task_done(const std::string& name, uint32_t count);
Op<bool> queue_join(const std::string& name, WaitTime time);
Op<uint64_t> queue_purge(const std::string& name);
Op<PutReply> queue_put_with(const std::string& name, Value value, const PutOptions& options);
Op<PutReply> queue_put_many_with(const std::string& name, std::vector<Value> values,
                                 const PutOptions& options);
// Answers nothing instead of QUEUE_EMPTY.
Op<std::vector<QueueDelivery>> queue_lease(const std::string& name, uint32_t limit, WaitTime time,
                                           std::chrono::milliseconds visibility);
Op<uint64_t> queue_ack(const std::string& name, uint64_t delivery);
Op<bool> queue_nack(const std::string& name, uint64_t delivery, std::chrono::milliseconds delay);
Op<bool> queue_extend(const std::string& name, uint64_t delivery,
                      std::chrono::milliseconds visibility);
// Answers one page.
Op<std::pair<std::vector<QueueLease>, bool>> queue_deliveries(const std::string& name,
                                                              uint64_t after);
Op<uint64_t> queue_shutdown(const std::string& name, bool immediate);

}  // namespace ops
}  // namespace coheld
