// See op_source.h.
#include "tests/simulation/op_source.h"

#include <algorithm>
#include <array>
#include <utility>

namespace coheld::simulation {
namespace {

using DataKind = DataOp::Kind;
using SyncKind = SyncOp::Kind;

constexpr std::array kLocks = {"{t}a", "{t}b", "{t}r"};

bool MayPark(DataKind kind) {
  return kind == DataKind::kPut || kind == DataKind::kPutMany || kind == DataKind::kGet ||
         kind == DataKind::kGetMany || kind == DataKind::kJoin || kind == DataKind::kLease;
}

}  // namespace

std::optional<uint64_t> OpSource::Timeout() {
  if (random_.Chance(25)) return std::nullopt;
  return random_.Chance(20) ? 0 : random_.Between(1, random_.Chance(50) ? 60 : 3000);
}

int64_t OpSource::Item() {
  // By priority, the last digits of an item decide nothing: all are different.
  return static_cast<int64_t>(random_.Pick(3)) * 1'000'000 + ++last_item_;
}

template <typename Body>
Op OpSource::Finish(Body op, bool parks) {
  if (parks) op.timeout_ms = Timeout();
  Op made{.id = ++last_id_, .body = op};
  if (random_.Chance(parks && !op.timeout_ms ? 70 : 15)) {
    made.deadline_ms = random_.Between(1, 2000);
  }
  return made;
}

Op OpSource::Make(DataOp op) { return Finish(op, MayPark(op.kind)); }

Op OpSource::Make(CollectionOp op) {
  using Kind = CollectionOp::Kind;
  return Finish(op, op.kind == Kind::kPopMin || op.kind == Kind::kPopMax);
}

Op OpSource::Make(TopicOp op) { return Finish(op, op.kind == TopicOp::Kind::kReceive); }

Op OpSource::Make(LifetimeOp op) {
  using Kind = LifetimeOp::Kind;
  const bool parks = op.kind == Kind::kGet || op.kind == Kind::kFetch || op.kind == Kind::kNamedGet;
  return Finish(op, parks);
}

Op OpSource::Make(WatchOp op) { return Finish(op, op.kind == WatchOp::Kind::kChanges); }

Op OpSource::Make(SyncOp op) {
  const bool releases = op.kind == SyncKind::kLockRelease || op.kind == SyncKind::kRenew ||
                        op.kind == SyncKind::kReadWriteRelease;
  return Finish(op, !releases);
}

Op OpSource::Make(RightsOp op) { return {.id = ++last_id_, .body = op}; }

void OpSource::AddRights(SyncOp* op) {
  if (random_.Chance(35)) op->lease_ms = random_.Between(1, random_.Chance(50) ? 100 : 2000);
  const bool names = op->kind == SyncKind::kLockRelease || op->kind == SyncKind::kRenew;
  op->with_token = names && random_.Chance(40);
}

Op OpSource::Right() {
  static constexpr std::array kObjects = {"{t}v0", "{t}v1", "{t}m0", "{t}m1", "{t}i0", "{t}i1",
                                          "{t}n0", "{t}n1", "{t}k0", "{t}k1", "{t}q0", "{t}q1",
                                          "{t}q2", "{t}x0", "{t}z0", "{t}z1", "{t}o0", "{t}h0"};
  static constexpr std::array kDeck = {RightsOp::Kind::kGuard, RightsOp::Kind::kGuard,
                                       RightsOp::Kind::kUnguard, RightsOp::Kind::kInspect};
  RightsOp op;
  op.kind = random_.One(kDeck);
  op.object = random_.One(kObjects);
  op.lock = random_.One(kLocks);
  Op made = Make(op);
  if (random_.Chance(30)) made.fence = op.lock;
  return made;
}

Op OpSource::Collection() {
  using Kind = CollectionOp::Kind;
  CollectionOp op;
  op.kind = static_cast<Kind>(random_.Pick(static_cast<uint64_t>(Kind::kAttributes) + 1));
  if (random_.Chance(25)) op.kind = random_.Chance(50) ? Kind::kScoreAdd : Kind::kPopMin;
  op.object = op.kind <= Kind::kArrayItems ? "{t}x0" : op.kind <= Kind::kPopMax ? "{t}z0" : "{t}o0";
  if (op.object == "{t}z0" && random_.Chance(50)) op.object = "{t}z1";
  op.key = static_cast<int64_t>(random_.Pick(10)) - 5;
  op.number = static_cast<int64_t>(random_.Pick(4));
  if (op.kind == Kind::kArrayAdd) op.number = static_cast<int64_t>(random_.Pick(200)) - 100;
  op.expected = static_cast<int64_t>(random_.Pick(4));
  op.flag = random_.Chance(25);
  Op made = Make(op);
  if (random_.Chance(10)) made.fence = random_.One(kLocks);
  return made;
}

Op OpSource::Topic() {
  using Kind = TopicOp::Kind;
  static constexpr std::array kDeck = {Kind::kSubscribe, Kind::kUnsubscribe, Kind::kPublish,
                                       Kind::kPublish,   Kind::kPublish,     Kind::kReceive,
                                       Kind::kReceive,   Kind::kReceive,     Kind::kInspect};
  TopicOp op;
  op.kind = random_.One(kDeck);
  op.object = random_.Chance(50) ? "{t}h0" : "{t}h1";
  op.number = static_cast<int64_t>(random_.Between(op.kind == Kind::kSubscribe ? 1 : 0, 4));
  op.flag = random_.Chance(30);
  for (uint64_t count = random_.Between(1, 3); count > 0; --count) op.items.push_back(Item());
  return Make(op);
}

Op OpSource::Lifetime() {
  using Kind = LifetimeOp::Kind;
  return Lifetime(static_cast<Kind>(random_.Pick(static_cast<uint64_t>(Kind::kDelete) + 1)));
}

Op OpSource::Lifetime(LifetimeOp::Kind kind) {
  using Kind = LifetimeOp::Kind;
  LifetimeOp op;
  op.kind = kind;
  op.object = random_.Chance(70) ? "anonymous 0" : "anonymous 1";
  if (op.kind >= Kind::kNamedPut) op.object = "f0";
  const bool of_bag = op.kind == Kind::kShare || op.kind == Kind::kFetch || op.kind == Kind::kPeek;
  if (of_bag) op.bag = random_.Chance(50) ? "g0" : "g1";
  op.number = op.kind == Kind::kRelease ? static_cast<int64_t>(random_.Between(1, 2)) : Item();
  op.ms = random_.Between(1, random_.Chance(50) ? 100 : 2000);
  if (op.kind == Kind::kSetTtl && random_.Chance(20)) op.ms = 0;
  return Make(op);
}

Op OpSource::Watch() {
  WatchOp op;
  op.kind = random_.Chance(40) ? WatchOp::Kind::kAdd : WatchOp::Kind::kChanges;
  op.object = "y0";
  const bool adds = op.kind == WatchOp::Kind::kAdd;
  op.number = static_cast<int64_t>(adds ? random_.Between(1, 100) : random_.Pick(3));
  if (adds) ++watched_;
  if (!adds && random_.Chance(80)) op.after = 1 + watched_ - std::min(watched_, random_.Pick(5));
  return Make(op);
}

Op OpSource::Data() {
  DataOp op;
  op.kind = static_cast<DataKind>(random_.Pick(static_cast<uint64_t>(DataKind::kComplete) + 1));
  if (random_.Chance(40)) {  // Most put and take.
    static constexpr std::array kQueueOps = {
        DataKind::kPut,     DataKind::kPut,   DataKind::kPutMany, DataKind::kGet,
        DataKind::kGetMany, DataKind::kLease, DataKind::kLease,   DataKind::kAck};
    op.kind = random_.One(kQueueOps);
  }
  const std::string index = std::to_string(random_.Pick(op.kind < DataKind::kQueueLen ? 2 : 3));
  if (op.kind < DataKind::kDictGet) {
    op.object = "{t}v" + index;
  } else if (op.kind < DataKind::kListLen) {
    op.object = "{t}m" + index;
  } else if (op.kind < DataKind::kCounterGet) {
    op.object = "{t}i" + index;
  } else if (op.kind < DataKind::kSetLen) {
    op.object = "{t}n" + index;
  } else if (op.kind < DataKind::kQueueLen) {
    op.object = "{t}k" + index;
  } else {
    op.object = "{t}q" + index;
  }
  op.key = static_cast<int64_t>(random_.Pick(3));
  op.number = static_cast<int64_t>(random_.Pick(4));
  const uint64_t items = op.kind == DataKind::kPutMany ? random_.Between(1, 3) : 1;
  for (uint64_t i = 0; i < items; ++i) op.items.push_back(Item());
  const bool puts = op.kind == DataKind::kPut || op.kind == DataKind::kPutMany;
  // (Where there is no room to wait for: who then goes first, those who take or those who put?)
  const bool delays = op.object == "{t}q0" && (puts || op.kind == DataKind::kNack);
  if (delays && random_.Chance(25)) {
    op.delay_ms = random_.Between(1, 2000);
  }
  if (puts && random_.Chance(25)) op.dedup_key = std::to_string(random_.Pick(6));
  if (random_.Chance(50)) op.visibility_ms = random_.Between(1, 3000);
  if (op.kind == DataKind::kComplete) op.writes = Writes();
  Op made = Make(op);
  if (random_.Chance(10)) made.fence = random_.One(kLocks);
  return made;
}

std::vector<DataOp> OpSource::Writes() {
  std::vector<DataOp> all = {
      {.kind = DataKind::kCounterAdd, .object = "{t}n0", .number = 1},
      {.kind = DataKind::kDictSet, .object = "{t}m0", .key = 1, .number = Item()},
      {.kind = DataKind::kValueSet, .object = "{t}v0", .number = Item()},
      {.kind = DataKind::kPut, .object = "{t}q1", .items = {Item()}, .timeout_ms = 0},
      {.kind = DataKind::kListAppend, .object = "{t}i0", .number = Item()}};
  std::vector<DataOp> some;
  for (DataOp& write : all) {
    if (random_.Chance(30)) some.push_back(write);
  }
  return some;
}

std::string OpSource::SyncObject(SyncKind kind) {
  static constexpr std::array kConditions = {"{t}c", "{t}d"};
  static constexpr std::array kAll = {"s0",   "s1", "{t}a", "{t}b", "{t}r", "{t}c",
                                      "{t}d", "p0", "p1",   "w0",   "e0"};
  if (kind <= SyncKind::kSemaphoreRelease) return random_.Chance(50) ? "s0" : "s1";
  if (kind <= SyncKind::kReleaseAll) return random_.One(kLocks);
  if (kind <= SyncKind::kConditionNotify) return random_.One(kConditions);
  if (kind <= SyncKind::kReset) return random_.Chance(50) ? "p0" : "p1";
  if (kind <= SyncKind::kReadWriteRelease) return "w0";
  if (kind <= SyncKind::kEventWait) return "e0";
  if (kind <= SyncKind::kLatchDelete) return "l0";
  return random_.One(kAll);
}

Op OpSource::Sync() {
  // Most of the ops take and give back.
  static constexpr std::array kDeck = {SyncKind::kSemaphoreAcquire,
                                       SyncKind::kSemaphoreAcquire,
                                       SyncKind::kSemaphoreRelease,
                                       SyncKind::kLockAcquire,
                                       SyncKind::kLockAcquire,
                                       SyncKind::kLockRelease,
                                       SyncKind::kLockRelease,
                                       SyncKind::kRenew,
                                       SyncKind::kRenew,
                                       SyncKind::kAcquireAll,
                                       SyncKind::kReleaseAll,
                                       SyncKind::kConditionWait,
                                       SyncKind::kConditionWait,
                                       SyncKind::kConditionNotify,
                                       SyncKind::kConditionNotify,
                                       SyncKind::kBarrierWait,
                                       SyncKind::kBarrierWait,
                                       SyncKind::kBarrierWait,
                                       SyncKind::kActionDone,
                                       SyncKind::kAbort,
                                       SyncKind::kReset,
                                       SyncKind::kReset,
                                       SyncKind::kAcquireRead,
                                       SyncKind::kAcquireRead,
                                       SyncKind::kAcquireWrite,
                                       SyncKind::kReadWriteRelease,
                                       SyncKind::kReadWriteRelease,
                                       SyncKind::kEventSet,
                                       SyncKind::kEventClear,
                                       SyncKind::kEventWait,
                                       SyncKind::kLatchCreate,
                                       SyncKind::kCountDown,
                                       SyncKind::kLatchWait,
                                       SyncKind::kLatchDelete,
                                       SyncKind::kInspect};
  SyncOp op;
  op.kind = random_.One(kDeck);
  op.object = SyncObject(op.kind);
  op.flag = random_.Chance(30);
  const bool reentrant = op.object == "{t}r";
  const bool counts =
      op.kind <= SyncKind::kSemaphoreRelease || op.kind >= SyncKind::kLatchCreate ||
      ((op.kind == SyncKind::kLockAcquire || op.kind == SyncKind::kLockRelease) && reentrant);
  op.number = counts ? random_.Between(1, 3) : 1;
  if (op.kind == SyncKind::kConditionNotify) op.number = random_.Pick(3);
  if (op.kind >= SyncKind::kLockAcquire && op.kind <= SyncKind::kReleaseAll) AddRights(&op);
  for (const char* other : kLocks) {
    const bool many = op.kind == SyncKind::kAcquireAll || op.kind == SyncKind::kReleaseAll;
    if (many && op.object != other && random_.Chance(50)) op.others.push_back(other);
  }
  return Make(op);
}

std::vector<Op> OpSource::Batch() {
  std::vector<Op> batch;
  for (uint64_t count = random_.Chance(85) ? 1 : random_.Between(2, 5); count > 0; --count) {
    const uint64_t dice = random_.Pick(100);
    batch.push_back(dice < 60   ? Data()
                    : dice < 74 ? Collection()
                    : dice < 82 ? Topic()
                    : dice < 94 ? Lifetime()
                                : Watch());
  }
  return batch;
}

std::vector<std::vector<Op>> OpSource::Locked() {
  const std::string lock = random_.One(kLocks);
  std::vector<std::vector<Op>> program;
  SyncOp acquire = {.kind = SyncKind::kLockAcquire, .object = lock};
  AddRights(&acquire);
  program.push_back({Make(acquire)});
  const bool fenced = random_.Chance(50);
  for (uint64_t count = random_.Pick(4); count > 0; --count) {
    if (random_.Chance(20)) {
      SyncOp renew = {.kind = SyncKind::kRenew, .object = lock};
      AddRights(&renew);
      program.push_back({Make(renew)});
    } else if (random_.Chance(20)) {
      program.push_back({Right()});
    } else {
      program.push_back(Batch());
    }
    for (Op& op : program.back()) {
      if (fenced) op.fence = lock;
    }
  }
  if (random_.Chance(80)) {
    SyncOp release = {.kind = SyncKind::kLockRelease, .object = lock};
    AddRights(&release);
    program.push_back({Make(release)});
  }
  return program;
}

std::vector<std::vector<Op>> OpSource::Crosswise() {
  const size_t first = random_.Pick(kLocks.size());
  const size_t second = (first + 1 + random_.Pick(kLocks.size() - 1)) % kLocks.size();
  std::vector<std::vector<Op>> program;
  for (const size_t lock : {first, second}) {
    Op acquire = Make(SyncOp{.kind = SyncKind::kLockAcquire, .object = kLocks[lock]});
    if (random_.Chance(60)) std::get<SyncOp>(acquire.body).timeout_ms.reset();
    program.push_back({acquire});
  }
  for (const size_t lock : {second, first}) {
    program.push_back({Make(SyncOp{.kind = SyncKind::kLockRelease, .object = kLocks[lock]})});
  }
  return program;
}

std::vector<std::vector<Op>> OpSource::Conditional() {
  const bool first = random_.Chance(50);
  const std::string condition = first ? "{t}c" : "{t}d";
  const std::string lock = first ? "{t}r" : "{t}b";
  const SyncKind then = random_.Chance(60) ? SyncKind::kConditionWait : SyncKind::kConditionNotify;
  std::vector<std::vector<Op>> program;
  program.push_back({Make(SyncOp{.kind = SyncKind::kLockAcquire, .object = lock})});
  program.push_back({Make(SyncOp{.kind = then, .object = condition})});
  if (then == SyncKind::kConditionWait) {
    program.push_back({Make(SyncOp{.kind = SyncKind::kLockAcquire, .object = lock})});
  }
  program.push_back({Make(SyncOp{.kind = SyncKind::kLockRelease, .object = lock})});
  return program;
}

std::vector<std::vector<Op>> OpSource::HandedOn() {
  using Kind = LifetimeOp::Kind;
  static constexpr std::array kUses = {Kind::kPut,  Kind::kPut,  Kind::kGet,
                                       Kind::kGet,  Kind::kHold, Kind::kInspect,
                                       Kind::kLend, Kind::kPeek, Kind::kShare};
  const bool makes = random_.Chance(50);
  std::vector<std::vector<Op>> program;
  program.push_back({Lifetime(makes ? Kind::kMake : Kind::kFetch)});
  for (uint64_t count = random_.Pick(4); count > 0; --count) {
    program.push_back({Lifetime(random_.One(kUses))});
  }
  if (makes && random_.Chance(80)) program.push_back({Lifetime(Kind::kShare)});
  if (random_.Chance(60)) program.push_back({Lifetime(Kind::kRelease)});
  // They know what the thread got last under this name.
  for (auto& batch : program) std::get<LifetimeOp>(batch.front().body).object = "anonymous 0";
  return program;
}

std::vector<std::vector<Op>> OpSource::Timed() {
  using Kind = LifetimeOp::Kind;
  static constexpr std::array kLooks = {Kind::kNamedInspect, Kind::kNamedGet, Kind::kNamedGet,
                                        Kind::kSetTtl, Kind::kDelete};
  std::vector<std::vector<Op>> program;
  program.push_back({Lifetime(Kind::kNamedPut)});
  program.push_back({Lifetime(Kind::kSetTtl)});
  for (uint64_t count = random_.Between(1, 3); count > 0; --count) {
    program.push_back({Lifetime(random_.One(kLooks))});
  }
  return program;
}

std::vector<std::vector<Op>> OpSource::Watched() {
  std::vector<std::vector<Op>> program;
  for (uint64_t count = random_.Between(2, 4); count > 0; --count) program.push_back({Watch()});
  return program;
}

std::vector<std::vector<Op>> OpSource::Program() {
  const uint64_t dice = random_.Pick(110);
  if (dice >= 107) return Watched();
  if (dice >= 105) return Timed();
  if (dice >= 100) return HandedOn();
  if (dice < 42) return {Batch()};
  if (dice < 65) return {{Sync()}};
  if (dice < 68) return {{Right()}};
  if (dice < 80) return Locked();
  if (dice < 90) return Crosswise();
  return Conditional();
}

}  // namespace coheld::simulation
