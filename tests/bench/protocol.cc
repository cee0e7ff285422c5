// See protocol.h.
#include "tests/bench/protocol.h"

namespace coheld::bench {

std::unique_ptr<Protocol> MakeProtocol(Wire wire, uint32_t depth, Promise promise) {
  switch (wire) {
    case Wire::kStream:
      return MakeStreamProtocol(depth, promise);
    case Wire::kUnary:
      return MakeUnaryProtocol(depth);
    case Wire::kEtcd:
      return MakeEtcdProtocol(depth);
    case Wire::kRedis:
      return MakeRedisProtocol();
    case Wire::kCopy:
      return MakeCopyProtocol();
  }
  return nullptr;
}

}  // namespace coheld::bench
