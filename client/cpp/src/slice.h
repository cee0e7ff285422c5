// coheld::Slice to the message coheld.v1.Slice.
#pragma once

#include "coheld/ops/list.h"
#include "coheld/v1/common.pb.h"

namespace coheld::core {

inline void Fill(const Slice& slice, v1::Slice* message) {
  if (slice.start) message->set_start(*slice.start);
  if (slice.stop) message->set_stop(*slice.stop);
  if (slice.step) message->set_step(*slice.step);
}

}  // namespace coheld::core
