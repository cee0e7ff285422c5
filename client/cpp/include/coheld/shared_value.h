// coheld::SharedValue<T>: one cell that many processes share, with atomic read-modify-write, as
// multiprocessing.Value.
//
//   coheld::SharedValue<long> done(client, "done");
//   done.fetch_add(1);
//   for (auto seen = done.load(); auto now = done.wait_for_change(seen.version, 1s); seen = *now)
//   ...
//
// A handle is a name: making one does nothing on the daemon. The first write creates the cell; a
// missing one reads as null (and is T's zero for arithmetic). Each method is one atomic op and
// throws what Client::call throws, and what stands with it.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/shared_value.h"

namespace coheld {

// A value with the cell's version at that moment: it grows by one with every write.
template <typename T>
struct Versioned {
  T value;
  uint64_t version = 0;
};

// What modify answers.
template <typename T>
struct Modified {
  T previous;
  T value;
  uint64_t version = 0;
};

// What compare_exchange answers: whether the change was made, and what the cell has now.
template <typename T>
struct Exchanged {
  bool exchanged = false;
  T current;
  uint64_t version = 0;
};

// What a new cell is like.
template <typename T>
struct SharedValueOptions {
  // One of multiprocessing's type codes (c u w b B h H i I l L q Q f d ?), enforced by the daemon;
  // empty: anything.
  std::string typecode = "";
  // The first value; absent: the type code's zero, or null.
  std::optional<T> initial = std::nullopt;
  // ObjectExists if the name is taken.
  bool exclusive = false;
};

// The ops of a shared value. Runner is Direct (the method does it and returns the answer) or
// Batched (it returns a Pending answer, see batch.h). Threads: as its Client.
template <typename T, typename Runner>
class BasicSharedValue : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicSharedValue(Runner runner, Ref ref)
      : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Returns what the cell holds. BadConversion if that is not a T; a cell that was never written
  // holds null: use std::optional<T> where that may be.
  Result<T> get() const {
    return run(ops::shared_value_get(name()),
               [](ops::CellAnswer cell) { return Codec<T>::decode(std::move(cell.value)); });
  }
  // Returns what the cell holds, and its version.
  Result<Versioned<T>> load() const { return run(ops::shared_value_get(name()), ToVersioned{}); }
  // Returns the type code it was created with; empty: none.
  Result<std::string> typecode() const {
    return run(ops::shared_value_get(name()),
               [](ops::CellAnswer cell) { return std::move(cell.typecode); });
  }
  // Replaces the value; returns the version. TypecodeMismatch, Overflow, VersionMismatch.
  Result<uint64_t> set(T value, IfVersion version = {}) const {
    return run(ops::shared_value_set(name(), Codec<T>::encode(std::move(value)), version));
  }

  // Applies an operator and returns the values before and after. UnsupportedOperand,
  // DivisionByZero, Overflow, TypecodeMismatch.
  Result<Modified<T>> modify(Operator how, T operand) const {
    return run(ops::shared_value_modify(name(), how, Codec<T>::encode(std::move(operand))),
               [](ops::ModifyAnswer answer) {
                 // Before the first write there was null: the operand's zero.
                 T previous =
                     answer.previous.is_null() ? T{} : Codec<T>::decode(std::move(answer.previous));
                 return Modified<T>{std::move(previous), Codec<T>::decode(std::move(answer.value)),
                                    answer.version};
               });
  }
  // Adds, and returns the value before, as std::atomic does.
  Result<T> fetch_add(T operand) const { return fetch(Operator::kAdd, std::move(operand)); }
  // Subtracts, and returns the value before.
  Result<T> fetch_sub(T operand) const { return fetch(Operator::kSubtract, std::move(operand)); }

  // Replaces the value by `desired` if it equals `expected`.
  Result<Exchanged<T>> compare_exchange(T expected, T desired) const {
    return run(ops::shared_value_compare_exchange(name(), Codec<T>::encode(std::move(expected)),
                                                  Codec<T>::encode(std::move(desired))),
               [](ops::ExchangeAnswer answer) {
                 return Exchanged<T>{answer.exchanged, Codec<T>::decode(std::move(answer.current)),
                                     answer.version};
               });
  }

  // Waits until the cell's version passes the one already seen, and returns what it holds then;
  // nothing when the time is over.
  Result<std::optional<Versioned<T>>> wait_for_change(uint64_t since_version,
                                                      WaitTime time = {}) const {
    return run(ops::shared_value_wait(name(), since_version, time),
               [](std::optional<ops::CellAnswer> cell) -> std::optional<Versioned<T>> {
                 if (!cell) return std::nullopt;
                 return ToVersioned{}(std::move(*cell));
               });
  }

  // Makes the cell if it is not there; an existing one is left as it is. TypecodeMismatch,
  // Overflow; ObjectExists if options.exclusive.
  Result<Created> create(SharedValueOptions<T> options = {}) const {
    std::optional<Value> initial;
    if (options.initial) initial = Codec<T>::encode(std::move(*options.initial));
    return run(
        ops::shared_value_create(name(), options.typecode, std::move(initial), options.exclusive));
  }

 private:
  using BasicHandle<Runner>::run;

  struct ToVersioned {
    Versioned<T> operator()(ops::CellAnswer cell) const {
      return {Codec<T>::decode(std::move(cell.value)), cell.version};
    }
  };
  Result<T> fetch(Operator how, T operand) const {
    return run(ops::shared_value_modify(name(), how, Codec<T>::encode(std::move(operand))),
               [](ops::ModifyAnswer answer) {
                 if (answer.previous.is_null()) return T{};
                 return Codec<T>::decode(std::move(answer.previous));
               });
  }
};

// A shared value that is worked on at once.
template <typename T>
class SharedValue : public BasicSharedValue<T, Direct> {
 public:
  // The type's word.
  static constexpr const char* kType = "value";
  using value_type = T;

  // Names a cell; nothing is sent.
  SharedValue(const Client& client, std::string name)
      : BasicSharedValue<T, Direct>(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit SharedValue(const Ref& ref)
      : BasicSharedValue<T, Direct>(Direct(client_of(ref)), checked(ref, kType)) {}

  // Makes an anonymous cell, which lives as long as anything refers to it.
  static SharedValue make(const Client& client, SharedValueOptions<T> options = {}) {
    return SharedValue(ref_to(SharedValue(client, "").create(std::move(options)), kType));
  }
};

}  // namespace coheld
