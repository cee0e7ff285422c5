// coheld::Queue<T>: a queue between processes, as Python's queue.Queue and JoinableQueue.
//
//   coheld::Queue<std::string> tasks(client, "tasks");
//   tasks.put("a");
//   std::string task = tasks.get();                              // Waits for ever.
//   if (auto next = tasks.try_get_for(100ms)) use(*next);
//   tasks.task_done();
//
// get takes an item for good: it is lost with a process that dies over it. lease takes it for a
// time (task.h):
//
//   coheld::Task<std::string> task = tasks.lease();
//   work(*task);
//   task.ack();                  // Without it, the item is delivered again, first in line.
//
// A handle is a name: making one does nothing on the daemon. The first op but a read creates the
// queue: FIFO and unbounded, unless create() came first. Waiting ops are served first come, first
// served, and one that gives up never takes or adds an item. Every method throws what Client::call
// throws, and what stands with it.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/queue.h"
#include "coheld/task.h"

namespace coheld {

// The ops of a queue. Runner is Direct (the method does it and returns the answer) or Batched (it
// returns a Pending answer, see batch.h). Threads: as its Client; a waiting thread holds up no
// other.
template <typename T, typename Runner>
class BasicQueue : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicQueue(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Adds an item, waiting for room; returns the length then. QueueFull when the time is over.
  Result<size_t> put(T item, WaitTime time = {},
                     CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_put(name(), encode(std::move(item)), time), ToSize{});
  }
  // Adds all items as one op, waiting until all have room. QueueFull; TooLarge if they could never
  // fit.
  Result<size_t> put_many(std::vector<T> items, WaitTime time = {},
                          CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_put_many(name(), encode_all(std::move(items)), time), ToSize{});
  }
  // Adds an item later, or only if its key is new. QueueFull when the time is over.
  Result<PutReply> put_with(T item, const PutOptions& options,
                            CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_put_with(name(), encode(std::move(item)), options));
  }
  // The same for many items as one op, with one key for all of them. QueueFull, TooLarge.
  Result<PutReply> put_many_with(std::vector<T> items, const PutOptions& options,
                                 CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_put_many_with(name(), encode_all(std::move(items)), options));
  }
  // Adds an item if there is room. Returns whether it did.
  Result<bool> try_put(T item) const {
    return try_put_for(std::move(item), std::chrono::milliseconds(0));
  }
  // Adds an item, waiting for room at most so long. Returns whether it did.
  Result<bool> try_put_for(T item, WaitTime time) const {
    return run(ops::queue_try_put(name(), encode(std::move(item)), time));
  }

  // Removes and returns an item, waiting for one. QueueEmpty when the time is over.
  Result<T> get(WaitTime time = {}, CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_get(name(), time), Decode<T>{});
  }
  // Removes and returns an item, or nothing if there is none.
  Result<std::optional<T>> try_get() const { return try_get_for(std::chrono::milliseconds(0)); }
  // Removes and returns an item, waiting for one at most so long; or nothing.
  Result<std::optional<T>> try_get_for(WaitTime time,
                                       CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_try_get(name(), time), DecodeOptional<T>{});
  }
  // Removes and returns what is there, at most `limit` (0: all), waiting for the first item;
  // nothing when the time is over.
  Result<std::vector<T>> get_many(uint32_t limit = 0, WaitTime time = {},
                                  CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_get_many(name(), limit, time), DecodeAll<T>{});
  }
  // Returns the item that get would return next, or nothing.
  Result<std::optional<T>> peek() const {
    return run(ops::queue_peek(name()), DecodeOptional<T>{});
  }

  // Tells that items taken before are finished; returns how many are left. TaskDoneTooOften.
  Result<size_t> task_done(uint32_t count = 1) const {
    return run(ops::queue_task_done(name(), count), ToSize{});
  }
  // Waits until every item put was told finished. Returns false if the time was over first.
  Result<bool> join(WaitTime time = {}, CallSite site = std::source_location::current()) const {
    return run_at(site, ops::queue_join(name(), time));
  }
  // Removes all items, which count as finished; returns how many there were.
  Result<size_t> purge() const { return run(ops::queue_purge(name()), ToSize{}); }
  // Closes the queue for good: puts fail with QueueShutDown, and so do gets once it is empty; if
  // `immediate` it is emptied now. Returns how many items that removed.
  Result<size_t> shutdown(bool immediate = false) const {
    return run(ops::queue_shutdown(name(), immediate), ToSize{});
  }

  // Returns the number of items.
  Result<size_t> size() const {
    return run(ops::queue_len(name()), [](const QueueSizes& now) -> size_t { return now.length; });
  }
  // Returns whether there are no items.
  Result<bool> empty() const {
    return run(ops::queue_len(name()), [](const QueueSizes& now) { return now.length == 0; });
  }
  // Returns whether there is no room.
  Result<bool> full() const {
    return run(ops::queue_len(name()), [](const QueueSizes& now) {
      return now.maxsize > 0 && now.length + now.delayed >= now.maxsize;
    });
  }
  // Returns all there is to know about its sizes.
  Result<QueueSizes> sizes() const { return run(ops::queue_len(name())); }

  // Makes the queue if it is not there; an existing one is left as it is, unless options.exclusive:
  // ObjectExists.
  Result<Created> create(const QueueOptions& options = {}) const {
    return run(ops::queue_create(name(), options));
  }

 protected:
  using BasicHandle<Runner>::run_at;

 private:
  using BasicHandle<Runner>::run;

  struct ToSize {
    size_t operator()(uint64_t size) const { return size; }
  };
  static Value encode(T item) { return Codec<T>::encode(std::move(item)); }
};

