// The barrier: parties wait until as many as it is made for have come, round after round.
//
//   filling --last party arrives--> all pass, next round filling
//      |        '--its has_action--> acting --ActionDone--> all pass, next round filling
//      '--------- broken <-------------'
//
// A party that comes while an action runs waits in the same queue without having arrived; it
// arrives when the round is over. The end of a round sets the fate of those who arrived and wakes
// the queue, in which each finds its own.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coheld/v1/barrier.pb.h"
#include "server/engine/limits.h"
#include "server/engine/lock_like.h"
#include "server/engine/object.h"
#include "server/engine/planted_bug.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

constexpr std::string_view kWord = "barrier";

// A party that has arrived and is still parked.
struct Party {
  enum class Fate { kWaits, kPasses, kBroken };
  uint64_t index = 0;
  Fate fate = Fate::kWaits;
};

class BarrierObject : public Object {
 public:
  uint64_t size() const override { return arrived; }
  std::vector<Hold> holds() const override {
    return runner ? std::vector<Hold>{*runner} : std::vector<Hold>();
  }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  Awaits awaits() const override { return Awaits::kAllHolders; }  // The action's runner.
  bool guardable() const override { return false; }
  void WaiterLeft(const Stamp& waiter, Turn& turn) override {
    const auto left = parked.find(waiter.call);
    if (left == parked.end()) return;  // It had not arrived.
    const bool waited = left->second.fate == Party::Fate::kWaits;
    parked.erase(left);
    if (waited && !Planted(PlantedBug::kBarrierOutlivesParty)) Break(turn);
  }
  void ForgetSession(SessionId session, Turn& turn) override {
    if (runner && runner->owner.session == session) Break(turn);
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutUnsigned(parties);
    state.PutUnsigned(arrived);
    state.PutFlag(broken);
    state.PutHold(runner);
    state.PutUnsigned(parked.size());
    for (const auto& [call, party] : parked) {
      COHELD_CHECK(party.fate == Party::Fate::kWaits);  // Else it would have been told by now.
      state.PutCall(call);
      state.PutUnsigned(party.index);
    }
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    parties = state.TakeUnsigned(kCountMax, "parties");
    arrived = state.TakeUnsigned(parties, "parties that arrived");
    broken = state.TakeFlag();
    runner = state.TakeOptionalHold();
    const size_t waiting = state.TakeCount();
    for (size_t i = 0; i < waiting && state.ok(); ++i) {
      const CallId call = state.TakeNextCall(parked);
      parked[call] = {.index = state.TakeUnsigned(arrived, "the index of a party")};
    }
  }

  // Ends the round there is, for all of its parties alike, and lets those in who wait for the next.
  void EndRound(Party::Fate fate, Turn& turn) {
    for (auto& [call, party] : parked) {
      if (party.fate == Party::Fate::kWaits) party.fate = fate;
    }
    arrived = 0;
    if (runner) turn.NoteRelease(runner->owner.session, *this);
    runner.reset();
    Touch();
    turn.WakeAll(waiters);
  }
  void Break(Turn& turn) {
    broken = true;
    EndRound(Party::Fate::kBroken, turn);
  }
  Failure Broken() const {
    return {v1::ERROR_REASON_BARRIER_BROKEN,
            What() + (broken ? " is broken; reset it" : " was reset while the party waited")};
  }
  std::string What() const { return engine::What(kWord, *this); }

  uint64_t parties = 0;
  uint64_t arrived = 0;  // In the present round, the action's runner included.
  bool broken = false;
  std::optional<Hold> runner;  // Of the action, while it runs.
  std::map<CallId, Party> parked;
  WaitQueue waiters;
};

Outcome Create(BarrierObject& barrier, const v1::BarrierCreateRequest& request,
               v1::BarrierCreateReply* reply, Turn& turn) {
  if (request.parties() == 0) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   barrier.What() + " needs at least one party; 0 were asked for"};
  }
  if (auto failure = CheckCount(kWord, barrier, "parties", request.parties())) return *failure;
  if (auto failure = CheckExclusive(kWord, barrier, request, turn)) return *failure;
  if (turn.created()) {
    barrier.parties = request.parties();
    barrier.Touch();
  }
  AnswerCreate(barrier, turn, reply);
  return Done();
}

