// coheld::Task<T>: an item that a consumer took from a queue for a time.
//
//   while (true) {
//     coheld::Task<Job> task = jobs.lease({}, 30s);
//     const Result result = work(*task);          // If it throws, the item goes back.
//     coheld::Batch writes = client.batch();
//     writes.on(results).set(task->id, result);
//     task.complete(writes);                      // Both, or neither.
//   }
//
// The item stays the queue's until it is acked. It returns to its place, first in line, when the
// task goes without an ack, by nack, when its consumer's session ends, and when its visibility
// does. Then every further op on the task throws LeaseLost, and changes nothing, also if the item
// came back to the same consumer: so a result is written by one consumer only, and work may be done
// twice, but never be lost. After the queue's deliveries_max the item goes to its dead-letter queue
// instead.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/ops/queue.h"
#include "coheld/value.h"

namespace coheld {

class Batch;

// Lists what is leased of a queue.
std::vector<QueueLease> deliveries_of(const Client& client, const std::string& queue);

// A delivery, whatever its item's type. Not thread-safe.
class Leased {
 public:
  // Takes over a delivery that the queue just made.
  Leased(const Client& client, Ref queue, QueueDelivery delivery);
  Leased(Leased&& other) noexcept;
  Leased& operator=(Leased&&) = delete;
  // Gives the item back, unless it was acked or given back; waits for nothing and never throws.
  ~Leased();

  // The delivery's number: unique for ever and growing. It serves as a fencing token for what the
  // work writes elsewhere.
  uint64_t number() const { return delivery_.number; }
  // 1 for the item's first delivery.
  uint32_t attempt() const { return delivery_.attempt; }
  const Value& item() const { return delivery_.value; }

  // Tells that the work is done: the item is gone for good. Returns how many items of the queue are
  // left unfinished. LeaseLost.
  uint64_t ack();
  // Gives the item back to its place, now or after a delay. Returns whether that was its last
  // delivery: it is in the dead-letter queue then. LeaseLost.
  bool nack(std::chrono::milliseconds delay = std::chrono::milliseconds(0));
  // Sets how long the item is this consumer's from now on; zero: as long as the session lives.
  // LeaseLost.
  void extend(std::chrono::milliseconds visibility);
  // Acks and makes the ops of a batch, as one op of the daemon: all, or, if one of them fails,
  // none. Their answers are in their Pendings then. LeaseLost; what the first op that cannot be
  // done would throw; InvalidArgument for ops that cannot be part of it: it takes changes of
  // collections, values, counters and queues that have the queue's {tag}, one for each object.
  void complete(Batch& writes);
  // Keeps the item although the task goes: somebody else knows the number and acks it.
  void detach() { open_ = false; }

 private:
  Client client_;
  Ref queue_;
  QueueDelivery delivery_;
  bool open_ = true;
};

// A delivery of an item of a type.
template <typename T>
class Task : public Leased {
 public:
  // BadConversion if the item is no T; it goes back then.
  explicit Task(Leased leased) : Leased(std::move(leased)), value_(Codec<T>::decode(item())) {}

  // The item.
  const T& value() const { return value_; }
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_;
};

}  // namespace coheld
