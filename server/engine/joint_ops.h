// Several ops done as one, all or none of them.
//
// Each op's handler first runs as a rehearsal (Turn::rehearsal): it checks everything and returns
// where it would begin to change things. Only when all of them may be done are they done. As each
// is on another object, none can spoil what another one checked. An op says by JointOp in its
// type's table that its handler rehearses.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto/wire/result.h"

namespace coheld::engine {

class Object;
class Turn;

// One of the ops.
struct OpRequest {
  uint32_t method = 0;
  std::string_view payload;
};

// Does the ops in their order within the op of `turn`, which is on `host`, and returns their
// serialised replies. Where one of them would fail none is done, and the failure names it as
// `field`[0], ... No op waits: one that would have to fails as at a timeout of 0. TOO_MANY;
// INVALID_ARGUMENT for an op that is not of this kind, or on the same object as another one;
// INVALID_NAME for an object of another shard than the host's.
wire::Result<std::vector<std::string>> DoTogether(std::span<const OpRequest> ops,
                                                  const Object& host, std::string_view field,
                                                  Turn& turn);

}  // namespace coheld::engine
