// The event: a flag that many wait for. It has no owner.
#include <vector>

#include "coheld/v1/event.pb.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class EventObject : public Object {
 public:
  uint64_t size() const override { return set ? 1 : 0; }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters}; }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutFlag(set);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    set = state.TakeFlag();
  }

  bool set = false;
  WaitQueue waiters;
};

Outcome Create(EventObject& event, const v1::EventCreateRequest& request,
               v1::EventCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("event", event, request, turn)) return *failure;
  if (turn.created()) event.Touch();
  AnswerCreate(event, turn, reply);
  return Done();
}

Outcome IsSet(EventObject& event, const v1::EventIsSetRequest& /*request*/,
              v1::EventIsSetReply* reply, Turn& /*turn*/) {
  reply->set_set(event.set);
  return Done();
}

Outcome Set(EventObject& event, const v1::EventSetRequest& /*request*/, v1::EventSetReply* reply,
            Turn& turn) {
  reply->set_was_set(event.set);
  if (!event.set) event.Touch();
  event.set = true;
  turn.Wake(event.waiters);
  return Done();
}

Outcome Clear(EventObject& event, const v1::EventClearRequest& /*request*/,
              v1::EventClearReply* reply, Turn& /*turn*/) {
  reply->set_was_set(event.set);
  if (event.set) event.Touch();
  event.set = false;
  return Done();
}

Outcome Wait(EventObject& event, const v1::EventWaitRequest& request, v1::EventWaitReply* reply,
             Turn& turn) {
  if (!event.set) return turn.Park(event.waiters, TimeoutOf(request), Done());
  reply->set_set(true);
  return Done();
}

}  // namespace

const TypeRow& EventType() {
  static const TypeRow row = MakeType<EventObject>(
      "event", {Op<Create>("Event.Create"), Op<IsSet>("Event.IsSet"), Op<Set>("Event.Set"),
                Op<Clear>("Event.Clear"), Op<Wait>("Event.Wait", Missing::kCreate)});
  return row;
}

}  // namespace coheld::engine
