// Random calls of several sessions through a host, with programs that come and go, cancels and
// timeouts, against a naive model of what must be answered. Run one seed again with COHELD_SEED=N.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/host.pb.h"
#include "coheld/v1/hosted.pb.h"
#include "proto/wire/methods.h"
#include "proto/wire/status.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/reload.h"
#include "tests/unit/engine/shadow.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

constexpr int kSeeds = 100;
constexpr int kEvents = 300;

uint32_t Number(const std::string& path) { return wire::FindMethod("/coheld.v1." + path)->number; }

// What the model knows of a call that is not answered.
struct ModelCall {
  uint64_t session = 0;
  int64_t deadline = 0;
  bool taken = false;
};

class RandomHost {
 public:
  explicit RandomHost(uint64_t seed) : random_(seed) {
    engine_->SetInputLog(&shadow_);

    for (uint64_t session = 1; session <= 4; ++session) Open();
  }

  void Go() {
    for (int event = 0; event < kEvents && !::testing::Test::HasFailure(); ++event) {
      Step();
      if (Pick(4) == 0) Reload(&engine_);
      engine_->SetInputLog(&shadow_);
      shadow_.Follow(*engine_);
    }
  }

 private:
  uint64_t Pick(uint64_t count) { return random_() % count; }

  void Open() {
    engine_->OpenSession(SessionId{++last_session_}, {}, 10'000, TimeMs{now_});
    sessions_.push_back(last_session_);
  }

  template <typename Request>
  std::vector<Reply> Apply(uint64_t session, const std::string& path, Request request) {
    std::vector<Reply> replies;
    engine_->Apply({.call = CallId{++last_call_},
                    .owner = {.session = SessionId{session}},
                    .now = TimeMs{now_}},
                   Number(path), request.SerializeAsString(), &replies);
    return replies;
  }

  void Step() {
    const uint64_t dice = Pick(100);
    const uint64_t session = sessions_[Pick(sessions_.size())];
    if (dice < 35) return Call(session);
    if (dice < 55) return Take();
    if (dice < 70) return Answer();
    if (dice < 76) return Attach(session);
    if (dice < 82) return MakeHosted();
    if (dice < 87) return DropHosted();
    if (dice < 92) return Cancel();
    if (dice < 97) return Advance();
    EndSession(session);
  }

  void Call(uint64_t session) {
    v1::HostCallRequest request;
    request.set_name("h");
    const bool bounded = Pick(2) == 0;
    const uint64_t timeout_ms = 1 + Pick(40);
    if (bounded) request.set_timeout_ms(timeout_ms);
    const std::vector<Reply> replies = Apply(session, "Host/Call", request);
    if (server_ == 0) return ExpectFailure(replies, last_call_, "HOST_GONE");
    EXPECT_TRUE(replies.empty());
    calls_[last_call_] = {session, bounded ? now_ + static_cast<int64_t>(timeout_ms) : INT64_MAX,
                          false};
  }

  void Take() {
    v1::HostTakeRequest request;
    request.set_name("h");
    request.set_limit(static_cast<uint32_t>(Pick(3)));
    request.set_timeout_ms(0);
    const std::vector<Reply> replies = Apply(server_, "Host/Take", request);
    if (server_ == 0) return ExpectFailure(replies, last_call_, "HOST_NOT_ATTACHED");
    const auto reply = Parse<v1::HostTakeReply>(replies, last_call_);
    std::vector<uint64_t> waiting;
    for (const auto& [number, call] : calls_) {
      if (!call.taken) waiting.push_back(number);
    }
    if (request.limit() != 0 && waiting.size() > request.limit()) waiting.resize(request.limit());
    ASSERT_EQ(static_cast<size_t>(reply.calls_size()), waiting.size());
    for (size_t i = 0; i < waiting.size(); ++i) {
      EXPECT_EQ(reply.calls(static_cast<int>(i)).number(), waiting[i]);
      EXPECT_EQ(reply.calls(static_cast<int>(i)).session(), calls_[waiting[i]].session);
      calls_[waiting[i]].taken = true;
    }
    EXPECT_EQ(std::multiset<uint64_t>(reply.cancelled().begin(), reply.cancelled().end()),
              cancelled_);
    cancelled_.clear();
    for (const std::string& target : reply.dropped()) {
      ASSERT_EQ(drops_.count(target), 1u) << target;
      for (const auto& [number, call] : calls_) {
        EXPECT_TRUE(call.taken || number > drops_[target]) << "dropped before call " << number;
      }
      drops_.erase(target);
    }
    for (const auto& [target, after] : drops_) {
      bool held_back = false;
      for (const auto& [number, call] : calls_) held_back |= !call.taken && number <= after;
      EXPECT_TRUE(held_back) << target << " was not told";
    }
  }

  void Answer() {
    if (server_ == 0 || last_call_ == 0) return;
    v1::HostAnswerRequest request;
    request.set_name("h");
    uint64_t number = 1 + Pick(last_call_);
    if (!calls_.empty() && Pick(4) != 0) {
      number = std::next(calls_.begin(), static_cast<std::ptrdiff_t>(Pick(calls_.size())))->first;
    }
    request.set_number(number);
    request.mutable_result()->set_integer(static_cast<int64_t>(number) * 7);
    const std::vector<Reply> replies = Apply(server_, "Host/Answer", request);
    const auto found = calls_.find(number);
    const bool delivered = found != calls_.end() && found->second.taken;
    EXPECT_EQ(Parse<v1::HostAnswerReply>(replies, last_call_).delivered(), delivered);
    ASSERT_EQ(replies.size(), delivered ? 2u : 1u);
    if (!delivered) return;
    const auto result = Parse<v1::HostCallReply>({replies[1]}, number);
    EXPECT_TRUE(result.answered());
    EXPECT_EQ(result.result().integer(), static_cast<int64_t>(number) * 7);
    calls_.erase(found);
  }

  void Attach(uint64_t session) {
    if (server_ != 0 && Pick(3) == 0) {
      v1::HostDetachRequest request;
      request.set_name("h");
      std::vector<Reply> replies = Apply(server_, "Host/Detach", request);
      replies.erase(replies.begin());
      EndService();
      return ExpectGone(replies);
    }
    v1::HostAttachRequest request;
    request.set_name("h");
    const std::vector<Reply> replies = Apply(session, "Host/Attach", request);
    if (server_ != 0 && server_ != session) {
      return ExpectFailure(replies, last_call_, "HOST_TAKEN");
    }
    Parse<v1::HostAttachReply>(replies, last_call_);
    server_ = session;
  }

  void MakeHosted() {
    if (server_ == 0) return;
    v1::HostedCreateRequest request;
    request.set_name("o" + std::to_string(++last_hosted_));
    request.set_host("h");
    request.set_target(request.name());
    const std::vector<Reply> replies = Apply(server_, "Hosted/Create", request);
    EXPECT_TRUE(Parse<v1::HostedCreateReply>(replies, last_call_).created());
    hosted_.insert(request.name());
  }

  void DropHosted() {
    if (hosted_.empty()) return;
    const std::string name = *hosted_.begin();
    v1::AdminDeleteRequest request;
    request.set_name(name);
    Apply(0, "Admin/Delete", request);
    hosted_.erase(name);
    drops_[name] = last_call_;
  }

  void Cancel() {
    if (calls_.empty()) return;
    const auto found = std::next(calls_.begin(), static_cast<std::ptrdiff_t>(Pick(calls_.size())));
    std::vector<Reply> replies;
    engine_->Cancel(CallId{found->first}, {v1::ERROR_REASON_CANCELLED, "cancelled"}, TimeMs{now_},
                    &replies);
    ExpectFailure(replies, found->first, "CANCELLED");
    Leave(found->first);
  }

  void Advance() {
    now_ += static_cast<int64_t>(Pick(30));
    std::vector<Reply> replies;
    engine_->Advance(TimeMs{now_}, &replies);
    std::set<uint64_t> answered;
    for (const Reply& reply : replies) {
      const auto number = static_cast<uint64_t>(reply.call);
      EXPECT_FALSE(Parse<v1::HostCallReply>({reply}, number).answered());
      answered.insert(number);
    }
    std::set<uint64_t> overdue;
    for (const auto& [number, call] : calls_) {
      if (call.deadline <= now_) overdue.insert(number);
    }
    EXPECT_EQ(answered, overdue);
    for (const uint64_t number : overdue) Leave(number);
  }

  void EndSession(uint64_t session) {
    std::vector<Reply> replies;
    engine_->EndSession(SessionId{session}, TimeMs{now_}, &replies);
    std::erase(sessions_, session);
    std::vector<uint64_t> own;
    for (const auto& [number, call] : calls_) {
      if (call.session == session) own.push_back(number);
    }
    for (const uint64_t number : own) {
      const auto reply = std::find_if(replies.begin(), replies.end(), [&](const Reply& one) {
        return static_cast<uint64_t>(one.call) == number;
      });
      ASSERT_NE(reply, replies.end());
      ExpectFailure({*reply}, number, "SESSION_EXPIRED");
      replies.erase(reply);
      Leave(number);
    }
    if (server_ == session) {
      EndService();
      ExpectGone(replies);
    } else {
      EXPECT_TRUE(replies.empty());
    }
    Open();
  }

  void EndService() {
    server_ = 0;
    cancelled_.clear();
    drops_.clear();
    // Those that are left belong to a service that is over: their end tells nobody.
    for (const std::string& name : std::set<std::string>(hosted_)) {
      v1::AdminDeleteRequest request;
      request.set_name(name);
      Apply(0, "Admin/Delete", request);
      hosted_.erase(name);
    }
  }

  // A caller is gone.
  void Leave(uint64_t number) {
    if (calls_[number].taken) cancelled_.insert(number);
    calls_.erase(number);
  }

  // All calls there were failed.
  void ExpectGone(const std::vector<Reply>& replies) {
    ASSERT_EQ(replies.size(), calls_.size());
    for (const Reply& reply : replies) {
      const auto number = static_cast<uint64_t>(reply.call);
      EXPECT_EQ(calls_.erase(number), 1u);
      ExpectFailure({reply}, number, "HOST_GONE");
    }
  }

  static void ExpectFailure(const std::vector<Reply>& replies, uint64_t call,
                            const std::string& word) {
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(static_cast<uint64_t>(replies[0].call), call);
    ASSERT_TRUE(replies[0].failure.has_value());
    EXPECT_EQ(wire::ReasonWord(replies[0].failure->reason), word);
  }

  template <typename Message>
  static Message Parse(const std::vector<Reply>& replies, uint64_t call) {
    Message message;
    EXPECT_FALSE(replies.empty());
    if (replies.empty()) return message;
    EXPECT_EQ(static_cast<uint64_t>(replies[0].call), call);
    EXPECT_FALSE(replies[0].failure.has_value());
    EXPECT_TRUE(message.ParseFromString(replies[0].payload));
    return message;
  }

  std::mt19937_64 random_;
  Shadow shadow_;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  int64_t now_ = 1000;
  uint64_t last_call_ = 0;
  uint64_t last_session_ = 0;
  uint64_t last_hosted_ = 0;
  std::vector<uint64_t> sessions_;
  uint64_t server_ = 0;                    // The session that serves the host; 0 is none.
  std::map<uint64_t, ModelCall> calls_;    // Not answered.
  std::multiset<uint64_t> cancelled_;      // To be told.
  std::set<std::string> hosted_;           // Of the present service.
  std::map<std::string, uint64_t> drops_;  // To be told, with the op that dropped it.
};

TEST(RandomHostCalls, AreAnsweredAsByTheNaiveModel) {
  for (const uint64_t seed : coheld::testing::ChooseSeeds(kSeeds)) {
    SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
    RandomHost(seed).Go();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace coheld::engine::testing
