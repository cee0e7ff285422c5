// How long objects live. Anonymous ones are counted: they live while a session has a handle on
// them, a value that some object holds refers to them, or a grace keeps them; cycles of references
// are found. Named ones may have a TTL. These are the books; the engine deletes.
//
// References are counted by the Values themselves: a Ref to an anonymous object counts itself in
// the object's Tenure while it exists, wherever it is, so that no container has to tell. An op's
// own temporary values are gone when it ends, and only then is anything freed.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/ids.h"
#include "server/engine/sessions.h"

namespace coheld::engine {

class Lifetime;
class Object;
class StateReader;
class StateWriter;
class Store;

// What keeps one anonymous object. It outlives the object while somebody counts on it.
struct Tenure {
  Lifetime* lifetime = nullptr;
  Object* object = nullptr;  // Null once it is gone.
  std::string name;
  std::string_view type;    // The type's word.
  uint64_t references = 0;  // Values that are a Ref to it.
  uint64_t handles = 0;     // Of all sessions.

  // Of Lifetime only.
  enum class Mark : uint8_t { kNone, kReached, kAlive };
  uint64_t unexplained = 0;  // References from outside the objects that are searched.
  Mark mark = Mark::kNone;
  bool doubted = false;    // In Lifetime::doubted_.
  bool suspect = false;    // In Lifetime::suspects_.
  bool condemned = false;  // Found in a cycle that nothing keeps.
};

class Lifetime {
 public:
  // Both must outlive it.
  Lifetime(const Store& store, Sessions& sessions) : store_(store), sessions_(sessions) {}
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;
  ~Lifetime();

  // While in scope, Refs that this thread makes are counted here, and those that it writes into
  // messages are noted. Each thread has one engine at a time.
  class Scope {
   public:
    explicit Scope(Lifetime& lifetime) : before_(current_) { current_ = &lifetime; }
    ~Scope() { current_ = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Lifetime* const before_;
  };
  // Returns the one in scope, or nullptr.
  static Lifetime* current() { return current_; }

  // True if the object of this name lives on another shard, where nothing here can keep it.
  bool IsElsewhere(std::string_view name) const;
  // Tells that an anonymous object was made.
  void Begin(Object& object, std::string_view type);
  // Tells that an object, of any name, is about to go.
  void End(Object& object);
  // Returns the tenure of an anonymous object that is there, or nullptr.
  Tenure* Find(std::string_view name) const;

  // A value that is a Ref to the object came or went.
  static void Refer(Tenure& tenure) { ++tenure.references; }
  static void Unrefer(Tenure& tenure);

  // Gives the session a handle; it must be open.
  void GiveHandle(SessionId session, Tenure& tenure);
  // Takes back handles of the session, at most those that it has. Returns how many.
  uint64_t TakeHandles(SessionId session, std::string_view name, uint64_t count);
  void TakeAllHandles(SessionId session);
  uint64_t HandlesOf(SessionId session, std::string_view name) const;

  // Tells that a Ref was written into a reply. There is no handle on what is gone; and its tenure
  // may go with the value, before the reply does.
  void NoteSent(Tenure& tenure) {
    if (tenure.object != nullptr) sent_.push_back(&tenure);
  }
  // The reply goes out: whoever gets it gets a handle for each Ref in it, or each a grace.
  void HandOut(SessionId session, TimeMs now) {
    if (!sent_.empty()) HandOutSent(session, now);
  }
  // True if the reply has Refs to hand out.
  bool sends() const { return !sent_.empty(); }
  // Grows with everything that may change what is kept, also in an op that fails.
  uint64_t stirs() const { return stirs_; }
  // There is no reply.
  void ForgetSent() { sent_.clear(); }

  // Sets the end of the grace, unless there is a later one, or of the TTL; kNever is without.
  void KeepUntil(Object& object, TimeMs end);
  void EndAt(Object& object, TimeMs end);
  // Has all TTLs and graces end so much later.
  void Rearm(uint64_t stalled_ms);
  // When something is due, or kNever.
  TimeMs NextDeadline() const;
  // Returns the next object, if there is one, whose TTL has passed; ends what grace has. Call it
  // until it returns nullptr.
  Object* NextOverdue(TimeMs now);

  // Returns the next anonymous object, if there is one, that nothing keeps. Call it until it
  // returns nullptr, deleting each.
  Object* NextUnkept(TimeMs now);
  // Looks for cycles that nothing keeps, if it is worth it; NextUnkept then returns their objects.
  void FindCyclesIfWorth();
  // The same at a session's end.
  void FindCyclesAtEnd();

  // Saves what does not follow from the objects, their values and the sessions' handles. Between
  // ops only.
  void Save(StateWriter& state) const;
  // To load: first make and Begin the objects, then load the values and handles that refer to them,
  // and last this. Fails if nothing keeps an object.
  void Load(StateReader& state);
  // While loading. Returns what a value or handle that refers to an object that is gone counts on;
  // nullptr if it may still be there, or is of no known type.
  Tenure* LoadGone(std::string_view name, std::string_view type);

  // True if NextUnkept might return something.
  bool in_doubt() const { return !doubted_.empty(); }
  // How many anonymous objects there are.
  uint64_t anonymous() const { return anonymous_; }

 private:
  void HandOutSent(SessionId session, TimeMs now);
  // Forgets what only loading_gone_ kept.
  void EndLoad();
  // Has NextUnkept look at it.
  void Doubt(Tenure& tenure);
  void DeleteIfUnused(Tenure* tenure);
  void SetEnd(Object& object, TimeMs end);
  void FindCycles();
  // Puts all that is reached from the suspects, through objects that only references keep, into
  // the list, and takes the references among them off `unexplained`.
  std::vector<Tenure*> Reach();

  static constinit thread_local Lifetime* current_;

  const Store& store_;
  Sessions& sessions_;
  uint64_t anonymous_ = 0;
  uint64_t stirs_ = 0;
  std::vector<Tenure*> sent_;
  std::vector<Tenure*> doubted_;  // From next_doubted_ on.
  size_t next_doubted_ = 0;
  std::vector<Tenure*> suspects_;                  // May be in a cycle that nothing keeps.
  std::set<std::pair<TimeMs, std::string>> ends_;  // Of graces and TTLs.
  TimeMs find_cycles_at_ = kNever;
  uint64_t last_search_ = 0;  // How many values the last searches for cycles looked at.
  std::map<std::string, Tenure*, std::less<>> loading_gone_;  // Referred to from here.
};

}  // namespace coheld::engine