// A queue that is worked on at once.
template <typename T>
class Queue : public BasicQueue<T, Direct> {
 public:
  // The type's word.
  static constexpr const char* kType = "queue";
  using value_type = T;

  // Names a queue; nothing is sent.
  Queue(const Client& client, std::string name)
      : BasicQueue<T, Direct>(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit Queue(const Ref& ref)
      : BasicQueue<T, Direct>(Direct(client_of(ref)), checked(ref, kType)) {}

  // Makes an anonymous queue, which lives as long as anything refers to it.
  static Queue make(const Client& client, const QueueOptions& options = {}) {
    return Queue(ref_to(Queue(client, "").create(options), kType));
  }

  // Takes an item for a time, waiting for one. `visibility`: how long it is this consumer's; zero:
  // as long as the session lives. QueueEmpty when the time is over.
  Task<T> lease(WaitTime time = {},
                std::chrono::milliseconds visibility = std::chrono::milliseconds(0),
                CallSite site = std::source_location::current()) const {
    auto task = try_lease_for(time, visibility, site);
    if (!task) {
      throw QueueEmpty(Reason::kQueueEmpty,
                       "Queue.Lease: no item came into \"" + this->name() + "\" in time");
    }
    return std::move(*task);
  }
  // The same, or nothing when the time is over.
  std::optional<Task<T>> try_lease_for(
      WaitTime time, std::chrono::milliseconds visibility = std::chrono::milliseconds(0),
      CallSite site = std::source_location::current()) const {
    auto tasks = lease_many(1, time, visibility, site);
    if (tasks.empty()) return std::nullopt;
    return std::move(tasks.front());
  }
  // Takes what is there for a time, at most `limit`, waiting for the first item; nothing when the
  // time is over.
  std::vector<Task<T>> lease_many(
      uint32_t limit, WaitTime time = {},
      std::chrono::milliseconds visibility = std::chrono::milliseconds(0),
      CallSite site = std::source_location::current()) const {
    std::vector<Task<T>> tasks;
    for (QueueDelivery& delivery :
         this->run_at(site, ops::queue_lease(this->name(), limit, time, visibility))) {
      tasks.push_back(Task<T>(Leased(this->client(), this->ref(), std::move(delivery))));
    }
    return tasks;
  }
  // Lists what is leased, by whom, in order of delivery.
  std::vector<QueueLease> deliveries() const { return deliveries_of(this->client(), this->name()); }
};

}  // namespace coheld
