// Work over all types for a daemon that is killed all the time. See work.h.
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "coheld/coheld.h"
#include "tests/robustness/work.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int kPermits = 2;
constexpr int kAll = 1000;  // As much as there is of what only one may have.
constexpr size_t kSlots = 64;
constexpr auto kPatience = 120s;  // Far above what all others together need for their turns.

class Endure : public Work {
 public:
  Endure(const Client& client, History& history, const WorkOptions& options)
      : history_(history),
        options_(options),
        random_(options.seed),
        tally_(MakeTally(client, history, options)),
        number_(options.client),
        slot_(std::to_string(options.client)),
        tasks_(client, "tally/tasks"),
        semaphore_(client, "held/semaphore"),
        rlock_(client, "held/rlock"),
        rwlock_(client, "held/rwlock"),
        dict_(client, "own/dict"),
        array_(client, "own/array"),
        namespace_(client, "own/namespace"),
        scores_(client, "own/scores"),
        set_(client, "own/set"),
        value_(client, "own/value/" + slot_),
        event_(client, "own/event/" + slot_),
        barrier_(client, "own/barrier/" + slot_),
        lock_(client, "own/lock/{" + slot_ + "}"),
        condition_(client, "own/condition/{" + slot_ + "}"),
        topic_(client, "own/topic/" + slot_) {
    event_.create();
    barrier_.create(1);
    lock_.create();
    condition_.create(lock_);
    topic_.create();
    subscription_.emplace(topic_.subscribe());
    semaphore_.create({.permits = kPermits});
    array_.create(kSlots);
  }

  void DoOne() override {
    switch (random_() % 24) {
      case 0:
      case 1:
        return PutTask();
      case 2:
      case 3:
        return DoTask();
      case 4:
        return BeOneOfTwo();
      case 5:
        return BeInTheRecursiveLock();
      case 6:
        return Read();
      case 7:
        return Write();
      case 8:
        return Own(
            "own/dict", [&](int64_t n) { dict_.set(slot_, n); },
            [&] { return dict_.get(slot_).value(); });
      case 9:
        return Own(
            "own/array", [&](int64_t n) { array_.set(number_, n); },
            [&] { return array_.get(number_); });
      case 10:
        return Own(
            "own/namespace", [&](int64_t n) { namespace_.set("a" + slot_, n); },
            [&] { return namespace_.get<int64_t>("a" + slot_); });
      case 11:
        return Own(
            "own/scores", [&](int64_t n) { scores_.add(slot_, static_cast<double>(n)); },
            [&] { return static_cast<int64_t>(scores_.score(slot_).value()); });
      case 12:
        return Own(
            "own/value", [&](int64_t n) { value_.set(n); }, [&] { return value_.get(); });
      case 13:
        return OwnFlag(
            "own/set", [&](bool on) { return on ? set_.insert(number_) : set_.erase(number_); },
            [&] { return set_.contains(number_); });
      case 14:
        return OwnFlag(
            "own/event", [&](bool on) { return on ? !event_.set() : event_.clear(); },
            [&] { return event_.is_set(); });
      case 15:
        return Publish();
      case 16:
        return WaitForNothing();
      default:
        return tally_->DoOne();
    }
  }

 private:
  json Do(const Invocation& invocation, const std::function<json()>& action) {
    const std::optional<json> result = history_.Do(invocation, action);
    if (!result) {
      throw std::runtime_error(std::string(invocation.op) + " on " + invocation.object +
                               " failed, or its outcome is unknown: see the history");
    }
    return *result;
  }

  void PutTask() {
    const int64_t item = (int64_t{options_.client} << 32) + ++items_;
    Do({"queue", "tally/tasks", "put", {{"item", item}}}, [&] {
      tasks_.put(item);
      return json(true);
    });
  }

  // Two ops, between which the daemon may be another process.
  void DoTask() {
    std::optional<Task<int64_t>> task;
    Do({"queue", "tally/tasks", "lease"}, [&] {
      auto found = tasks_.try_lease_for(random_() % 2 == 0 ? 0ms : 20ms);
      if (!found) return json();
      task.emplace(std::move(*found));
      return json{{"item", task->value()}, {"delivery", task->number()}};
    });
    if (!task) return;
    Do({"queue", "tally/tasks", "ack", {{"item", task->value()}}}, [&] {
      task->ack();
      return json(true);
    });
  }

