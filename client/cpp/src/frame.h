// What travels on a Call stream: an op to send and the answer to it, and how a connection's end is
// told inside the core.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/wire/result.h"

namespace coheld::core {

// Internal: the connection broke. Core turns it into a retry or a public exception.
struct LinkBroken {
  std::string why;
  int system_error = 0;
  bool cut = false;  // The peer was there and went, or is about to go: not that it is no daemon.
};

// One op to send.
struct Frame {
  uint32_t method = 0;
  std::string_view request;
  uint64_t thread = 0;
  uint64_t deadline_ms = 0;  // 0: none.
  uint32_t lane = 0;
  uint64_t seq = 0;    // On the lane, from 1; 0: sent once, and never again.
  uint64_t acked = 0;  // All seqs of the lane up to this one are settled.
  uint64_t token = 0;
  std::string_view site = {};
  bool may_wait = false;  // For something that another client does.
};

// The answer to a frame.
struct Answer {
  enum class State {
    kUnsent,   // Not all of the frame left this process: it did not happen.
    kPending,  // Sent, and no answer came.
    kReplied,  // `payload` is the reply.
    kFailed,   // `failure` is the daemon's answer.
  };
  State state = State::kUnsent;
  std::string payload;
  wire::Failure failure;

  bool final() const { return state == State::kReplied || state == State::kFailed; }
};

}  // namespace coheld::core
