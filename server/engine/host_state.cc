// See host_object.h.
#include <algorithm>
#include <utility>

#include "proto/wire/check.h"
#include "server/engine/host_object.h"
#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {

std::vector<Hold> HostObject::holds() const {
  return service_ ? std::vector<Hold>{*service_} : std::vector<Hold>();
}

std::vector<WaitQueue*> HostObject::wait_queues() {
  std::vector<WaitQueue*> queues = {&takers};
  queues.reserve(1 + calls_.size());
  for (const auto& [number, call] : calls_) queues.push_back(&call->caller_queue);
  return queues;
}

void HostObject::VisitValues(const ValueVisitor& visit) const {
  for (const auto& [number, call] : calls_) {
    visit(call->arguments);
    visit(call->keywords);
    visit(call->result);
  }
}

void HostObject::WaiterLeft(const Stamp& waiter, Turn& turn) {
  const auto found = calls_.find(waiter.call);
  if (found == calls_.end()) return;  // It was a Take.
  HostCall& call = *found->second;
  if (call.progress == HostCall::Progress::kRunning) {
    cancels_.push_back(call.number);
    turn.Wake(takers);
  }
  End(call);
}

void HostObject::ForgetSession(SessionId session, Turn& turn) {
  if (service_ && service_->owner.session == session) EndService(turn);
}

std::optional<Failure> HostObject::CheckServedBy(SessionId session) const {
  if (service_ && service_->owner.session == session) return std::nullopt;
  return Failure{v1::ERROR_REASON_HOST_NOT_ATTACHED,
                 "this session does not serve the host \"" + name() +
                     "\" (any more); attach before you take and answer calls"};
}

Failure HostObject::Gone() const {
  return {v1::ERROR_REASON_HOST_GONE,
          "no program serves the host \"" + name() +
              "\", or it went before it answered (then the call may have run or not); start it, "
              "make the objects anew and retry"};
}

void HostObject::BeginService(Turn& turn) {
  COHELD_CHECK(!service_);
  service_ = {.owner = turn.owner(), .token = turn.NextToken(), .since = turn.now()};
  turn.NoteHold(turn.owner().session, *this);
  Touch();
}

void HostObject::EndService(Turn& turn) {
  turn.NoteRelease(service_->owner.session, *this);
  service_.reset();
  hosted_ = 0;
  drops_.clear();
  cancels_.clear();
  for (const auto& [number, call] : calls_) {
    if (call->progress == HostCall::Progress::kAnswered) continue;
    call->progress = HostCall::Progress::kGone;
    turn.Wake(call->caller_queue);
  }
  waiting_.clear();
  waiting_bytes_ = 0;
  running_ = 0;
  turn.WakeAll(takers);
  Touch();
}

HostCall* HostObject::CallOf(const Turn& turn) {
  const auto found = calls_.find(turn.call());
  return found == calls_.end() ? nullptr : found->second;
}

Result<HostCall*> HostObject::Admit(const v1::HostCallRequest& request, Turn& turn) {
  Result<Value> arguments = FromWire(request.arguments());
  if (!arguments.ok()) return arguments.failure();
  Result<Value> keywords = FromWire(request.keywords());
  if (!keywords.ok()) return keywords.failure();
  if (calls_.size() >= kHostCallsMax) {
    return Failure{v1::ERROR_REASON_TOO_MANY,
                   std::to_string(calls_.size()) + " calls of the host \"" + name() +
                       "\" are not answered, and no more are let in; retry later"};
  }
  const size_t bytes = request.target().size() + request.method().size() +
                       arguments.value().owned_bytes() + keywords.value().owned_bytes();
  if (bytes > kHostCallBytesMax - std::min(waiting_bytes_, kHostCallBytesMax)) {
    return Failure{v1::ERROR_REASON_TOO_LARGE,
                   "the arguments of waiting calls of the host \"" + name() + "\" take " +
                       std::to_string(waiting_bytes_) + " bytes, and " + std::to_string(bytes) +
                       " more would pass " + std::to_string(kHostCallBytesMax) +
                       "; retry later, or with less"};
  }
  HostCall& call = AddCall(turn.call(), turn.owner());
  last_admitted_ = call.number;
  call.target = request.target();
  call.method = request.method();
  call.arguments = std::move(arguments).value();
  call.keywords = std::move(keywords).value();
  call.bytes = bytes;
  waiting_bytes_ += bytes;
  waiting_.emplace(call.number, &call);
  turn.Wake(takers);
  return &call;
}

HostCall& HostObject::AddCall(CallId number, const Owner& caller) {
  if (free_.empty()) free_.push_back(&places_.emplace_back());
  HostCall* const call = free_.back();
  free_.pop_back();
  call->number = number;
  call->caller = caller;
  call->progress = HostCall::Progress::kWaiting;
  calls_.emplace(number, call);
  return *call;
}

