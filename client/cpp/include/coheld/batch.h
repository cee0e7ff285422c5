// coheld::Batch: many ops with one write and one wait.
//
//   coheld::Batch batch = client.batch();
//   coheld::Pending<size_t> size = batch.on(list).size();
//   coheld::Pending<std::optional<int>> apples = batch.on(counts).get("apples");
//   batch.run();
//   use(size.get(), apples.get());
//
// The ops are applied in the order in which they were added, but others' ops may come between: a
// batch is not a transaction. One that fails does not stop those after it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/dict.h"
#include "coheld/list.h"
#include "coheld/op.h"
#include "coheld/queue.h"
#include "coheld/shared_value.h"

namespace coheld {

// The answer to an op of a batch.
template <typename R>
class Pending {
 public:
  // Returns whether the batch was run.
  bool ready() const { return slot_->has_value(); }
  // Returns the answer, or throws what the op alone would have thrown. Undefined before the batch
  // was run. May be called again.
  R get() const { return (**slot_)(); }

 private:
  friend class Batched;
  using Slot = std::optional<std::function<R()>>;
  std::shared_ptr<Slot> slot_ = std::make_shared<Slot>();  // Between the batch and the Pendings.
};

// Collects ops for a batch: the Runner behind Batch::on.
class Batched {
 public:
  template <typename R>
  using Result = Pending<R>;

  template <typename R, typename Then = Identity>
  auto run(Op<R> op, Then then = {}) const {
    Pending<std::invoke_result_t<Then, R>> pending;
    entries_->push_back({op.method, std::move(op.request),
                         [slot = pending.slot_, read = op.read, absent = op.absent,
                          then = std::move(then)](CallResult result) {
                           *slot = [read, absent, then, result = std::move(result)] {
                             return read_answer(read, absent, then, result);
                           };
                         }});
    return pending;
  }

 private:
  friend class Batch;
  struct Entry {
    uint32_t method;
    std::string request;
    std::function<void(CallResult)> finish;
  };
  std::shared_ptr<std::vector<Entry>> entries_ =
      std::make_shared<std::vector<Entry>>();  // Between the batch and its handles.
};

// A batch. Not thread-safe.
class Batch {
 public:
  explicit Batch(const Client& client) : client_(client) {}

  // Returns a handle whose methods add to the batch.
  template <typename T>
  BasicList<T, Batched> on(const List<T>& list) const {
    return {runner_, list.name()};
  }
  template <typename K, typename V>
  BasicDict<K, V, Batched> on(const Dict<K, V>& dict) const {
    return {runner_, dict.name()};
  }
  template <typename T>
  BasicQueue<T, Batched> on(const Queue<T>& queue) const {
    return {runner_, queue.name()};
  }
  template <typename T>
  BasicSharedValue<T, Batched> on(const SharedValue<T>& value) const {
    return {runner_, value.name()};
  }

  // Returns how many ops wait to be run.
  size_t size() const { return runner_.entries_->size(); }

  // Makes the ops and forgets them, so that more can be added. Throws as Client::call_many; what
  // single ops throw is thrown by their Pending.
  void run(const CallOptions& options = {});

 private:
  Client client_;
  Batched runner_;
};

}  // namespace coheld
