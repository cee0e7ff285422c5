// The part of Core that keeps the holds on anonymous objects. See core.h and hold_table.h.
#include <cerrno>
#include <utility>

#include "client/cpp/src/core.h"
#include "client/cpp/src/fork_guard.h"
#include "client/cpp/src/hold.h"
#include "coheld/v1/object.pb.h"
#include "proto/wire/methods.h"

namespace coheld::core {
namespace {

// How long an object that a child inherited waits for the child's own hold.
constexpr uint64_t kForkGraceMs = 60'000;

uint32_t NumberOf(const char* path) { return wire::FindMethod(std::string_view(path))->number; }

std::string HoldRequest(const std::string& name) {
  v1::ObjectHoldRequest request;
  request.set_name(name);
  return request.SerializeAsString();
}

std::string LendRequest(const std::string& name) {
  v1::ObjectLendRequest request;
  request.set_name(name);
  request.set_grace_ms(kForkGraceMs);
  return request.SerializeAsString();
}

std::string ReleaseRequest(const std::string& name, uint64_t count) {
  v1::ObjectReleaseRequest request;
  request.set_name(name);
  request.set_count(count);
  return request.SerializeAsString();
}

// A child that inherited a handle may not have taken its own hold yet: lend it the object.
std::vector<Core::Posted> ReleasesOf(const std::string& name, const HoldTable::Due& due) {
  std::vector<Core::Posted> ops;
  if (due.forked) ops.push_back({NumberOf("/coheld.v1.Object/Lend"), LendRequest(name)});
  ops.push_back({NumberOf("/coheld.v1.Object/Release"), ReleaseRequest(name, due.count)});
  return ops;
}

}  // namespace

std::shared_ptr<const Hold> Core::TakeHold(const Client& client, const std::string& name,
                                           uint64_t given) {
  return holds_.Take(client, name, SessionId(), given);
}

void Core::EndHold(const std::string& name) noexcept {
  try {
    const std::optional<HoldTable::Due> due = holds_.Leave(name);
    if (due) Post(due->session, ReleasesOf(name, *due));
  } catch (...) {  // The session's end gives everything back.
  }
}

void Core::Post(uint64_t session, std::vector<Posted> ops) noexcept {
  try {
    State& last = *state_.load(std::memory_order_acquire);
    if (last.fork_generation != ForkGeneration()) return;  // The session is a parent's.
    const std::shared_ptr<OpenSession> current = CurrentSession(last);
    if (current == nullptr) return;
    if (session != kAnySession && current->id() != session) return;
    current->Post(std::move(ops));
    while (std::unique_ptr<Channel> channel = TakeIdle(last)) {
      if (!channel->Refresh() || !channel->Post()) continue;
      channel->Drain();
      GiveBack(last, std::move(channel));
      return;
    }
  } catch (...) {  // The session's end does what is needed.
  }
}

void Core::HoldAnew(Channel& channel, const WaitLimits& limits) {
  const uint64_t session = channel.session()->id();
  const std::vector<std::string> names = holds_.NotGivenBy(session);
  if (names.empty()) return;
  std::vector<std::string> requests;
  for (const std::string& name : names) requests.push_back(HoldRequest(name));
  std::vector<Frame> frames;
  for (const std::string& request : requests) {
    frames.push_back({.method = NumberOf("/coheld.v1.Object/Hold"), .request = request});
  }
  std::vector<Answer> answers;
  const WaitEnd end = channel.Exchange(frames, limits, &answers);
  if (end == WaitEnd::kInterrupted) throw Interrupted("interrupted while opening a session");
  if (end == WaitEnd::kTimeout) throw LinkBroken{"the daemon did not answer in time", ETIMEDOUT};
  for (size_t i = 0; i < names.size(); ++i) {
    // What is gone already is not asked for again.
    const uint64_t count = answers[i].state == Answer::State::kReplied ? 1 : 0;
    const bool taken = holds_.Give(names[i], session, count);
    if (!taken && count > 0) {
      channel.session()->Post(ReleasesOf(names[i], {.session = session, .count = 1}));
    }
  }
}

}  // namespace coheld::core
