// Reads what a StateWriter wrote. Any bytes may be given to it: what is wrong is a failure that
// says what and where, and costs no more memory than some multiple of the bytes. It accepts only
// what a writer would have written for the same state, byte for byte.
//
// After the first failure everything that is taken is zero or empty and ok() is false, so that code
// that loads need not look after each step, but must in loops and before it relies on something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/wire/result.h"
#include "server/engine/ids.h"
#include "server/engine/object.h"
#include "server/engine/value.h"

namespace coheld::engine {

class Lifetime;

class StateReader {
 public:
  // The bytes must outlive it. Anonymous objects that values refer to are looked up in `lifetime`;
  // without one there may be none.
  explicit StateReader(std::string_view bytes, Lifetime* lifetime = nullptr)
      : bytes_(bytes), rest_(bytes), lifetime_(lifetime) {}
  StateReader(const StateReader&) = delete;
  StateReader& operator=(const StateReader&) = delete;

  bool ok() const { return !failure_; }
  // The first failure: MALFORMED. There must be one.
  const wire::Failure& failure() const { return *failure_; }
  // Says what is wrong with what was just read.
  void Fail(std::string_view what);
  // Says in a failure what was being read: `list "l"`. The views must live until the next call.
  void SetWhere(std::string_view type, std::string_view name);
  bool at_end() const { return rest_.empty(); }

  // Reads the number of a form; fails if it is 0, or above `newest`.
  uint64_t TakeVersion(uint64_t newest);
  uint64_t TakeUnsigned();
  // The same, failing above `max`.
  uint64_t TakeUnsigned(uint64_t max, std::string_view what);
  int64_t TakeSigned();
  bool TakeFlag();
  double TakeReal();
  // Reads the number of things that follow, each of one byte at least: there is room to reserve for
  // so many.
  size_t TakeCount();
  // A view into the bytes.
  std::string_view TakeBytes();
  std::string TakeString() { return std::string(TakeBytes()); }
  TimeMs TakeTime();
  // Reads the number of a grant; fails if it was never given.
  uint64_t TakeToken() { return TakeUnsigned(last_token_, "a token"); }
  void SetLastToken(uint64_t token) { last_token_ = token; }
  CallId TakeCall() { return CallId{TakeUnsigned()}; }
  // The same of one that comes after all that are in a map by call.
  template <typename Map>
  CallId TakeNextCall(const Map& calls) {
    const CallId call = TakeCall();
    if (!calls.empty() && call <= calls.rbegin()->first) Fail("calls are not in order");
    return call;
  }
  SessionId TakeSession() { return SessionId{TakeUnsigned()}; }
  Owner TakeOwner();
  Hold TakeHold();
  std::optional<Hold> TakeOptionalHold();
  Value TakeValue() { return TakeValue(0); }
  // The same for a key: fails if it is not hashable.
  Value TakeKey();
  // Returns nullptr only if it failed.
  Tenure* TakeTenure();

 private:
  // `depth` is how many lists, tuples, sets and maps the value is in.
  Value TakeValue(int depth);
  Value TakeBigInteger();
  Value::Items TakeItems(int depth);
  Value TakeSet(int depth);
  Value TakeMap(int depth);
  Value TakeRef();
  Value TakeCountedRef();
  Value TakeOpaque();
  std::string_view TakeStringOfValue();

  const std::string_view bytes_;
  std::string_view rest_;
  uint64_t last_token_ = 0;
  Lifetime* const lifetime_;
  std::string_view where_type_;
  std::string_view where_name_;
  std::optional<wire::Failure> failure_;
};

}  // namespace coheld::engine
