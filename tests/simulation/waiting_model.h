// What the models of types have in common whose ops may wait: after each event everything that
// waits is tried again, oldest first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/change_gate.h"
#include "tests/unit/engine/sync_model.h"

namespace coheld::simulation {

using engine::testing::Due;

// What each call was answered, in words: "value 5", "QUEUE_EMPTY".
using Answers = std::map<uint64_t, std::string>;

// Op has call, session, thread, object, timeout_ms and fence.
template <typename Op>
class WaitingModel {
 public:
  virtual ~WaitingModel() = default;

  // Asks this from now on, until the next; nullptr lets all pass.
  void SetGate(const ChangeGate* gate) { gate_ = gate; }
  void OpenSession(uint64_t session) { sessions_.insert(session); }

  Answers EndSession(uint64_t session) {
    Answers answers;
    if (sessions_.erase(session) == 0) return answers;
    std::erase_if(waiters_, [&](const Waiter& waiter) {
      if (waiter.op.session == session) answers[waiter.op.call] = "SESSION_EXPIRED";
      return waiter.op.session == session;
    });
    Forget(session);
    Settle(&answers);
    return answers;
  }

  Answers Apply(const Op& op, int64_t now) {
    Answers answers;
    const std::optional<std::string> refusal = Refusal(op);
    if (refusal) {
      answers[op.call] = *refusal;
    } else if (MayProceed(op)) {
      answers[op.call] = Do(op);
    } else if (op.timeout_ms == uint64_t{0}) {
      answers[op.call] = TimedOut(op);
    } else {
      const auto timeout = static_cast<int64_t>(op.timeout_ms.value_or(0));
      waiters_.push_back({op, op.timeout_ms ? now + timeout : INT64_MAX});
    }
    Settle(&answers);
    return answers;
  }

  Answers Cancel(uint64_t call) {
    Answers answers;
    if (Drop(call)) answers[call] = "CANCELLED";
    Settle(&answers);
    return answers;
  }

  // True if the op waits and would be refused if it came now.
  bool IsRefused(uint64_t call) const {
    return std::any_of(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
      return waiter.op.call == call && Refusal(waiter.op);
    });
  }
  // It is refused.
  Answers Refuse(uint64_t call) {
    Answers answers;
    for (const Waiter& waiter : waiters_) {
      if (waiter.op.call == call) answers[call] = *Refusal(waiter.op);
    }
    Drop(call);
    Settle(&answers);
    return answers;
  }

  // What is due next, and doing it.
  Due NextDue() const {
    Due next;
    for (const Waiter& waiter : waiters_) {
      next = std::min(next, {.at_ms = waiter.deadline, .waits = true, .call = waiter.op.call});
    }
    return next;
  }
  Answers AdvanceOnce() {
    Answers answers;
    const uint64_t call = NextDue().call;
    for (const Waiter& waiter : waiters_) {
      if (waiter.op.call != call) continue;
      answers[call] = Refusal(waiter.op).value_or(TimedOut(waiter.op));
    }
    Drop(call);
    Settle(&answers);
    return answers;
  }

  // The calls that wait, in order.
  std::vector<uint64_t> Waiting() const {
    std::vector<uint64_t> calls;
    for (const Waiter& waiter : waiters_) calls.push_back(waiter.op.call);
    return calls;
  }

 protected:
  // True if the op changes nothing, whatever happens.
  virtual bool Reads(const Op& op) const = 0;
  // True if nothing but those before it in line keeps the op from being done.
  virtual bool IsReady(const Op& op) const = 0;
  // In which line the op waits.
  virtual std::string LineOf(const Op& op) const { return op.object; }
  // Does the op, which is ready; returns its answer.
  virtual std::string Do(const Op& op) = 0;
  virtual std::string TimedOut(const Op& op) const = 0;
  // The lines of objects that went since the last call: who waits there is told OBJECT_DELETED.
  virtual std::vector<std::string> TakeDeleted() { return {}; }
  // A session ended.
  virtual void Forget(uint64_t /*session*/) {}

  // Something changed without an op: what now goes on, or ends.
  Answers Settled() {
    Answers answers;
    Settle(&answers);
    return answers;
  }

  // How many wait in a line.
  uint64_t CountIn(const std::string& line) const {
    return static_cast<uint64_t>(
        std::count_if(waiters_.begin(), waiters_.end(),
                      [&](const Waiter& waiter) { return LineOf(waiter.op) == line; }));
  }

 private:
  struct Waiter {
    Op op;
    int64_t deadline = 0;
  };

  std::optional<std::string> Refusal(const Op& op) const {
    if (gate_ == nullptr || Reads(op)) return std::nullopt;
    return gate_->Refusal(op.object, op.session, op.thread, op.fence);
  }

  bool MayProceed(const Op& op) const {
    const bool waits_alike = std::any_of(waiters_.begin(), waiters_.end(), [&](const auto& other) {
      return other.op.call < op.call && LineOf(other.op) == LineOf(op);
    });
    return IsReady(op) && !(waits_alike && Parks(op));
  }

  bool Drop(uint64_t call) {
    return std::erase_if(waiters_,
                         [call](const Waiter& waiter) { return waiter.op.call == call; }) > 0;
  }

  void FailDeleted(Answers* answers) {
    for (const std::string& line : TakeDeleted()) {
      std::erase_if(waiters_, [&](const Waiter& waiter) {
        if (LineOf(waiter.op) == line) (*answers)[waiter.op.call] = "OBJECT_DELETED";
        return LineOf(waiter.op) == line;
      });
    }
  }

  void Settle(Answers* answers) {
    FailDeleted(answers);
    for (size_t i = 0; i < waiters_.size();) {
      const Op op = waiters_[i].op;
      if (!MayProceed(op)) {
        ++i;
        continue;
      }
      waiters_.erase(waiters_.begin() + static_cast<std::ptrdiff_t>(i));
      const std::optional<std::string> refusal = Refusal(op);
      (*answers)[op.call] = refusal ? *refusal : Do(op);
      FailDeleted(answers);
      i = 0;  // It may have let others go on.
    }
  }

 protected:
  // True if the op waits in line where others do.
  virtual bool Parks(const Op& op) const = 0;

 private:
  const ChangeGate* gate_ = nullptr;
  std::set<uint64_t> sessions_;
  std::vector<Waiter> waiters_;  // By call.
};

}  // namespace coheld::simulation
