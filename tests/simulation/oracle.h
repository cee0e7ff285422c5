// Judges a run. It is told every input of the engine in the order in which it was applied (the
// witness that the history is linearizable), what reached the daemon, and what clients were
// answered. It keeps the naive models and a naive book of sessions, lanes and kept replies, and
// notes a violation as soon as the daemon differs from them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tests/simulation/book.h"
#include "tests/simulation/check.h"
#include "tests/simulation/daemon.h"
#include "tests/simulation/grant_book.h"
#include "tests/simulation/history.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/op.h"
#include "tests/simulation/replica.h"
#include "tests/simulation/ring_judge.h"
#include "tests/simulation/world.h"

namespace coheld::simulation {

class Oracle : public DaemonObserver {
 public:
  Oracle(History& history, Random random) : history_(history), random_(random) {}

  // The daemon that is judged, before it begins for the first time.
  void Watch(const Daemon* daemon) {
    daemon_ = daemon;
    rings_.SetPolicy(daemon->deadlock());
  }
  // What is applied from now on makes the objects that the models have from the start, or not.
  void SetUp(bool begins) { setup_ = begins; }

  // What was found first, if anything was: no call of the daemon's throws.
  const std::optional<std::string>& violation() const { return violation_; }

  // --- What clients do and see ---

  // A client sends an op. `token` is that of an earlier grant which the op names, `fence` that of a
  // lock with which it comes; 0 is none.
  void Sent(uint64_t link, uint64_t frame, const Op& op, uint64_t token, uint64_t fence);
  // A client was answered; returns the words.
  std::string Answered(uint64_t link, uint64_t frame, const v1::CallReply& reply);
  // A process has a new session.
  void SessionOpened(int process, uint64_t session, const std::string& token);
  // A process ended, and the daemon is told.
  void ProcessGone(int process) { processes_gone_.insert(process); }
  void ClosesSession(const std::string& token);

  // --- What the daemon does ---

  void OnStream(uint64_t link, std::string_view session_token, bool accepted) override;
  void OnFrame(const ArrivedFrame& frame) override;
  void AfterFrame(const ArrivedFrame& frame) override;
  void OnCallAborted(uint64_t link, uint64_t frame) override;
  void AfterCallAborted(uint64_t link, uint64_t frame) override;
  void OnLinkClosed(uint64_t link) override;
  void AfterLinkClosed(uint64_t link) override;
  void OnDeath() override;
  void OnRecovered(const Recovered& recovered, const engine::Engine& engine) override;
  void OnBegun() override;
  void OnStall(int64_t ms) override;
  void AfterTurn() override;

  void OnInput(const engine::Input& input) override;

  // --- At the end ---

  // True if the op waits in the daemon, as it should.
  bool IsWaiting(uint64_t op) const;
  // The network is whole and nothing happens any more: what must have happened by now has.
  void JudgeEnd(Daemon& daemon);

 private:
  // Judges, but not after a violation.
  template <typename Act>
  void Judge(Act act) {
    if (violation_ || dead_) return;
    try {
      act();
    } catch (const Violation& violation) {
      violation_ = violation.what();
    }
  }

  struct SentOp {
    Op op;
    uint64_t token = 0;
    uint64_t fence = 0;
  };
  struct Expected {
    std::string words;
    uint64_t call = 0;
    Op op;
    uint64_t index = 0;   // Of the last input that the answer may show.
    bool lost = false;    // The daemon died and that input is no more ...
    bool broken = false;  // ... which was promised not to happen once this is answered.
  };
  // What a client knows for sure.
  struct Told {
    Op op;
    std::string words;
    uint64_t index = 0;
  };

  Book::Session* SessionOf(std::string_view token);
  // The input as an event. Throws a Violation if there is no reason for it.
  Event EventOf(const engine::Input& input);
  void ReadOp(const engine::Stamp& stamp, Event* event);
  void ExamineCancel(const Event& event) const;
  void ExamineAbandon(const Event& event) const;
  void ExamineEnd(const Event& event) const;
  // True if the op must not be let in, because there is no room for it on the disk.
  bool IsForFullDisk(const Op& op) const;
  // What the frame's op must be answered, which the engine did not log.
  void AnswerUnlogged(const ArrivedFrame& frame, const SentOp& sent);
  void Expect(const FrameKey& frame, Expected expected);
  void NoteGrants(const Op& op, const std::string& payload, const Expected& expected);
  void Announce(const std::vector<Book::Ended>& ended);
  // Has those refused that the engine refused while they wait on guarded objects.
  void Refuse(Event* event);
  void JudgeQueue(Daemon& daemon, const std::string& queue) const;
  // The daemon has forgotten everything, as it may.
  void Forget();
  // The inputs after this one are no more.
  void TakeBack(uint64_t index, const Recovered& recovered);
  // True if the input may be lost by the crash.
  bool MayLose(uint64_t index, const Recovered& recovered) const;

  History& history_;
  Random random_;
  std::optional<std::string> violation_;
  const Daemon* daemon_ = nullptr;
  bool setup_ = false;
  bool dead_ = true;
  bool begins_ = false;  // The daemon recovered and is not there yet.
  std::map<FrameKey, SentOp> sent_;
  std::map<FrameKey, Expected> expected_;

  // What the daemon must not forget.
  std::vector<Event> events_;  // By index from 1.
  Book book_;
  Replica replica_;
  Ledger ledger_;
  std::map<std::string, uint64_t, std::less<>> tokens_;  // Of sessions.
  std::set<uint64_t> closing_;  // Sessions whose clients asked for their end.
  GrantBook grants_;
  std::vector<Told> told_;
  uint64_t told_index_ = 0;  // The last input that any client may have seen the effect of.

  // Of what the daemon does now.
  const ArrivedFrame* frame_ = nullptr;  // The one that it takes.
  bool logged_ = false;                  // The engine logged its op.
  std::optional<uint64_t> closing_link_;
  std::optional<FrameKey> closing_call_;
  RingJudge rings_;

  // Of the whole run.
  std::set<uint64_t> told_ops_;  // Ops whose client knows that they happened.
  std::set<int> processes_gone_;
};

}  // namespace coheld::simulation
