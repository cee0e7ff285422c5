// The host's state: who serves it, and the calls that are under way. The ops are in host_object.cc;
// hosted_object.cc tells it which objects stand for one in it.
//
//   Call --Admit--> kWaiting --TakeNext--> kRunning --Answer--> kAnswered --End--> (its op replies)
//                       |                     |'-- service ends --> kGone --End--> (HOST_GONE)
//                       '------ caller left --'-> End, and the host is told if it runs
//
// A call is kept from its arrival, not from a grant: unlike other waiting ops it has an effect, as
// somebody runs it. Nothing of it is durable, and it never touches the host's version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coheld/v1/host.pb.h"
#include "server/engine/object.h"
#include "server/engine/turn.h"
#include "server/engine/value.h"

namespace coheld::engine {

// One call of a method in the host.
struct HostCall {
  enum class Progress { kWaiting, kRunning, kAnswered, kGone };

  CallId number{};  // That of the op that calls.
  Owner caller;
  Progress progress = Progress::kWaiting;
  std::string target;
  std::string method;
  Value arguments;  // Null once taken.
  Value keywords;
  size_t bytes = 0;  // Of what is kept until it is taken.
  bool raised = false;
  Value result;
  WaitQueue caller_queue;  // Where the caller's op is parked, alone.
};

class HostObject : public Object {
 public:
  uint64_t size() const override { return hosted_; }
  std::vector<Hold> holds() const override;
  std::vector<WaitQueue*> wait_queues() override;
  bool guardable() const override { return false; }
  void VisitValues(const ValueVisitor& visit) const override;
  void WaiterLeft(const Stamp& waiter, Turn& turn) override;
  void ForgetSession(SessionId session, Turn& turn) override;
  void Save(StateWriter& state) const override;
  void Load(StateReader& state) override;

  // Who serves it, if anybody.
  const std::optional<Hold>& service() const { return service_; }
  // HOST_NOT_ATTACHED unless this session serves it.
  std::optional<Failure> CheckServedBy(SessionId session) const;
  // HOST_GONE, in words.
  Failure Gone() const;
  // Makes the caller's session the one that serves it; nobody else may.
  void BeginService(Turn& turn);
  // Ends the service: fails all calls, forgets what was to be told.
  void EndService(Turn& turn);

  // Returns the call of the op that is applied, or nullptr when it just arrived.
  HostCall* CallOf(const Turn& turn);
  // Lets a call in. TOO_MANY, TOO_LARGE, and what is wrong with its values.
  Result<HostCall*> Admit(const v1::HostCallRequest& request, Turn& turn);
  // Takes the oldest waiting call, or nullptr.
  HostCall* TakeNext();
  // Returns the running call of this number, or nullptr.
  HostCall* Running(uint64_t number);
  // Keeps what a running call answered until its caller's op takes it.
  void Answer(HostCall& call, bool raised, Value result, Turn& turn);
  // Forgets a call.
  void End(HostCall& call);

  // Notes a hosted object of the present service, which there is; returns the service's token.
  uint64_t AddHosted() {
    ++hosted_;
    return service_->token;
  }
  // Notes that a hosted object of the service with this token is gone.
  void DropHosted(uint64_t service_token, const std::string& target, Turn& turn);
  // True if a Take would have something to tell.
  bool HasNews() const;
  // Moves the drops and cancels that may be told into a reply, up to a page of each.
  void TellNews(v1::HostTakeReply* reply);

  uint64_t waiting() const { return waiting_.size(); }
  uint64_t running() const { return running_; }
  // The waiting call that TakeNext takes, or nullptr.
  const HostCall* Next() const { return waiting_.empty() ? nullptr : waiting_.begin()->second; }

  WaitQueue takers;

 private:
  // A target to drop, once no call waits that came before.
  struct Drop {
    CallId after{};
    std::string target;
  };
  bool MayTell(const Drop& drop) const;
  // Makes a call that waits and has nothing yet.
  HostCall& AddCall(CallId number, const Owner& caller);
  void SaveCall(const HostCall& call, StateWriter& state) const;
  void LoadCall(StateReader& state);

  std::optional<Hold> service_;
  uint64_t hosted_ = 0;
  CallId last_admitted_{};
  std::map<CallId, HostCall*> calls_;    // All of them.
  std::map<CallId, HostCall*> waiting_;  // Those that nobody took.
  uint64_t running_ = 0;
  size_t waiting_bytes_ = 0;
  std::deque<Drop> drops_;
  std::deque<CallId> cancels_;
  // Calls live here and are used again: a wake may be under way for a queue of one that ended.
  std::deque<HostCall> places_;
  std::vector<HostCall*> free_;
};

}  // namespace coheld::engine
