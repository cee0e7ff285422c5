// The ops of coheld.v1.Queue as values. Users call them through queue.h; the semantics are told in
// coheld/v1/queue.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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
};

// The sizes of a queue.
struct QueueSizes {
  uint64_t length = 0;
  uint64_t maxsize = 0;     // 0: unbounded.
  uint64_t unfinished = 0;  // Items put and not yet told finished.
  QueueKind kind = QueueKind::kFifo;
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
Op<uint64_t> queue_shutdown(const std::string& name, bool immediate);

}  // namespace ops
}  // namespace coheld
