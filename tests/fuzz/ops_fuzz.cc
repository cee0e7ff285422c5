// Fuzzes the engine: any steps leave it whole, and the same steps on a second engine give the same
// replies and the same state, though that is saved and loaded into another every now and then.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/object.pb.h"
#include "proto/wire/check.h"
#include "server/engine/engine.h"
#include "tests/fuzz/op_steps.h"

namespace coheld::fuzz {
namespace {

using engine::CallId;
using engine::Engine;
using engine::Owner;
using engine::Reply;
using engine::SessionId;
using engine::TimeMs;

constexpr size_t kStepsMax = 300;
constexpr size_t kStepsPerReload = 4;

// Every op that waits is in its queue, its session and the table, and nothing else is.
void CheckParked(const Engine& engine) {
  size_t queued = 0;
  for (const auto& [name, held] : engine.store().objects()) {
    const engine::Object* const object = held.object.get();  // Clang 14 captures no binding.
    for (const engine::WaitQueue* queue : held.object->all_queues()) {
      for (const engine::ParkedOp* op : queue->ops()) {
        bool stands = false;
        engine::ForEachPlace(*op, [&](const engine::ParkedOp::Place& place) {
          stands |= place.queue == queue && place.object == object;
        });
        COHELD_CHECK(stands && &engine.parked().at(op->stamp.call) == op);
        ++queued;
      }
    }
  }
  size_t places = 0;
  for (const auto& [call, op] : engine.parked()) places += 1 + op.others.size();
  COHELD_CHECK(queued == places);
  size_t of_sessions = 0;
  for (const auto& [id, session] : engine.sessions().all()) {
    for (const CallId call : session.parked) {
      COHELD_CHECK(engine.parked().at(call).stamp.owner.session == id);
    }
    of_sessions += session.parked.size();
  }
  for (const auto& [call, op] : engine.parked()) {
    if (op.stamp.owner.session == engine::kNoSession) ++of_sessions;
  }
  COHELD_CHECK(of_sessions == engine.parked().size());
}

// Rights belong to open sessions that know of them.
void CheckHolds(const Engine& engine) {
  for (const auto& [name, held] : engine.store().objects()) {
    COHELD_CHECK(held.object->name() == name);
    for (const engine::Hold& hold : held.object->holds()) {
      const engine::Session* session = engine.sessions().Find(hold.owner.session);
      COHELD_CHECK(session != nullptr && session->held.contains(name));
    }
  }
  for (const auto& [id, session] : engine.sessions().all()) {
    for (const std::string& name : session.held) {
      COHELD_CHECK(engine.store().Find(name) != nullptr);
    }
  }
}

// Every anonymous object that is there is kept by something, and the books on it agree.
void CheckLifetimes(const Engine& engine) {
  std::map<std::string, uint64_t, std::less<>> handles;
  for (const auto& [id, session] : engine.sessions().all()) {
    for (const auto& [name, held] : session.handles) {
      COHELD_CHECK(held.count > 0 && held.tenure->name == name);
      handles[name] += held.count;
    }
  }
  uint64_t anonymous = 0;
  for (const auto& [name, held] : engine.store().objects()) {
    const engine::Tenure* tenure = engine.lifetime().Find(name);
    COHELD_CHECK((tenure != nullptr) == engine::IsAnonymous(name));
    if (tenure == nullptr) continue;
    ++anonymous;
    COHELD_CHECK(tenure->object == held.object.get() && tenure->handles == handles[name]);
    COHELD_CHECK(tenure->handles > 0 || tenure->references > 0 ||
                 held.object->end() != engine::kNever);
  }
  COHELD_CHECK(anonymous == engine.lifetime().anonymous());
}

// What an op must leave as it was if it fails or only reads.
struct Before {
  size_t objects = 0;
  std::map<std::string, uint64_t> versions;

  explicit Before(const Engine& engine) : objects(engine.store().objects().size()) {
    for (const auto& [name, held] : engine.store().objects()) {
      versions[name] = held.object->version();
    }
  }
};

class Run {
 public:
  Run() { engine_->SetDeadlockPolicy(engine::DeadlockPolicy::kCloser); }

