// Random events of several sessions (ops, time, cancels, session ends) on the engine and, beside
// it, on a naive model: what both answer, and who waits in both, must be the same after each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proto/wire/status.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/op_messages.h"
#include "tests/unit/engine/reload.h"
#include "tests/unit/engine/shadow.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {

using coheld::testing::ChooseSeeds;

// What of 100 events are ops, what passes time and what cancels; the rest end a session.
struct EventMix {
  uint64_t ops;
  uint64_t advances;
  uint64_t cancels;
};

// One run. A subclass makes the ops and reads the replies.
template <typename Model, typename Op>
class ModelRun {
 public:
  virtual ~ModelRun() = default;

  // Makes so many events; false as soon as the two differ.
  bool Go(int events) {
    for (int event = 0; event < events && !::testing::Test::HasFailure(); ++event) Step();
    return !::testing::Test::HasFailure();
  }
  // The same, going on after each event with an engine that loaded what the one before had saved.
  bool GoReloading(int events) {
    for (int event = 0; event < events && !::testing::Test::HasFailure(); ++event) {
      Step();
      Reload(&engine_);
    }
    return !::testing::Test::HasFailure();
  }

  // The same, with another engine beside it that is given the inputs that this one logs.
  bool GoShadowed(int events) {
    for (int event = 0; event < events && !::testing::Test::HasFailure(); ++event) {
      Step();
      shadow_.Follow(*engine_);
    }
    return !::testing::Test::HasFailure();
  }

  StateDigest Digest() const { return engine_->Digest(); }

  // Every event and every reply, byte for byte.
  const std::string& transcript() const { return transcript_; }

 protected:
  ModelRun(uint64_t seed, EventMix mix, uint64_t sessions) : random_(seed), mix_(mix) {
    engine_->SetInputLog(&shadow_);
    for (uint64_t session = 1; session <= sessions; ++session) Open(session);
  }

  // Draws an op and applies it.
  virtual void ApplyOne() = 0;
  // The answer of an op that was done.
  virtual std::string WordsOf(const Op& op, const std::string& payload) = 0;
  // Looks at one answer further.
  virtual void Check(const Op& op, const Reply& reply, const std::string& words) = 0;
  // What the engine keeps twice agrees.
  virtual void CheckBooks() { CheckHolds(); }

  uint64_t Pick(uint64_t count) { return random_() % count; }

  // Applies an op, which is `method` with `payload` to the engine and `line` in the transcript.
  void Apply(const Op& op, const std::string& line, uint32_t method, const std::string& payload) {
    std::vector<Reply> replies;
    ops_[op.call] = op;
    Note(line);
    engine_->Apply({.call = CallId{op.call},
                    .owner = {.session = SessionId{op.session}, .thread = op.thread},
                    .now = TimeMs{now_}},
                   method, payload, &replies);
    Compare(replies, model_.Apply(op, now_));
  }

  Shadow shadow_;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  Model model_;
  int64_t now_ = 1000;
  uint64_t last_call_ = 0;
  std::vector<uint64_t> sessions_;

 private:
  using Answers = std::map<uint64_t, std::string>;  // By call.

  void Open(uint64_t session) {
    engine_->OpenSession(SessionId{session}, {}, 10'000, TimeMs{now_});
    model_.OpenSession(session);
    sessions_.push_back(session);
  }

  void Step() {
    const uint64_t dice = Pick(100);
    if (dice < mix_.ops) {
      ApplyOne();
    } else if (dice < mix_.ops + mix_.advances) {
      Advance();
    } else if (dice < mix_.ops + mix_.advances + mix_.cancels) {
      Cancel();
    } else {
      EndSession();
    }
  }

  void Advance() {
    now_ += static_cast<int64_t>(Pick(40));
    Note(Count("advance to", static_cast<uint64_t>(now_)));
    std::vector<Reply> replies;
    engine_->Advance(TimeMs{now_}, &replies);
    Compare(replies, model_.Advance(now_));
  }

  void Cancel() {
    const std::vector<uint64_t> waiting = model_.Waiting();
    const uint64_t call = waiting.empty() ? last_call_ : waiting[Pick(waiting.size())];
    Note(Count("cancel", call));
    std::vector<Reply> replies;
    engine_->Cancel(CallId{call}, {v1::ERROR_REASON_CANCELLED, "cancelled"}, TimeMs{now_},
                    &replies);
    Compare(replies, model_.Cancel(call));
  }

  void EndSession() {
    const size_t place = Pick(sessions_.size());
    const uint64_t session = sessions_[place];
    Note(Count("end session", session));
    std::vector<Reply> replies;
    engine_->EndSession(SessionId{session}, TimeMs{now_}, &replies);
    Compare(replies, model_.EndSession(session));
    sessions_.erase(sessions_.begin() + static_cast<std::ptrdiff_t>(place));
    Open(session + 100);
  }

  void Note(const std::string& line) { transcript_ += line + "\n"; }

  void Compare(const std::vector<Reply>& replies, const Answers& expected) {
    Answers actual;
    for (const Reply& reply : replies) {
      const Op& op = ops_.at(static_cast<uint64_t>(reply.call));
      const std::string words =
          reply.failure ? wire::ReasonWord(reply.failure->reason) : WordsOf(op, reply.payload);
      EXPECT_TRUE(actual.emplace(op.call, words).second) << "answered twice: call " << op.call;
      Note("  " + std::to_string(op.call) + ": " + words + " " + reply.payload);
      Check(op, reply, words);
    }
    EXPECT_EQ(actual, expected) << "after:\n" << transcript_;
    std::vector<uint64_t> parked;
    for (const auto& [call, op] : engine_->parked()) parked.push_back(static_cast<uint64_t>(call));
    EXPECT_EQ(parked, model_.Waiting()) << "after:\n" << transcript_;
    CheckBooks();
  }

  // Rights, by object and by session.
  void CheckHolds() {
    std::set<std::pair<SessionId, std::string>> held;
    for (const auto& [name, place] : engine_->store().objects()) {
      for (const Hold& hold : place.object->holds()) held.emplace(hold.owner.session, name);
    }
    for (const auto& [id, session] : engine_->sessions().all()) {
      for (const std::string& name : session.held) EXPECT_EQ(held.erase({id, name}), 1u) << name;
    }
    EXPECT_TRUE(held.empty()) << "after:\n" << transcript_;
  }

  std::mt19937_64 random_;
  const EventMix mix_;
  std::map<uint64_t, Op> ops_;
  std::string transcript_;
};

}  // namespace coheld::engine::testing
