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

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/array.h"
#include "coheld/client.h"
#include "coheld/counter.h"
#include "coheld/dict.h"
#include "coheld/list.h"
#include "coheld/op.h"
#include "coheld/queue.h"
#include "coheld/set.h"
#include "coheld/shared_value.h"
#include "coheld/sorted_set.h"
#include "coheld/topic.h"

namespace coheld {

// What a batch gives the answer to one of its ops to.
class BatchedAnswer {
 public:
  virtual ~BatchedAnswer() = default;
  // Reads what the reply says, once: what it refers to is counted once.
  virtual void take(const CallResult& result) = 0;
};

// The same, for who asked.
template <typename R>
class PendingAnswer : public BatchedAnswer {
 public:
  virtual bool ready() const = 0;
  virtual R get() const = 0;
};

// The answer to an op of a batch.
template <typename R>
class Pending {
 public:
  // Returns whether the batch was run.
  bool ready() const { return answer_ != nullptr && answer_->ready(); }
  // Returns the answer, or throws what the op alone would have thrown. Undefined before the batch
  // was run. May be called again.
  R get() const { return answer_->get(); }

 private:
  friend class Batched;
  std::shared_ptr<PendingAnswer<R>> answer_;  // Between the batch and the Pendings.
};

// Collects ops for a batch: the Runner behind Batch::on.
class Batched {
 public:
  template <typename R>
  using Result = Pending<R>;

  template <typename R, typename Then = Identity>
  auto run(Op<R> op, Then then = {}) const {
    Pending<std::invoke_result_t<Then, R>> pending;
    pending.answer_ = std::make_shared<Answer<R, Then>>(op.read, op.absent, std::move(then));
    entries_->push_back({op.method, std::move(op.request), std::move(op.kept), pending.answer_});
    return pending;
  }

  // Who waits for a batch is not told op by op.
  template <typename R, typename Then = Identity>
  auto run_at(const CallSite&, Op<R> op, Then then = {}) const {
    return run(std::move(op), std::move(then));
  }

 private:
  friend class Batch;

  template <typename R, typename Then>
  class Answer final : public PendingAnswer<std::invoke_result_t<Then, R>> {
   public:
    Answer(R (*read)(std::string_view), Reason absent, Then then)
        : read_(read), absent_(absent), then_(std::move(then)) {}

    void take(const CallResult& result) override {
      try {
        answer_ = read_answer(read_, absent_, Identity{}, result);
      } catch (const Error&) {
        failure_ = std::current_exception();
      }
    }
    bool ready() const override { return answer_.has_value() || failure_ != nullptr; }
    std::invoke_result_t<Then, R> get() const override {
      if (failure_) std::rethrow_exception(failure_);
      return then_(*answer_);
    }

   private:
    R (*const read_)(std::string_view);
    const Reason absent_;
    const Then then_;
    std::optional<R> answer_;
    std::exception_ptr failure_;
  };

  struct Entry {
    uint32_t method;
    std::string request;
    std::vector<std::shared_ptr<const core::Hold>> kept;
    std::shared_ptr<BatchedAnswer> answer;
  };
  // Keeps an object at least until the batch was run.
  const Batched& with(const Ref& ref) const {
    if (ref.hold) kept_->push_back(ref.hold);
    return *this;
  }

  std::shared_ptr<std::vector<Entry>> entries_ =
      std::make_shared<std::vector<Entry>>();  // Between the batch and its handles.
  std::shared_ptr<std::vector<std::shared_ptr<const core::Hold>>> kept_ =
      std::make_shared<std::vector<std::shared_ptr<const core::Hold>>>();  // The same.
};

// A batch. Not thread-safe.
class Batch {
 public:
  explicit Batch(const Client& client) : client_(client) {}

  // Returns a handle whose methods add to the batch.
  template <typename T>
  BasicList<T, Batched> on(const List<T>& list) const {
    return {runner_.with(list.ref()), list.ref()};
  }
  template <typename K, typename V>
  BasicDict<K, V, Batched> on(const Dict<K, V>& dict) const {
    return {runner_.with(dict.ref()), dict.ref()};
  }
  template <typename T>
  BasicQueue<T, Batched> on(const Queue<T>& queue) const {
    return {runner_.with(queue.ref()), queue.ref()};
  }
  template <typename T>
  BasicSharedValue<T, Batched> on(const SharedValue<T>& value) const {
    return {runner_.with(value.ref()), value.ref()};
  }
  template <typename T>
  BasicSet<T, Batched> on(const Set<T>& set) const {
    return {runner_.with(set.ref()), set.ref()};
  }
  template <typename T>
  BasicArray<T, Batched> on(const Array<T>& array) const {
    return {runner_.with(array.ref()), array.ref()};
  }
  template <typename T>
  BasicSortedSet<T, Batched> on(const SortedSet<T>& set) const {
    return {runner_.with(set.ref()), set.ref()};
  }
  template <typename T>
  BasicTopic<T, Batched> on(const Topic<T>& topic) const {
    return {runner_.with(topic.ref()), topic.ref()};
  }
  BasicCounter<Batched> on(const Counter& counter) const {
    return {runner_.with(counter.ref()), counter.ref()};
  }

  // Returns how many ops wait to be run.
  size_t size() const { return runner_.entries_->size(); }

  // Makes the ops and forgets them, so that more can be added. Throws as Client::call_many; what
  // single ops throw is thrown by their Pending.
  void run(const CallOptions& options = {});

  // Acks a delivery of a queue and makes the ops, all or nothing, as one op of the daemon; then
  // forgets them. See Task::complete (task.h).
  void complete(const std::string& queue, uint64_t delivery);

 private:
  Client client_;
  Batched runner_;
};

}  // namespace coheld
