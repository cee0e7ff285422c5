// See lock_like.h.
#include "server/engine/lock_like.h"

#include "server/engine/limits.h"
#include "server/engine/store.h"

namespace coheld::engine {

std::string Describe(const Owner& owner) {
  if (owner.session == kNoSession) return "a caller without a session";
  return "session " + std::to_string(static_cast<uint64_t>(owner.session)) + " thread " +
         std::to_string(owner.thread);
}

std::string What(std::string_view word, const Object& object) {
  return "the " + std::string(word) + " \"" + object.name() + "\"";
}

std::optional<Failure> CheckSession(std::string_view word, const Object& object, const Turn& turn) {
  if (turn.owner().session != kNoSession) return std::nullopt;
  return CheckSession(What(word, object), turn);
}

std::optional<Failure> CheckSession(std::string_view what, const Turn& turn) {
  if (turn.owner().session != kNoSession) return std::nullopt;
  return Failure{v1::ERROR_REASON_SESSION_REQUIRED,
                 std::string(what) + " needs a session to belong to; open one and send its token"};
}

std::optional<Failure> CheckLost(const std::string& what, const std::string& name, uint64_t token,
                                 const Turn& turn) {
  const LostRight* const lost = turn.FindLost(name, token);
  if (lost == nullptr) return std::nullopt;
  std::string why = " was deleted while ";
  if (lost->why == LostRight::Why::kLeaseEnded) {
    why = ": its lease ended " + std::to_string(Elapsed(lost->at, turn.now())) + " ms ago, while ";
  }
  return Failure{v1::ERROR_REASON_LOCK_LOST,
                 what + why + Describe(turn.owner()) + " held it with token " +
                     std::to_string(lost->token) +
                     "; others may have held it since: acquire it again and look at what it "
                     "protects"};
}

std::optional<Failure> CheckCount(std::string_view word, const Object& object,
                                  std::string_view field, uint64_t count) {
  if (count <= kCountMax) return std::nullopt;
  return Failure{v1::ERROR_REASON_INVALID_ARGUMENT, What(word, object) + " cannot have " +
                                                        std::to_string(count) + " " +
                                                        std::string(field) + "; at most " +
                                                        std::to_string(kCountMax) + " are allowed"};
}

std::optional<Failure> CheckTogether(const std::string& name, const std::string& other) {
  if (IsAnonymous(name) || IsAnonymous(other) || ShardKey(name) == ShardKey(other)) {
    return std::nullopt;
  }
  return Failure{v1::ERROR_REASON_INVALID_NAME,
                 "\"" + name + "\" and \"" + other +
                     "\" may live on different shards; give them names with the same {tag}"};
}

}  // namespace coheld::engine
