// event, latch, barrier and condition: tells others that something has happened, and waits for it.
#include <memory>
#include <mutex>

#include "client/cli/command.h"

namespace coheld::cli {
namespace {

// What the command line said.
struct Words {
  std::string name;
  std::optional<double> timeout_seconds;
  uint64_t count = 1;
  std::string lock;
  bool all = false;
};

int SetEvent(const Globals& globals, const Words& words) {
  Event(globals.Connect(), words.name).set();
  return kOk;
}

int ClearEvent(const Globals& globals, const Words& words) {
  Event(globals.Connect(), words.name).clear();
  return kOk;
}

int WaitForEvent(const Globals& globals, const Words& words) {
  const Event event(globals.Connect(), words.name);
  return event.wait_for(WaitOf(words.timeout_seconds)) ? kOk : TimedOut(words.name);
}

int CreateLatch(const Globals& globals, const Words& words) {
  PrintCreated(globals, Latch(globals.Connect(), words.name).create(words.count));
  return kOk;
}

int CountDown(const Globals& globals, const Words& words) {
  Print(globals, Value(Latch(globals.Connect(), words.name).count_down(words.count)));
  return kOk;
}

int WaitForLatch(const Globals& globals, const Words& words) {
  const Latch latch(globals.Connect(), words.name);
  return latch.wait_for(WaitOf(words.timeout_seconds)) ? kOk : TimedOut(words.name);
}

int CreateBarrier(const Globals& globals, const Words& words) {
  PrintCreated(globals, Barrier(globals.Connect(), words.name).create(words.count));
  return kOk;
}

int WaitAtBarrier(const Globals& globals, const Words& words) {
  const Barrier barrier(globals.Connect(), words.name);
  Print(globals, Value(barrier.arrive_and_wait_for(WaitOf(words.timeout_seconds))));
  return kOk;
}

int AbortBarrier(const Globals& globals, const Words& words) {
  Barrier(globals.Connect(), words.name).abort();
  return kOk;
}

int ResetBarrier(const Globals& globals, const Words& words) {
  Barrier(globals.Connect(), words.name).reset();
  return kOk;
}

int CreateCondition(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  const Condition condition(client, words.name);
  const Lock lock(client, words.lock);
  if (TypeOf(client, words.lock, "lock") == RecursiveLock::kType) {
    PrintCreated(globals, condition.create(RecursiveLock(client, words.lock)));
  } else {
    lock.create();
    PrintCreated(globals, condition.create(lock));
  }
  return kOk;
}

// Does work with the lock of a condition held. `work` takes the lock.
template <typename Work>
auto UnderLockOf(const Condition& condition, const Work& work) {
  const Ref ref = condition.inspect().lock;
  if (ref.type == RecursiveLock::kType) {
    RecursiveLock lock(ref);
    const std::lock_guard guard(lock);
    return work(lock);
  }
  Lock lock(ref);
  const std::lock_guard guard(lock);
  return work(lock);
}

int WaitOnCondition(const Globals& globals, const Words& words) {
  const Condition condition(globals.Connect(), words.name);
  const bool notified = UnderLockOf(condition, [&](auto& lock) {
    return condition.wait_for(lock, WaitOf(words.timeout_seconds));
  });
  return notified ? kOk : TimedOut(words.name);
}

int Notify(const Globals& globals, const Words& words) {
  const Condition condition(globals.Connect(), words.name);
  const uint64_t woken = UnderLockOf(condition, [&](auto&) {
    return words.all ? condition.notify_all() : condition.notify(words.count);
  });
  Print(globals, Value(woken));
  return kOk;
}

}  // namespace

void AddSignalCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = VerbAdder(globals, action, words);
  const auto add_wait = [&](CLI::App* group, const std::string& help, auto work) {
    add(group, "wait", help + "; exit code 1 when the time is over", work)
        ->add_option("--timeout", words->timeout_seconds,
                     "How long to wait, seconds (default: for ever)");
  };
  CLI::App* event = AddGroup(app, "event", "Sets, clears and waits for a flag");
  add(event, "set", "Sets the flag and wakes all who wait", SetEvent);
  add(event, "clear", "Clears the flag", ClearEvent);
  add_wait(event, "Waits until the flag is set", WaitForEvent);

  CLI::App* latch = AddGroup(app, "latch", "Counts down, and waits for zero");
  add(latch, "create", "Makes the latch if it is not there: create NAME COUNT", CreateLatch)
      ->add_option("count", words->count, "How often to count down until it opens")
      ->required();
  add(latch, "count-down", "Counts down; prints what remains", CountDown)
      ->add_option("count", words->count, "By how much (default 1)")
      ->check(CLI::PositiveNumber);
  add_wait(latch, "Waits until the latch is open", WaitForLatch);

  CLI::App* barrier = AddGroup(app, "barrier", "Waits for other parties");
  add(barrier, "create", "Makes the barrier if it is not there: create NAME PARTIES", CreateBarrier)
      ->add_option("parties", words->count, "How many make a round")
      ->required();
  add_wait(barrier, "Arrives and waits for the others; prints the place by arrival", WaitAtBarrier);
  add(barrier, "abort", "Breaks the barrier", AbortBarrier);
  add(barrier, "reset", "Mends the barrier and starts an empty round", ResetBarrier);

  CLI::App* condition =
      AddGroup(app, "condition", "Waits for a condition, and notifies who waits, under its lock");
  add(condition, "create", "Makes the condition if it is not there: create NAME LOCK",
      CreateCondition)
      ->add_option("lock", words->lock, "The name of its lock, with the same {tag}")
      ->required();
  add_wait(condition, "Takes the condition's lock and waits to be notified", WaitOnCondition);
  CLI::App* notify =
      add(condition, "notify", "Takes the lock and wakes who waits; prints how many", Notify);
  notify->add_option("--count", words->count, "How many to wake (default 1)")
      ->check(CLI::PositiveNumber);
  notify->add_flag("--all", words->all, "Wakes all");
}

}  // namespace coheld::cli
