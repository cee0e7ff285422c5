// Between v1::Value on the wire and Value in memory. All that a value from outside must satisfy is
// checked here.
#pragma once

#include "coheld/v1/common.pb.h"
#include "proto/wire/result.h"
#include "server/engine/value.h"

namespace coheld::engine {

inline constexpr int kNestingMax = 64;

// INVALID_VALUE (nests over kNestingMax, a big integer that is no number or fits 64 bits or has
// over 4,096 digits), NOT_HASHABLE (a set item or map key).
wire::Result<Value> FromWire(const v1::Value& wire);
// The same for a dict key: NOT_HASHABLE.
wire::Result<Value> KeyFromWire(const v1::Value& wire);

void ToWire(const Value& value, v1::Value* wire);

}  // namespace coheld::engine
