// The simulated time, and what is to happen when. One thread: running a task is all that happens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace coheld::simulation {

// Microseconds since the run began.
enum class Time : int64_t {};

constexpr Time operator+(Time time, int64_t us) { return Time{static_cast<int64_t>(time) + us}; }
constexpr int64_t operator-(Time a, Time b) {
  return static_cast<int64_t>(a) - static_cast<int64_t>(b);
}
constexpr int64_t kMs = 1000;
constexpr int64_t kSecond = 1000 * kMs;

class Schedule {
 public:
  using Task = std::function<void()>;

  Time now() const { return now_; }

  // Runs a task at this time, or now if it has passed; those of one time in the order in which they
  // were given.
  void At(Time when, Task task) {
    tasks_.emplace(std::pair(when < now_ ? now_ : when, ++last_), std::move(task));
  }
  void After(int64_t us, Task task) { At(now_ + us, std::move(task)); }

  // Runs what is due until then, or until `done` says so.
  template <typename Done>
  void RunUntil(Time end, Done done) {
    while (!tasks_.empty() && tasks_.begin()->first.first <= end && !done()) {
      auto task = tasks_.extract(tasks_.begin());
      now_ = task.key().first;
      task.mapped()();
    }
    if (now_ < end && !done()) now_ = end;
  }

 private:
  Time now_{};
  uint64_t last_ = 0;
  std::map<std::pair<Time, uint64_t>, Task> tasks_;
};

}  // namespace coheld::simulation
