// The contract of a held object. All that a type owes stands in its own files: its state (a
// subclass), its op handlers, and its row in the registry. Nothing else switches on the type.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/common.pb.h"
#include "server/engine/ids.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

class History;
class StateReader;
class StateWriter;
class Turn;
class Value;
struct Tenure;

// Called with a value that an object holds.
using ValueVisitor = std::function<void(const Value&)>;

// A right that an owner has on an object.
struct Hold {
  Owner owner;
  uint64_t token = 0;
  TimeMs since{};
  uint64_t count = 1;     // Permits, or the depth of a lock that its owner went into again.
  bool shared = false;    // Others may hold the same at the same time: a read.
  TimeMs ends = kNever;   // Of its lease.
  uint64_t lease_ms = 0;  // How long that is from the grant, or the last renewal; 0 without one.
  std::string site;       // Where in its program the owner asked for it, if it told.
};

// What an op that is parked on an object waits for.
enum class Awaits {
  kEvent,       // Something happens; anybody may bring it about.
  kAllHolders,  // All who hold rights on it give them back.
  kPermits      // Some who hold rights on it give them back, or anybody adds more.
};

// A named thing held. Lives in the Store; handlers get a reference for the length of one op.
class Object {
 public:
  virtual ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  // The items it holds, as ObjectSummary.size says.
  virtual uint64_t size() const = 0;
  // Who holds rights on it; none unless it is lock-like.
  virtual std::vector<Hold> holds() const { return {}; }
  // What those who are parked on it wait for.
  virtual Awaits awaits() const { return Awaits::kEvent; }
  // Returns the holds that must all be given back before an op that is parked on it may proceed;
  // with `timeouts` those also for which only others wait that give up in time.
  virtual std::vector<Hold> BlockersOf(const ParkedOp& /*waiter*/, bool /*timeouts*/) const {
    return holds();
  }
  // False for what has owners or only lets others wait: no lock can guard its changes.
  virtual bool guardable() const { return true; }
  // Its wait queues, in a fixed order. Each lives as long as the object.
  virtual std::vector<WaitQueue*> wait_queues() { return {}; }
  // The same with that of those who watch it.
  std::vector<WaitQueue*> all_queues();
  // Visits every value that it holds, in any order. Cycles of references are found by this: a type
  // that holds values and does not visit them keeps such cycles for ever.
  virtual void VisitValues(const ValueVisitor& /*visit*/) const {}
  // Told that an op that was parked on it, or would have been if there were time, ended without
  // being granted: its time was up, it was cancelled, or its session ended. Not told when the
  // object itself goes. The op stands in no queue any more; wakes with turn.Wake. For objects that
  // an op changes before it parks: a barrier breaks.
  virtual void WaiterLeft(const Stamp& /*waiter*/, Turn& /*turn*/) {}
  // Told that the object is about to go for good: deleted, or its end has come. Not told when it is
  // undone as if it had never been made. It may change other objects; wakes with turn.Wake.
  virtual void Ending(Turn& /*turn*/) {}
  // Told that the time came that turn.SetAlarm named; the alarm is cleared before. It may change
  // this object and others; wakes with turn.Wake.
  virtual void OnAlarm(Turn& /*turn*/) {}
  // Told that the daemon stood still for so long, so that nobody could renew or release: what would
  // end by a lease ends that much later. It sets its alarm anew. Not told without an alarm.
  virtual void Rearm(uint64_t /*stalled_ms*/, Turn& /*turn*/) {}
  // Told that the daemon was restarted: what would end by a lease has its full length from now on.
  // Otherwise as Rearm.
  virtual void Resume(Turn& /*turn*/) {}
  // Gives back every right that the session has on it. Called at the session's end, if the object
  // told Turn::Hold before; wakes with turn.Wake.
  virtual void ForgetSession(SessionId /*session*/, Turn& /*turn*/) {}

  // Writes all that it holds and that is true between ops, beginning with the number of the form;
  // the same state in the same bytes, however it came about. Not what Object itself keeps, and not
  // who waits.
  virtual void Save(StateWriter& state) const = 0;
  // Takes what Save wrote, into an object that was just made. Whatever is taken must leave it
  // whole: fails where it would not (StateReader::Fail). Afterwards Save writes the same again.
  virtual void Load(StateReader& state) = 0;

  const std::string& name() const { return name_; }
  // Grows with every change, also over deletion and re-creation of the name.
  uint64_t version() const { return version_; }
  // Tells that the state changed. Every handler that changed something calls it once.
  void Touch() {
    ++version_;
    if (history_ != nullptr) [[unlikely]] {
      NoteChange();
    }
  }
  // True while only ops that wait ever used it: it was made to give them a place, is not there for
  // a Create, and ends with the last of them.
  bool provisional() const { return provisional_; }
  // When its grace or its TTL ends; kNever if it has none.
  TimeMs end() const { return end_; }
  // When its alarm is due; kNever if it has none.
  TimeMs alarm() const { return alarm_; }
  // A Ref to the lock that guards its changes, or nullptr (guard.h).
  const Value* guard() const { return guard_.get(); }
  void SetGuard(std::unique_ptr<Value> lock);
  // How safe what is done to it has to be before the reply leaves; unspecified: the daemon's level.
  v1::Durability durability() const { return durability_; }
  void SetDurability(v1::Durability durability) { durability_ = durability; }

 protected:
  Object();

 private:
  friend class Engine;
  friend class EngineState;
  friend class Lifetime;
  friend class Store;
  friend class Turn;
  void NoteChange();

  std::string name_;
  uint64_t version_ = 0;
  std::unique_ptr<History> history_;  // Once it is watched.
  std::unique_ptr<Value> guard_;
  Tenure* tenure_ = nullptr;  // Of an anonymous object.
  TimeMs end_ = kNever;
  TimeMs alarm_ = kNever;
  bool provisional_ = false;
  v1::Durability durability_ = v1::DURABILITY_UNSPECIFIED;
};

}  // namespace coheld::engine
