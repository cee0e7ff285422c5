// What an input of the ops target means: steps on an engine, one after the other. seeds.cc writes
// the format, op_steps.cc reads it.
//
//   step     := kind (1 byte, modulo the kinds), then by kind
//   raw op   := session (1), thread (1), method number (2), payload length (2), payload
//   shaped op:= session (1), thread (1), method number (2), bytes for Shape (as many as it takes)
//   cancel   := how many calls back (1)
//   advance  := milliseconds (2)
//   open     := session (1)
//   end      := session (1)
//   stamped  := lane (1), seq (1), acked (1), token (1), then a raw op without its kind
//   abandon  := how many calls back (1)
//
// A method number that nobody has means one that somebody has, by modulo. Sessions are slots 0
// (none) to 3; `open` puts a new session into a slot, `end` ends the one in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/byte_source.h"

namespace coheld::fuzz {

enum class StepKind : uint8_t {
  kRawOp,
  kShapedOp,
  kCancel,
  kAdvance,
  kOpenSession,
  kEndSession,
  kStampedOp,
  kAbandon
};
inline constexpr size_t kStepKinds = 8;
inline constexpr size_t kSessionSlots = 4;

// One step, taken off an input.
struct Step {
  StepKind kind{};
  size_t session = 0;  // Slot.
  uint64_t thread = 0;
  uint32_t method = 0;
  std::string payload;
  // Of kStampedOp; the same lane and seq again make a copy.
  uint32_t lane = 0;
  uint64_t seq = 0;
  uint64_t acked = 0;
  uint64_t token = 0;
  size_t calls_back = 0;
  uint64_t milliseconds = 0;
};

Step ReadStep(ByteSource& bytes);

}  // namespace coheld::fuzz