  void Take(const Step& step) {
    replies_.clear();
    switch (step.kind) {
      case StepKind::kRawOp:
      case StepKind::kShapedOp:
      case StepKind::kStampedOp:
        Apply(step);
        break;
      case StepKind::kAbandon:
        if (step.calls_back >= last_call_) break;
        engine_->Abandon(CallId{last_call_ - step.calls_back}, now_, &replies_);
        break;
      case StepKind::kCancel:
        if (step.calls_back >= last_call_) break;
        engine_->Cancel(CallId{last_call_ - step.calls_back},
                        {v1::ERROR_REASON_CANCELLED, "cancelled"}, now_, &replies_);
        break;
      case StepKind::kAdvance:
        now_ = engine::After(now_, step.milliseconds);
        engine_->Advance(now_, &replies_);
        COHELD_CHECK(engine_->NextDeadline() > now_);
        break;
      case StepKind::kOpenSession:
        if (step.session == 0 || slots_[step.session] != engine::kNoSession) break;
        slots_[step.session] = SessionId{++last_session_};
        engine_->OpenSession(slots_[step.session], {}, 10000, now_);
        break;
      case StepKind::kEndSession:
        // The slot stays taken: ops of an ended session are refused.
        engine_->EndSession(slots_[step.session], now_, &replies_);
        break;
    }
    CheckReplies();
    CheckParked(*engine_);
    CheckHolds(*engine_);
    CheckLifetimes(*engine_);
  }

  // Goes on with an engine that loaded what the one before saved.
  void Reload() {
    std::string state;
    engine_->Save([&](std::string_view bytes) { state += bytes; });
    engine_ = std::make_unique<Engine>();
    COHELD_CHECK(!engine_->Load(state));
    engine_->SetDeadlockPolicy(engine::DeadlockPolicy::kCloser);
  }

  // Without sessions and objects nothing is left to wait for.
  void End() {
    for (size_t slot = 1; slot < kSessionSlots; ++slot) {
      replies_.clear();
      engine_->EndSession(slots_[slot], now_, &replies_);
      CheckReplies();
      CheckHolds(*engine_);
    }
    while (DeleteUnguarded()) {
    }
    // Locks are not guarded, so the guards' locks are gone and anybody may take the guards away.
    while (!engine_->store().objects().empty()) {
      v1::ObjectUnguardRequest request;
      request.set_name(engine_->store().objects().begin()->first);
      Take({.kind = StepKind::kRawOp, .method = 1066, .payload = request.SerializeAsString()});
      COHELD_CHECK(DeleteUnguarded());
    }
    COHELD_CHECK(engine_->parked().empty() && waiting_.empty());
  }

  const std::vector<Reply>& replies() const { return replies_; }
  engine::StateDigest Digest() const { return engine_->Digest(); }
  // True if the call is Watch.Changes.
  bool Watched(CallId call) const { return watched_.contains(call); }

 private:
  // Deletes the first object that has no guard. Returns false if there is none.
  bool DeleteUnguarded() {
    for (const auto& [name, held] : engine_->store().objects()) {
      if (held.object->guard() != nullptr) continue;
      v1::AdminDeleteRequest request;
      request.set_name(name);
      Take({.kind = StepKind::kRawOp, .method = 104, .payload = request.SerializeAsString()});
      return true;
    }
    return false;
  }

