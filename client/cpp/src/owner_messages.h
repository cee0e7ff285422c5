// Reads the messages of coheld/v1/owner.proto. See coheld/owner.h.
#pragma once

#include "coheld/owner.h"
#include "coheld/v1/owner.pb.h"

namespace coheld::core {

SessionLabel FromMessage(const v1::SessionLabel& message);
Holder FromMessage(const v1::Holder& message);
Waiter FromMessage(const v1::Waiter& message);

}  // namespace coheld::core