  // Takes something that others must not have at the same time, for the time of an op.
  void Hold(const char* object, const json& share, const std::function<bool()>& acquire,
            const std::function<void()>& release) {
    const json taken = Do({"held", object, "acquire", share}, [&] { return json(acquire()); });
    if (!taken.get<bool>()) throw std::runtime_error(std::string("nobody lets go of ") + object);
    Own(
        "own/value", [&](int64_t n) { value_.set(n); }, [&] { return value_.get(); });
    Do({"held", object, "release", share}, [&] {
      release();
      return json(true);
    });
  }
  void BeOneOfTwo() {
    Hold(
        "held/semaphore", {{"share", 1}, {"of", kPermits}},
        [&] { return semaphore_.try_acquire_for(kPatience); }, [&] { semaphore_.release(); });
  }
  void BeInTheRecursiveLock() {
    Hold(
        "held/rlock", {{"share", kAll}, {"of", kAll}},
        [&] { return rlock_.try_lock_for(kPatience) && rlock_.try_lock_for(kPatience); },
        [&] {
          rlock_.release();
          rlock_.release();
        });
  }
  void Read() {
    Hold(
        "held/rwlock", {{"share", 1}, {"of", kAll}},
        [&] { return rwlock_.try_lock_shared_for(kPatience); }, [&] { rwlock_.release(); });
  }
  void Write() {
    Hold(
        "held/rwlock", {{"share", kAll}, {"of", kAll}},
        [&] { return rwlock_.try_lock_for(kPatience); }, [&] { rwlock_.release(); });
  }

  // Changes what is this client's alone, and looks at it.
  void Own(const char* object, const std::function<void(int64_t)>& set,
           const std::function<int64_t()>& get) {
    const int64_t next = ++items_;
    Do({"own", object, "set", {{"slot", slot_}, {"value", next}}}, [&] {
      set(next);
      return json(true);
    });
    Do({"own", object, "get", {{"slot", slot_}}}, [&] { return json(get()); });
  }
  // Whether it changed anything has to be told right too.
  void OwnFlag(const char* object, const std::function<bool(bool)>& set,
               const std::function<bool()>& get) {
    const bool on = random_() % 2 == 0;
    Do({"own", object, "set", {{"slot", slot_}, {"value", int64_t{on}}}},
       [&] { return json(set(on)); });
    Do({"own", object, "get", {{"slot", slot_}}}, [&] { return json(int64_t{get()}); });
  }

  // What is published is received once, and in order.
  void Publish() {
    const int64_t next = ++items_;
    const std::string& name = topic_.name();
    Do({"topic", name, "publish", {{"value", next}}}, [&] { return json(topic_.publish(next)); });
    Do({"topic", name, "receive"}, [&] {
      const auto received = subscription_->receive(kPatience);
      return received ? json(*received) : json();
    });
  }

  // Ops that change something, wait, and change something again.
  void WaitForNothing() {
    Do({"barrier", barrier_.name(), "wait"}, [&] {
      barrier_.arrive_and_wait();
      return json(true);
    });
    Do({"condition", condition_.name(), "wait"}, [&] {
      if (!lock_.try_lock_for(kPatience)) throw std::runtime_error("nobody else has this lock");
      condition_.wait_for(lock_, 5ms);
      lock_.release();
      return json(true);
    });
  }

  History& history_;
  const WorkOptions options_;
  std::mt19937_64 random_;
  const std::unique_ptr<Work> tally_;
  const int64_t number_;
  const std::string slot_;
  int64_t items_ = 0;
  Queue<int64_t> tasks_;
  Semaphore semaphore_;
  RecursiveLock rlock_;
  SharedLock rwlock_;
  Dict<std::string, int64_t> dict_;
  Array<int64_t> array_;
  Namespace namespace_;
  SortedSet<std::string> scores_;
  Set<int64_t> set_;
  SharedValue<int64_t> value_;
  Event event_;
  Barrier barrier_;
  Lock lock_;
  Condition condition_;
  Topic<int64_t> topic_;
  std::optional<Subscription<int64_t>> subscription_;
};

}  // namespace

std::unique_ptr<Work> MakeEndure(const Client& client, History& history,
                                 const WorkOptions& options) {
  return std::make_unique<Endure>(client, history, options);
}

}  // namespace coheld::testing