  void Apply(const Step& step) {
    const engine::OpRow* row = engine::FindOp(step.method);
    const Before before(*engine_);
    const CallId call{++last_call_};
    waiting_[call] = row;
    if (step.seq != 0) NoteCopy(step, call, row);
    if (row->method->name == "Watch.Changes") watched_.insert(call);
    const std::optional<CallId> waits =
        engine_->Apply({.call = call,
                        .owner = {.session = slots_[step.session], .thread = step.thread},
                        .now = now_,
                        .seq = step.seq,
                        .acked = step.acked,
                        .lane = step.lane,
                        .token = step.token},
                       step.method, step.payload, &replies_);
    if (waits && *waits != call) waiting_.erase(call);  // A copy, which shares the other's fate.
    const bool answered = !replies_.empty() && replies_.front().call == call;
    if (!answered) return;
    const bool failed = replies_.front().failure.has_value();
    const bool reads = row->method->read_only && row->missing != engine::Missing::kCreate;
    if (!failed && !reads) return;
    COHELD_CHECK(replies_.size() == 1);
    COHELD_CHECK(engine_->store().objects().size() == before.objects);
    for (const auto& [name, held] : engine_->store().objects()) {
      COHELD_CHECK(before.versions.at(name) == held.object->version());
    }
  }

  // Remembers the method that came first with this lane and seq: a copy, whatever its own method,
  // may be answered as that.
  void NoteCopy(const Step& step, CallId call, const engine::OpRow* row) {
    const auto key = std::tuple(slots_[step.session], step.lane, step.seq);
    if (first_rows_.emplace(key, row).first->second != row) unlike_.insert(call);
  }

  // Every reply is the only one of a call that waited for it, and is what its method promises.
  void CheckReplies() {
    for (const Reply& reply : replies_) {
      const auto call = waiting_.find(reply.call);
      COHELD_CHECK(call != waiting_.end());
      if (reply.failure) {
        COHELD_CHECK(reply.failure->reason != v1::ERROR_REASON_UNSPECIFIED);
        COHELD_CHECK(reply.failure->reason != v1::ERROR_REASON_INTERNAL);
        COHELD_CHECK(!reply.failure->message.empty() && reply.payload.empty());
      } else if (!unlike_.contains(reply.call)) {
        CheckMessage(*call->second->method, reply.payload);
      }
      waiting_.erase(call);
    }
    COHELD_CHECK(waiting_.size() == engine_->parked().size());
    for (const auto& [call, op] : engine_->parked()) COHELD_CHECK(waiting_.contains(call));
  }

  static void CheckMessage(const wire::MethodRow& method, const std::string& payload) {
    auto* const factory = google::protobuf::MessageFactory::generated_factory();
    const std::unique_ptr<google::protobuf::Message> reply(
        factory->GetPrototype(method.descriptor->output_type())->New());
    COHELD_CHECK(engine::ParseRequest(payload, reply.get()));
  }

  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  TimeMs now_{1000};
  uint64_t last_call_ = 0;
  uint64_t last_session_ = 0;
  SessionId slots_[kSessionSlots] = {};
  std::map<CallId, const engine::OpRow*> waiting_;
  std::set<CallId> watched_;
  std::map<std::tuple<SessionId, uint32_t, uint64_t>, const engine::OpRow*> first_rows_;
  std::set<CallId> unlike_;  // Copies of another method's op.
  std::vector<Reply> replies_;
};

void CheckSame(const Run& first, const Run& second) {
  const std::vector<Reply>& a = first.replies();
  const std::vector<Reply>& b = second.replies();
  COHELD_CHECK(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    COHELD_CHECK(a[i].call == b[i].call);
    // Past changes are no state: an engine that was loaded has none to tell.
    if (first.Watched(a[i].call)) continue;
    COHELD_CHECK(a[i].payload == b[i].payload);
    COHELD_CHECK(a[i].failure.has_value() == b[i].failure.has_value());
    COHELD_CHECK(!a[i].failure || a[i].failure->message == b[i].failure->message);
  }
  COHELD_CHECK(first.Digest() == second.Digest());
}

}  // namespace
}  // namespace coheld::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace coheld::fuzz;
  google::protobuf::SetLogHandler(nullptr);  // It tells of every text that is not UTF-8.
  ByteSource source(bytes, size);
  Run first;
  Run second;
  for (size_t steps = 0; !source.empty() && steps < kStepsMax; ++steps) {
    const Step step = ReadStep(source);
    first.Take(step);
    second.Take(step);
    CheckSame(first, second);
    if (steps % kStepsPerReload == 0) second.Reload();
  }
  first.End();
  second.End();
  return 0;
}
