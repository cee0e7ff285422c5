// See sync_words.h.
#include "tests/unit/engine/sync_words.h"

#include <cstdint>
#include <map>
#include <string>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/barrier.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/count_down_latch.pb.h"
#include "coheld/v1/event.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/read_write_lock.pb.h"
#include "coheld/v1/rlock.pb.h"
#include "coheld/v1/semaphore.pb.h"
#include "proto/wire/methods.h"
#include "tests/unit/engine/op_messages.h"

namespace coheld::engine::testing {
namespace {

using Kind = SyncOp::Kind;

// "{t}r" is of an RLock, "s0" of a Semaphore.
std::string ServiceOf(const SyncOp& op) {
  static const std::map<char, std::string> kServices = {
      {'a', "Lock"},      {'b', "Lock"},          {'r', "RLock"},         {'c', "Condition"},
      {'d', "Condition"}, {'s', "Semaphore"},     {'w', "ReadWriteLock"}, {'e', "Event"},
      {'p', "Barrier"},   {'l', "CountDownLatch"}};
  const char letter = op.object.starts_with('{') ? op.object[3] : op.object[0];
  return kServices.at(letter);
}

std::string Grant(uint64_t token) { return " @" + std::to_string(token); }

template <typename Reply>
std::string HolderWords(const Reply& reply) {
  if (!reply.has_holder()) return "";
  return Count(" held by", reply.holder().session()) + Count(" thread", reply.holder().thread()) +
         Grant(reply.holder().token());
}

// A lock's only acquire.
template <typename Reply>
std::string AcquiredWords(const SyncOp& op, const Reply& reply, uint64_t depth) {
  EXPECT_EQ(reply.acquired(), reply.token() != 0);
  if (!reply.acquired()) return "acquired 0" + HolderWords(reply);
  return Count("acquired", depth) + Grant(reply.token()) +
         (reply.owner_died() ? " died " + op.object : "");
}

std::string AcquiredAllWords(const v1::LockAcquireAllReply& reply) {
  EXPECT_EQ(reply.acquired(), reply.tokens_size() > 0);
  std::string words = Count("acquired", static_cast<uint64_t>(reply.tokens_size()));
  for (const uint64_t token : reply.tokens()) words += Grant(token);
  for (const std::string& name : reply.owner_died()) words += " died " + name;
  if (reply.acquired()) return words;
  return words + " busy " + reply.busy() + HolderWords(reply);
}

std::string LockPayload(const SyncOp& op, uint64_t token) {
  if (op.kind == Kind::kAcquireAll) {
    auto request = Waiting<v1::LockAcquireAllRequest>(op);
    request.set_lease_ms(op.lease_ms);
    for (const std::string& other : op.others) request.add_others(other);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kReleaseAll) {
    auto request = Named<v1::LockReleaseAllRequest>(op);
    for (const std::string& other : op.others) request.add_others(other);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kRenew) {
    auto request = Named<v1::LockRenewRequest>(op);  // RLock's has the same fields.
    request.set_lease_ms(op.lease_ms);
    request.set_token(op.with_token ? token : 0);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kLockAcquire && IsRLock(op)) {
    auto request = Waiting<v1::RLockAcquireRequest>(op);
    request.set_depth(op.number);
    request.set_retake(op.flag);
    request.set_lease_ms(op.lease_ms);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kLockAcquire) {
    auto request = Waiting<v1::LockAcquireRequest>(op);
    request.set_retake(op.flag);
    request.set_lease_ms(op.lease_ms);
    return request.SerializeAsString();
  }
  if (!IsRLock(op)) {
    auto request = Named<v1::LockReleaseRequest>(op);
    request.set_token(op.with_token ? token : 0);
    return request.SerializeAsString();
  }
  auto request = Named<v1::RLockReleaseRequest>(op);
  request.set_depth(op.number);
  request.set_token(op.with_token ? token : 0);
  return request.SerializeAsString();
}

// What a lock shows of its holder; `depth` is 0 of one that is not re-entrant.
template <typename Reply>
std::string LockWords(const Reply& reply, uint64_t depth) {
  EXPECT_EQ(reply.locked(), reply.token() != 0);
  return Count("by", reply.session()) + Count(" thread", reply.thread()) + Count(" depth", depth) +
         (reply.locked() ? Grant(reply.token()) : "") +
         (reply.has_lease_ms() ? Count(" ends", reply.lease_ms()) : "") +
         Count(" waiters", reply.waiters());
}

std::string InspectWords(const SyncOp& op, const std::string& payload) {
  const std::string service = ServiceOf(op);
  if (service == "Semaphore") {
    const auto reply = Parse<v1::SemaphoreInspectReply>(payload);
    return Count("available", reply.available()) + Count(" held", reply.held()) +
           Count(" waiters", reply.waiters());
  }
  if (service == "Lock") {
    return LockWords(Parse<v1::LockInspectReply>(payload), 0);
  }
  if (service == "RLock") {
    const auto reply = Parse<v1::RLockInspectReply>(payload);
    return LockWords(reply, reply.depth());
  }
  if (service == "Condition") {
    return Count("waiters", Parse<v1::ConditionInspectReply>(payload).waiters());
  }
  if (service == "Barrier") {
    const auto reply = Parse<v1::BarrierInspectReply>(payload);
    return Count("waiting", reply.waiting()) + Count(" broken", reply.broken()) +
           Count(" acting", reply.acting());
  }
  if (service == "ReadWriteLock") {
    const auto reply = Parse<v1::ReadWriteLockInspectReply>(payload);
    return Count("readers", reply.readers()) + Count(" written", reply.written()) +
           Count(" waiters", reply.read_waiters() + reply.write_waiters());
  }
  return Count("set", Parse<v1::EventIsSetReply>(payload).set());
}

}  // namespace

bool IsRLock(const SyncOp& op) { return op.object.ends_with("r"); }

std::string MethodName(const SyncOp& op) {
  static constexpr const char* kVerbs[] = {"Acquire",
                                           "Release",
                                           "Acquire",
                                           "Release",
                                           "Renew",
                                           "Lock.AcquireAll",
                                           "Lock.ReleaseAll",
                                           "Wait",
                                           "Notify",
                                           "Wait",
                                           "ActionDone",
                                           "Abort",
                                           "Reset",
                                           "AcquireRead",
                                           "AcquireWrite",
                                           "Release",
                                           "Set",
                                           "Clear",
                                           "Wait",
                                           "Create",
                                           "CountDown",
                                           "Wait",
                                           "Admin.Delete",
                                           "Inspect"};
  std::string verb = kVerbs[static_cast<size_t>(op.kind)];
  if (verb.find('.') != std::string::npos) return verb;
  if (op.kind == Kind::kInspect && ServiceOf(op) == "Event") verb = "IsSet";
  return ServiceOf(op) + "." + verb;
}

uint32_t MethodNumber(const SyncOp& op) {
  std::string path = "/coheld.v1." + MethodName(op);
  path[path.rfind('.')] = '/';
  return wire::FindMethod(path)->number;
}

std::string Payload(const SyncOp& op, uint64_t token) {
  if (op.kind == Kind::kSemaphoreAcquire) {
    auto request = Waiting<v1::SemaphoreAcquireRequest>(op);
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kSemaphoreRelease) {
    auto request = Named<v1::SemaphoreReleaseRequest>(op);
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  if (op.kind >= Kind::kLockAcquire && op.kind <= Kind::kReleaseAll) return LockPayload(op, token);
  if (op.kind == Kind::kConditionNotify) {
    auto request = Named<v1::ConditionNotifyRequest>(op);
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kBarrierWait) {
    auto request = Waiting<v1::BarrierWaitRequest>(op);
    request.set_has_action(op.flag);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kActionDone) {
    auto request = Named<v1::BarrierActionDoneRequest>(op);
    request.set_token(token);
    request.set_failed(op.flag);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kLatchCreate || op.kind == Kind::kCountDown) {
    auto request = Named<v1::CountDownLatchCreateRequest>(op);  // CountDown has the same fields.
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  // Of all others only the name counts, and the timeout of those that wait, which is field 2. (Of a
  // release field 2 is the token: it has no timeout.)
  return Waiting<v1::EventWaitRequest>(op).SerializeAsString();
}

std::string Words(const SyncOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kSemaphoreAcquire:
    case Kind::kAcquireRead:
    case Kind::kAcquireWrite:  // All three replies begin alike.
      return Count("acquired", Parse<v1::SemaphoreAcquireReply>(payload).acquired());
    case Kind::kSemaphoreRelease:
      return Count("available", Parse<v1::SemaphoreReleaseReply>(payload).available());
    case Kind::kLockAcquire:
      if (IsRLock(op)) {
        const auto reply = Parse<v1::RLockAcquireReply>(payload);
        return AcquiredWords(op, reply, reply.depth());
      }
      return AcquiredWords(op, Parse<v1::LockAcquireReply>(payload), 1);
    case Kind::kRenew:
      return "renewed" + Grant(Parse<v1::LockRenewReply>(payload).token());
    case Kind::kLockRelease:
      if (!IsRLock(op)) return "left 0";
      return Count("left", Parse<v1::RLockReleaseReply>(payload).depth());
    case Kind::kAcquireAll:
      return AcquiredAllWords(Parse<v1::LockAcquireAllReply>(payload));
    case Kind::kReleaseAll:
    case Kind::kReadWriteRelease:
      return "released";
    case Kind::kConditionWait: {
      const auto reply = Parse<v1::ConditionWaitReply>(payload);
      return Count("notified", reply.notified()) + Count(" depth", reply.depth());
    }
    case Kind::kConditionNotify:
      return Count("woken", Parse<v1::ConditionNotifyReply>(payload).woken());
    case Kind::kBarrierWait: {
      const auto reply = Parse<v1::BarrierWaitReply>(payload);
      EXPECT_EQ(reply.run_action(), reply.token() != 0);
      if (reply.timed_out()) return "timed out";
      return Count(reply.run_action() ? "action index" : "index", reply.index());
    }
    case Kind::kActionDone:
    case Kind::kAbort:
    case Kind::kReset:
      return "done";
    case Kind::kEventSet:
    case Kind::kEventClear:
      return Count("was", Parse<v1::EventSetReply>(payload).was_set());
    case Kind::kEventWait:
      return Count("set", Parse<v1::EventWaitReply>(payload).set());
    case Kind::kLatchCreate:
      return Count("created", Parse<v1::CountDownLatchCreateReply>(payload).created());
    case Kind::kCountDown:
      return Count("remaining", Parse<v1::CountDownLatchCountDownReply>(payload).remaining());
    case Kind::kLatchWait:
      return Count("open", Parse<v1::CountDownLatchWaitReply>(payload).open());
    case Kind::kLatchDelete:
      return Count("deleted", Parse<v1::AdminDeleteReply>(payload).deleted());
    case Kind::kInspect:
      return InspectWords(op, payload);
  }
  return "";
}

std::vector<uint64_t> GrantTokens(const SyncOp& op, const std::string& payload) {
  if (op.kind == Kind::kAcquireAll) {
    const auto reply = Parse<v1::LockAcquireAllReply>(payload);
    return {reply.tokens().begin(), reply.tokens().end()};
  }
  uint64_t token = 0;
  if (op.kind == Kind::kBarrierWait) {
    token = Parse<v1::BarrierWaitReply>(payload).token();
  } else if (op.kind == Kind::kSemaphoreAcquire || op.kind == Kind::kAcquireRead ||
             op.kind == Kind::kAcquireWrite || op.kind == Kind::kLockAcquire) {
    token = Parse<v1::SemaphoreAcquireReply>(payload).token();  // All begin alike.
  }
  return token == 0 ? std::vector<uint64_t>() : std::vector{token};
}

}  // namespace coheld::engine::testing
