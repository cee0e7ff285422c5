// Lock.AcquireAll and Lock.ReleaseAll. See coheld/lock_all.h.
#include "coheld/lock_all.h"

#include <set>

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/lock.pb.h"

namespace coheld {
namespace {

using core::MakeOp;
using core::MethodNumber;

// What an op for several locks answers.
struct Granted {
  std::vector<uint64_t> tokens;      // None if the time was over first.
  std::set<std::string> owner_died;  // Names.
};

Op<Granted> AcquireAllOp(WaitTime time, const std::vector<AllLocked::Wanted>& wanted) {
  static constinit MethodNumber method("/coheld.v1.Lock/AcquireAll");
  auto request = core::Waiting<v1::LockAcquireAllRequest>(wanted.front().name, time);
  for (size_t i = 1; i < wanted.size(); ++i) request.add_others(wanted[i].name);
  return MakeOp<v1::LockAcquireAllReply>(method, request, [](const v1::LockAcquireAllReply& reply) {
    return Granted{.tokens = {reply.tokens().begin(), reply.tokens().end()},
                   .owner_died = {reply.owner_died().begin(), reply.owner_died().end()}};
  });
}

// Locks come to be when they are first taken; this op leaves that to us.
Granted AcquireOrCreate(const Client& client, WaitTime time,
                        const std::vector<AllLocked::Wanted>& wanted) {
  try {
    return Direct(client).run(AcquireAllOp(time, wanted));
  } catch (const ObjectNotFound&) {
    for (const AllLocked::Wanted& lock : wanted) lock.create();
    return Direct(client).run(AcquireAllOp(time, wanted));
  }
}

}  // namespace

std::optional<AllLocked> AllLocked::take(const Client& client, WaitTime time,
                                         const std::vector<Wanted>& wanted) {
  const Granted granted = AcquireOrCreate(client, time, wanted);
  if (granted.tokens.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (size_t i = 0; i < wanted.size(); ++i) {
    names.push_back(wanted[i].name);
    wanted[i].grant(granted.tokens.at(i), granted.owner_died.contains(wanted[i].name));
  }
  return AllLocked(client, std::move(names));
}

AllLocked::~AllLocked() {
  try {
    release();
  } catch (const Error&) {  // Lost already, or the session's end releases them.
  }
}

void AllLocked::release() {
  static constinit MethodNumber method("/coheld.v1.Lock/ReleaseAll");
  if (names_.empty()) return;
  const std::vector<std::string> names = std::exchange(names_, {});
  auto request = core::Named<v1::LockReleaseAllRequest>(names.front());
  for (size_t i = 1; i < names.size(); ++i) request.add_others(names[i]);
  Direct(client_).run(MakeOp<v1::LockReleaseAllReply>(
      method, request, [](const v1::LockReleaseAllReply&) { return true; }));
}

}  // namespace coheld
