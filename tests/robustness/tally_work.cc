// Work whose every acknowledged op can be found again. See work.h.
#include <optional>
#include <stdexcept>
#include <string>

#include "coheld/coheld.h"
#include "tests/robustness/work.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Far above what all others together need for their turns.
constexpr auto kLockPatience = 120s;

class Tally : public Work {
 public:
  Tally(const Client& client, History& history, const WorkOptions& options)
      : history_(history),
        options_(options),
        random_(options.seed),
        counter_(client, "tally/counter"),
        queue_(client, "tally/queue"),
        list_(client, "tally/list"),
        lock_(client, "{tally}/lock"),
        cell_(client, "{tally}/cell") {}

  void DoOne() override {
    switch (random_() % 6) {
      case 0:
        return Increment();
      case 1:
        return Put();
      case 2:
        return Get();
      case 3:
        return Append();
      case 4:
        return Pop();
      default:
        return BeInTheLock();
    }
  }

 private:
  // Does an op, and ends the process if that fails or nobody knows: nothing may, here.
  template <typename Action>
  json Do(const Invocation& invocation, Action action) {
    std::optional<json> result = history_.Do(invocation, action);
    if (!result)
      throw std::runtime_error(std::string(invocation.op) + " on " + invocation.object +
                               " failed, or its outcome is unknown: see the history");
    return *result;
  }

  int64_t NextItem() { return (int64_t{options_.client} << 32) + ++items_; }

  void Increment() {
    Do({"counter", "tally/counter", "add", {{"amount", 1}}}, [&] { return json(counter_.add(1)); });
  }

  void Put() {
    const int64_t item = NextItem();
    Do({"queue", "tally/queue", "put", {{"item", item}}}, [&] {
      queue_.put(item);
      return json(true);
    });
  }

  void Get() {
    const auto patience = random_() % 2 == 0 ? 0ms : 20ms;
    Do({"queue", "tally/queue", "get"}, [&] {
      const auto item = queue_.try_get_for(patience);
      return item ? json(*item) : json();
    });
  }

  void Append() {
    const int64_t item = NextItem();
    Do({"list", "tally/list", "append", {{"item", item}}},
       [&] { return json(list_.append(item).length); });
  }

  void Pop() {
    const int64_t index = random_() % 2 == 0 ? 0 : -1;
    Do({"list", "tally/list", "pop", {{"index", index}}}, [&] {
      const auto item = list_.try_pop(index);
      return item ? json(*item) : json();
    });
  }

  // An increment by two ops, which only the lock keeps together.
  void BeInTheLock() {
    const json token = Do({"lock", "{tally}/lock", "acquire"}, [&] {
      return lock_.try_lock_for(kLockPatience) ? json(lock_.token()) : json();
    });
    if (token.is_null()) throw std::runtime_error("somebody does not let go of the lock");
    const json before = Do({"value", "{tally}/cell", "get"}, [&] { return json(cell_.get()); });
    const int64_t next = before.get<int64_t>() + 1;
    Do({"value", "{tally}/cell", "set", {{"value", next}}}, [&] {
      cell_.set(next);
      return json(true);
    });
    Do({"lock", "{tally}/lock", "release"}, [&] {
      lock_.release();
      return json(true);
    });
  }

  History& history_;
  const WorkOptions options_;
  std::mt19937_64 random_;
  int64_t items_ = 0;
  Counter counter_;
  Queue<int64_t> queue_;
  List<int64_t> list_;
  Lock lock_;
  SharedValue<int64_t> cell_;
};

}  // namespace

std::unique_ptr<Work> MakeTally(const Client& client, History& history,
                                const WorkOptions& options) {
  return std::make_unique<Tally>(client, history, options);
}

}  // namespace coheld::testing
