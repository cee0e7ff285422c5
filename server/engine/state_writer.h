// Writes state as bytes, the same state as the same bytes always, and hashes them. It knows
// numbers, values and owners; what an engine's state is made of is in engine_state.cc, what an
// object's in the type's own file, and the format in STATE.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/engine/ids.h"

namespace coheld::engine {

class Value;
struct Hold;
struct Tenure;

// A hash of state: different states have the same one only by an accident of 1 in 2^128. It is no
// protection against somebody who wants two states to have the same.
struct StateDigest {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const StateDigest&) const = default;
};

// Returns it as 32 hexadecimal digits.
std::string ToText(const StateDigest& digest);

// Returns the digest of bytes that a StateWriter wrote.
StateDigest DigestOf(std::string_view bytes);

class StateWriter {
 public:
  // Takes the bytes, piece by piece.
  using Sink = std::function<void(std::string_view)>;

  // Without a sink the bytes are only hashed.
  explicit StateWriter(Sink sink = nullptr) : sink_(std::move(sink)) {}
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  // Begins what may change its form with time, as the state of a type: the number of the form.
  void PutVersion(uint64_t version) { PutUnsigned(version); }
  void PutUnsigned(uint64_t number);
  void PutSigned(int64_t number);
  void PutFlag(bool flag) { PutUnsigned(flag ? 1 : 0); }
  void PutReal(double real);
  // A text or any other bytes, with their length.
  void PutBytes(std::string_view bytes);
  void PutTime(TimeMs time);
  void PutCall(CallId call) { PutUnsigned(static_cast<uint64_t>(call)); }
  void PutSession(SessionId session) { PutUnsigned(static_cast<uint64_t>(session)); }
  void PutOwner(const Owner& owner);
  void PutHold(const Hold& hold);
  void PutHold(const std::optional<Hold>& hold);
  void PutValue(const Value& value);
  // What keeps an anonymous object, which may be gone.
  void PutTenure(const Tenure& tenure);

  // Hands what is left to the sink. Nothing may be put after it.
  StateDigest Finish();

 private:
  friend StateDigest DigestOf(std::string_view bytes);
  // Bytes are hashed in blocks of this size, however they came.
  static constexpr size_t kBlockBytes = size_t{64} << 10;

  static void Absorb(std::string_view block, StateDigest* digest);
  void Append(std::string_view bytes);
  void EndBlock();

  const Sink sink_;
  StateDigest digest_;
  size_t used_ = 0;  // Of block_.
  std::unique_ptr<char[]> block_ = std::make_unique<char[]>(kBlockBytes);
};

}  // namespace coheld::engine