// Lets a party arrive: as one that waits, as the one who runs the action, or as the last.
Outcome Arrive(BarrierObject& barrier, const v1::BarrierWaitRequest& request,
               v1::BarrierWaitReply* reply, Turn& turn) {
  const uint64_t index = barrier.arrived++;
  turn.NoteEffect();
  barrier.Touch();
  if (index + 1 < barrier.parties) {
    barrier.parked[turn.call()] = {.index = index};
    reply->set_timed_out(true);
    return turn.Park(barrier.waiters, TimeoutOf(request), Done());
  }
  reply->set_index(index);
  if (!request.has_action()) {
    barrier.EndRound(Party::Fate::kPasses, turn);
    return Done();
  }
  barrier.runner = {.owner = turn.owner(),
                    .token = turn.NextToken(),
                    .since = turn.now(),
                    .site = std::string(turn.site())};
  turn.NoteHold(turn.owner().session, barrier);
  reply->set_run_action(true);
  reply->set_token(barrier.runner->token);
  return Done();
}

Outcome Wait(BarrierObject& barrier, const v1::BarrierWaitRequest& request,
             v1::BarrierWaitReply* reply, Turn& turn) {
  if (auto failure = CheckSession(kWord, barrier, turn)) return *failure;
  const auto found = barrier.parked.find(turn.call());
  const bool has_arrived = found != barrier.parked.end();
  if (has_arrived && found->second.fate != Party::Fate::kWaits) {
    const Party party = found->second;
    barrier.parked.erase(found);
    if (party.fate == Party::Fate::kBroken) return barrier.Broken();
    reply->set_index(party.index);
    return Done();
  }
  if (!has_arrived && barrier.broken) return barrier.Broken();
  if (!has_arrived && !barrier.runner) return Arrive(barrier, request, reply, turn);
  reply->set_timed_out(true);
  return turn.Park(barrier.waiters, TimeoutOf(request), Done());
}

Outcome ActionDone(BarrierObject& barrier, const v1::BarrierActionDoneRequest& request,
                   v1::BarrierActionDoneReply* /*reply*/, Turn& turn) {
  if (!barrier.runner || barrier.runner->token != request.token()) {
    return Failure{v1::ERROR_REASON_BARRIER_BROKEN,
                   "token " + std::to_string(request.token()) + " is of no action that runs at " +
                       barrier.What() + ": it broke or was reset meanwhile"};
  }
  if (request.failed()) {
    barrier.Break(turn);
  } else {
    barrier.EndRound(Party::Fate::kPasses, turn);
  }
  return Done();
}

Outcome Abort(BarrierObject& barrier, const v1::BarrierAbortRequest& /*request*/,
              v1::BarrierAbortReply* /*reply*/, Turn& turn) {
  barrier.Break(turn);
  return Done();
}

Outcome Reset(BarrierObject& barrier, const v1::BarrierResetRequest& /*request*/,
              v1::BarrierResetReply* /*reply*/, Turn& turn) {
  barrier.broken = false;
  barrier.EndRound(Party::Fate::kBroken, turn);
  return Done();
}

Outcome Inspect(BarrierObject& barrier, const v1::BarrierInspectRequest& /*request*/,
                v1::BarrierInspectReply* reply, Turn& /*turn*/) {
  reply->set_parties(barrier.parties);
  reply->set_waiting(barrier.arrived);
  reply->set_broken(barrier.broken);
  reply->set_acting(barrier.runner.has_value());
  return Done();
}

}  // namespace

const TypeRow& BarrierType() {
  static const TypeRow row = MakeType<BarrierObject>(
      "barrier",
      {Op<Create>("Barrier.Create"), Op<Wait>("Barrier.Wait", Missing::kRefuse),
       Op<ActionDone>("Barrier.ActionDone", Missing::kRefuse),
       Op<Abort>("Barrier.Abort", Missing::kRefuse), Op<Reset>("Barrier.Reset", Missing::kRefuse),
       Op<Inspect>("Barrier.Inspect", Missing::kRefuse)});
  return row;
}

}  // namespace coheld::engine