HostCall* HostObject::TakeNext() {
  if (waiting_.empty()) return nullptr;
  HostCall* call = waiting_.begin()->second;
  waiting_.erase(waiting_.begin());
  waiting_bytes_ -= call->bytes;
  ++running_;
  call->progress = HostCall::Progress::kRunning;
  return call;
}

HostCall* HostObject::Running(uint64_t number) {
  const auto found = calls_.find(CallId{number});
  if (found == calls_.end()) return nullptr;
  return found->second->progress == HostCall::Progress::kRunning ? found->second : nullptr;
}

void HostObject::Answer(HostCall& call, bool raised, Value result, Turn& turn) {
  call.raised = raised;
  call.result = std::move(result);
  call.progress = HostCall::Progress::kAnswered;
  --running_;
  turn.Wake(call.caller_queue);
}

void HostObject::End(HostCall& call) {
  if (call.progress == HostCall::Progress::kRunning) --running_;
  if (waiting_.erase(call.number) > 0) waiting_bytes_ -= call.bytes;
  calls_.erase(call.number);
  call.target.clear();
  call.method.clear();
  call.arguments = Value();
  call.keywords = Value();
  call.result = Value();
  free_.push_back(&call);
}

void HostObject::DropHosted(uint64_t service_token, const std::string& target, Turn& turn) {
  if (!service_ || service_->token != service_token) return;
  --hosted_;
  drops_.push_back({last_admitted_, target});
  if (MayTell(drops_.front())) turn.Wake(takers);
}

bool HostObject::MayTell(const Drop& drop) const {
  return waiting_.empty() || waiting_.begin()->first > drop.after;
}

bool HostObject::HasNews() const {
  return !waiting_.empty() || !cancels_.empty() || (!drops_.empty() && MayTell(drops_.front()));
}

void HostObject::TellNews(v1::HostTakeReply* reply) {
  for (uint32_t told = 0; told < kPageItemsDefault && !cancels_.empty(); ++told) {
    reply->add_cancelled(static_cast<uint64_t>(cancels_.front()));
    cancels_.pop_front();
  }
  for (uint32_t told = 0; told < kPageItemsDefault; ++told) {
    if (drops_.empty() || !MayTell(drops_.front())) break;
    reply->add_dropped(std::move(drops_.front().target));
    drops_.pop_front();
  }
}

// --- Saved state ---

void HostObject::Save(StateWriter& state) const {
  state.PutVersion(1);
  state.PutHold(service_);
  state.PutUnsigned(hosted_);
  state.PutCall(last_admitted_);
  state.PutUnsigned(calls_.size());
  for (const auto& [number, call] : calls_) SaveCall(*call, state);
  state.PutUnsigned(drops_.size());
  for (const Drop& drop : drops_) {
    state.PutCall(drop.after);
    state.PutBytes(drop.target);
  }
  state.PutUnsigned(cancels_.size());
  for (const CallId cancelled : cancels_) state.PutCall(cancelled);
}

void HostObject::SaveCall(const HostCall& call, StateWriter& state) const {
  const bool running = call.progress == HostCall::Progress::kRunning;
  // One that is answered or gone was told so by now.
  COHELD_CHECK(running || call.progress == HostCall::Progress::kWaiting);
  state.PutCall(call.number);
  state.PutOwner(call.caller);
  state.PutFlag(running);
  state.PutBytes(call.target);
  state.PutBytes(call.method);
  if (running) return;
  state.PutValue(call.arguments);
  state.PutValue(call.keywords);
}

void HostObject::Load(StateReader& state) {
  state.TakeVersion(1);
  service_ = state.TakeOptionalHold();
  hosted_ = state.TakeUnsigned();
  last_admitted_ = state.TakeCall();
  const size_t calls = state.TakeCount();
  for (size_t i = 0; i < calls && state.ok(); ++i) LoadCall(state);
  const size_t drops = state.TakeCount();
  for (size_t i = 0; i < drops && state.ok(); ++i) {
    const CallId after = state.TakeCall();
    drops_.push_back({after, state.TakeString()});
  }
  const size_t cancels = state.TakeCount();
  for (size_t i = 0; i < cancels && state.ok(); ++i) cancels_.push_back(state.TakeCall());
}

void HostObject::LoadCall(StateReader& state) {
  const CallId number = state.TakeNextCall(calls_);
  const Owner caller = state.TakeOwner();
  const bool running = state.TakeFlag();
  if (!state.ok()) return;
  HostCall& call = AddCall(number, caller);
  call.target = state.TakeString();
  call.method = state.TakeString();
  if (running) {
    call.progress = HostCall::Progress::kRunning;
    ++running_;
    return;
  }
  call.arguments = state.TakeValue();
  call.keywords = state.TakeValue();
  call.bytes = call.target.size() + call.method.size() + call.arguments.owned_bytes() +
               call.keywords.owned_bytes();
  waiting_bytes_ += call.bytes;
  waiting_.emplace(number, &call);
}

}  // namespace coheld::engine
