// coheld::Counter: one 64-bit number that many processes add to.
//
//   coheld::Counter hits(client, "hits");
//   hits.add(5);                                     // Returns the number then.
//
// A handle is a name: making one does nothing on the daemon. The first change creates the counter,
// at 0; a missing one reads as 0. Each method is one atomic op and throws what Client::call throws,
// and what stands with it. For numbers of other types, and more operators: shared_value.h.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/counter.h"

namespace coheld {

// The ops of a counter. Runner is Direct (the method does it and returns the answer) or Batched (it
// returns a Pending answer, see batch.h). Threads: as its Client.
template <typename Runner>
class BasicCounter : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicCounter(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Returns the number.
  Result<int64_t> get() const { return run(ops::counter_get(name())); }
  // Adds, and returns the number then. Overflow changes nothing.
  Result<int64_t> add(int64_t amount = 1) const { return run(ops::counter_add(name(), amount)); }
  // Subtracts, and returns the number then. Overflow changes nothing.
  Result<int64_t> subtract(int64_t amount = 1) const {
    if (amount == INT64_MIN) {
      throw Overflow(Reason::kOverflow, "a counter cannot subtract the smallest number");
    }
    return add(-amount);
  }
  // Sets the number, and returns the one before.
  Result<int64_t> exchange(int64_t value) const { return run(ops::counter_set(name(), value)); }
  // Sets the number if it is as expected; tells whether, and the number then.
  Result<ops::CounterExchange> compare_exchange(int64_t expected, int64_t desired) const {
    return run(ops::counter_compare_exchange(name(), expected, desired));
  }

  // Makes the counter if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Result<Created> create(int64_t initial = 0, bool exclusive = false) const {
    return run(ops::counter_create(name(), initial, exclusive));
  }

 private:
  using BasicHandle<Runner>::run;
};

// A counter that is worked on at once.
class Counter : public BasicCounter<Direct> {
 public:
  static constexpr const char* kType = "counter";

  // Names a counter; nothing is sent.
  Counter(const Client& client, std::string name)
      : BasicCounter(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit Counter(const Ref& ref) : BasicCounter(Direct(client_of(ref)), checked(ref, kType)) {}
  // Makes an anonymous counter, which lives as long as anything refers to it.
  static Counter make(const Client& client, int64_t initial = 0) {
    return Counter(ref_to(Counter(client, "").create(initial), kType));
  }
};

}  // namespace coheld
