// Work for the linearizability checker. See work.h.
#include <optional>
#include <string>

#include "coheld/coheld.h"
#include "tests/robustness/work.h"

namespace coheld::testing {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr uint64_t kPermits = 2;

template <typename T>
json OrNull(const std::optional<T>& value) {
  return value ? json(*value) : json();
}

class Mixed : public Work {
 public:
  Mixed(const Client& client, History& history, const WorkOptions& options)
      : client_(client), history_(history), options_(options), random_(options.seed) {}

  void DoOne() override {
    const uint64_t round = (HistoryTime() - options_.began) / 1'000'000 / options_.round_ms;
    if (round != round_) {
      Finish();
      round_ = round;
    }
    switch (Pick(6)) {
      case 0:
        return UseValue();
      case 1:
        return UseDict();
      case 2:
        return UseList();
      case 3:
        return UseQueue();
      case 4:
        return UseLock();
      default:
        return UseSemaphore();
    }
  }

  void Finish() override {
    if (lock_) Release();
    if (semaphore_) GiveBack();
  }

 private:
  uint64_t Pick(uint64_t count) { return random_() % count; }
  milliseconds Patience() { return milliseconds(Pick(2) == 0 ? 0 : Pick(20)); }
  std::string Name(const char* type) const { return std::string(type) + "/" + Round(); }
  std::string Round() const { return std::to_string(round_); }
  int64_t Fresh() { return (int64_t{options_.client} << 32) + ++fresh_; }

  // Makes an object of this round with what it needs, once; others may have made it. False if that
  // failed: nothing is known of it, and the next one tries again.
  template <typename Make>
  bool Made(std::optional<uint64_t>& made_in, Make make) {
    if (made_in == round_) return true;
    try {
      make();
    } catch (const Error&) {
      return false;
    }
    made_in = round_;
    return true;
  }

  void UseValue() {
    const SharedValue<int64_t> value(client_, Name("value"));
    if (!Made(value_made_, [&] { value.create({.initial = 0}); })) return;
    Invocation what{"value", value.name(), "get"};
    const int64_t operand = Fresh();
    std::optional<json> seen;
    switch (Pick(4)) {
      case 0:
        seen = history_.Do(what, [&] { return json(value.get()); });
        break;
      case 1:
        what.op = "set";
        what.arguments = {{"value", operand}};
        history_.Do(what, [&] { return value.set(operand), json(true); });
        break;
      case 2:
        what.op = "add";
        what.arguments = {{"amount", operand}};
        seen = history_.Do(what, [&] { return json(value.fetch_add(operand) + operand); });
        break;
      default:
        what.op = "compare_and_set";
        what.arguments = {{"expected", last_value_}, {"desired", operand}};
        history_.Do(what,
                    [&] { return json(value.compare_exchange(last_value_, operand).exchanged); });
    }
    if (seen) last_value_ = seen->get<int64_t>();
  }

  void UseDict() {
    const Dict<std::string, int64_t> dict(client_, Name("dict"));
    const std::string key(1, static_cast<char>('a' + Pick(3)));
    Invocation what{"dict", dict.name(), "get", {{"key", key}}};
    const int64_t operand = Fresh();
    switch (Pick(5)) {
      case 0:
        if (auto seen = history_.Do(what, [&] { return OrNull(dict.get(key)); })) {
          last_entry_ = seen->is_null() ? std::nullopt : std::optional(seen->get<int64_t>());
        }
        return;
      case 1:
        what.op = "set";
        what.arguments["value"] = operand;
        history_.Do(what, [&] { return dict.set(key, operand), json(true); });
        return;
      case 2:
        what.op = "pop";
        history_.Do(what, [&] { return OrNull(dict.pop(key)); });
        return;
      case 3:
        what.op = "add";
        what.arguments["amount"] = operand;
        history_.Do(what, [&] { return json(dict.increment(key, operand)); });
        return;
      default:
        what.op = "compare_and_set";
        what.arguments["expected"] = OrNull(last_entry_);
        what.arguments["desired"] = operand;
        history_.Do(what,
                    [&] { return json(dict.compare_and_set(key, last_entry_, operand).swapped); });
    }
  }

  void UseList() {
    const List<int64_t> list(client_, Name("list"));
    Invocation what{"list", list.name(), "append"};
    const int64_t item = Fresh();
    const int64_t index = Pick(2) == 0 ? 0 : -1;
    switch (Pick(4)) {
      case 0:
      case 1:
        what.arguments = {{"item", item}};
        history_.Do(what, [&] { return json(list.append(item).length); });
        return;
      case 2:
        what.op = "pop";
        what.arguments = {{"index", index}};
        history_.Do(what, [&] { return OrNull(list.try_pop(index)); });
        return;
      default:
        what.op = "get";
        what.arguments = {{"index", index}};
        history_.Do(what, [&] {
          try {
            return json(list.get(index));
          } catch (const IndexOutOfRange&) {
            return json();
          }
        });
    }
  }

  void UseQueue() {
    const Queue<int64_t> queue(client_, Name("queue"));
    const int64_t item = Fresh();
    // Fewer than every other one: the shorter the queue, the sooner its history is judged.
    if (Pick(5) < 2) {
      history_.Do({"queue", queue.name(), "put", {{"item", item}}},
                  [&] { return queue.put(item), json(true); });
      return;
    }
    const milliseconds patience = Patience();
    history_.Do({"queue", queue.name(), "get"},
                [&] { return OrNull(queue.try_get_for(patience)); });
  }

  void UseLock() {
    if (lock_) return Release();
    Lock lock(client_, Name("lock"));
    const milliseconds patience = Patience();
    const auto token = history_.Do({"lock", lock.name(), "acquire"}, [&] {
      return lock.try_lock_for(patience) ? json(lock.token()) : json();
    });
    if (token && !token->is_null()) lock_.emplace(lock);
  }
  void Release() {
    history_.Do({"lock", lock_->name(), "release"}, [&] { return lock_->release(), json(true); });
    lock_.reset();
  }

  void UseSemaphore() {
    if (semaphore_) return GiveBack();
    const Semaphore semaphore(client_, Name("semaphore"));
    if (!Made(semaphore_made_, [&] { semaphore.create({.permits = kPermits}); })) return;
    const milliseconds patience = Patience();
    const auto taken =
        history_.Do({"semaphore", semaphore.name(), "acquire", {{"permits", kPermits}}},
                    [&] { return json(semaphore.try_acquire_for(patience)); });
    if (taken && taken->get<bool>()) semaphore_.emplace(semaphore);
  }
  void GiveBack() {
    history_.Do({"semaphore", semaphore_->name(), "release", {{"permits", kPermits}}},
                [&] { return semaphore_->release(), json(true); });
    semaphore_.reset();
  }

  const Client& client_;
  History& history_;
  const WorkOptions options_;
  std::mt19937_64 random_;
  uint64_t round_ = 0;
  int64_t fresh_ = 0;
  int64_t last_value_ = 0;              // Of some value, for a comparison that may hold.
  std::optional<int64_t> last_entry_;   // Of some dict.
  std::optional<Lock> lock_;            // Held.
  std::optional<Semaphore> semaphore_;  // One permit of it is held.
  std::optional<uint64_t> value_made_;  // The rounds whose objects are there.
  std::optional<uint64_t> semaphore_made_;
};

}  // namespace

std::unique_ptr<Work> MakeMixed(const Client& client, History& history,
                                const WorkOptions& options) {
  return std::make_unique<Mixed>(client, history, options);
}

}  // namespace coheld::testing
