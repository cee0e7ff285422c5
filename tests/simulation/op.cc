// See op.h.
#include "tests/simulation/op.h"

#include <map>

#include "proto/wire/methods.h"
#include "tests/simulation/collections_words.h"
#include "tests/simulation/data_words.h"
#include "tests/simulation/lifetime_words.h"
#include "tests/simulation/method_numbers.h"
#include "tests/simulation/rights_words.h"
#include "tests/simulation/topic_words.h"
#include "tests/simulation/watch_words.h"
#include "tests/unit/engine/op_messages.h"
#include "tests/unit/engine/sync_words.h"

namespace coheld::simulation {
namespace {

using engine::testing::Count;

bool MayChangeNothing(const SyncOp& op, const std::string& words) {
  using SyncKind = SyncOp::Kind;
  switch (op.kind) {
    case SyncKind::kLockAcquire:  // With retake.
    case SyncKind::kAcquireAll:
      return op.flag || words.starts_with("acquired 0");
    case SyncKind::kSemaphoreAcquire:
    case SyncKind::kAcquireRead:
    case SyncKind::kAcquireWrite:
      return words == "acquired 0";
    case SyncKind::kConditionNotify:
      return words == "woken 0";
    case SyncKind::kEventSet:
    case SyncKind::kEventClear:
      return words == Count("was", op.kind == SyncKind::kEventSet);
    case SyncKind::kLatchCreate:
    case SyncKind::kLatchDelete:
    case SyncKind::kCountDown:
      return words.ends_with(" 0");
    case SyncKind::kBarrierWait:
      return words == "timed out";  // It came while an action ran, and had not arrived.
    case SyncKind::kAbort:
    case SyncKind::kReset:
    case SyncKind::kEventWait:
    case SyncKind::kLatchWait:
    case SyncKind::kInspect:
      return true;
    case SyncKind::kSemaphoreRelease:
    case SyncKind::kLockRelease:
    case SyncKind::kRenew:
    case SyncKind::kReleaseAll:
    case SyncKind::kConditionWait:
    case SyncKind::kActionDone:
    case SyncKind::kReadWriteRelease:
      break;
  }
  return false;
}

std::string Describe(const SyncOp& op) {
  std::string line = engine::testing::MethodName(op) + " " + op.object;
  for (const std::string& other : op.others) line += "+" + other;
  line += Count(" number", op.number) + (op.flag ? " flag" : "");
  if (op.lease_ms != 0) line += Count(" lease", op.lease_ms);
  if (op.with_token) line += " with the token";
  return line;
}

}  // namespace

uint32_t NumberOf(const std::string& method) {
  static auto* const numbers = new std::map<std::string, uint32_t>;
  uint32_t& number = (*numbers)[method];
  if (number == 0) {
    std::string path = "/coheld.v1." + method;
    path[path.rfind('.')] = '/';
    number = wire::FindMethod(path)->number;
  }
  return number;
}

bool IsFailure(const std::string& words) { return words[0] >= 'A' && words[0] <= 'Z'; }

const std::string& ObjectOf(const Op& op) {
  return std::visit([](const auto& body) -> const std::string& { return body.object; }, op.body);
}

bool TellsGrants(const Op& op) {
  const auto* sync = std::get_if<SyncOp>(&op.body);
  if (sync == nullptr) {
    return std::holds_alternative<RightsOp>(op.body) || std::holds_alternative<LifetimeOp>(op.body);
  }
  using SyncKind = SyncOp::Kind;
  return sync->kind >= SyncKind::kLockAcquire && sync->kind <= SyncKind::kReleaseAll;
}

std::string MethodName(const Op& op) {
  return std::visit([](const auto& body) { return MethodName(body); }, op.body);
}

uint32_t MethodNumber(const Op& op) { return NumberOf(MethodName(op)); }

bool IsRead(const Op& op) { return wire::FindMethod(MethodNumber(op))->read_only; }

std::string Payload(const Op& op, uint64_t token) {
  return std::visit([&](const auto& body) { return Payload(body, token); }, op.body);
}

std::string Words(const Op& op, const std::string& payload) {
  return std::visit([&](const auto& body) { return Words(body, payload); }, op.body);
}

std::vector<uint64_t> GrantTokens(const Op& op, const std::string& payload) {
  return std::visit([&](const auto& body) { return GrantTokens(body, payload); }, op.body);
}

std::vector<std::string> GrantedObjects(const Op& op) {
  if (const auto* sync = std::get_if<SyncOp>(&op.body)) return engine::testing::NamesOf(*sync);
  return {ObjectOf(op)};
}

bool MayChangeNothing(const Op& op, const std::string& words) {
  if (IsFailure(words)) return true;
  return std::visit([&](const auto& body) { return MayChangeNothing(body, words); }, op.body);
}

std::string Describe(const Op& op) {
  std::string line = "op " + std::to_string(op.id) + ": " +
                     std::visit([](const auto& body) { return Describe(body); }, op.body);
  std::visit(
      [&](const auto& body) {
        if (body.timeout_ms) line += Count(" timeout", *body.timeout_ms);
      },
      op.body);
  if (!op.fence.empty()) line += " with the token of " + op.fence;
  if (op.deadline_ms != 0) line += Count(" deadline", op.deadline_ms);
  return line;
}

}  // namespace coheld::simulation
