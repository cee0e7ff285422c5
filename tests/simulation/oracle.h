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

#include "tests/simulation/check.h"
#include "tests/simulation/daemon.h"
#include "tests/simulation/history.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/op.h"
#include "tests/simulation/replica.h"
#include "tests/simulation/world.h"

namespace coheld::simulation {

class Oracle : public DaemonObserver {
 public:
  Oracle(History& history, Random random) : history_(history), random_(random) {}

  // The daemon that is judged; a new one has forgotten everything.
  void Begin(const Daemon* daemon);
  // Its objects are there.
  void EndSetup() { setup_ = false; }

  // What was found first, if anything was: no call of the daemon's throws.
  const std::optional<std::string>& violation() const { return violation_; }

  // --- What clients do and see ---

  // A client sends an op. `token` is that of an earlier grant which the op names.
  void Sent(uint64_t link, uint64_t frame, const Op& op, uint64_t token);
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
  void OnLinkClosed(uint64_t link) override;
  void AfterLinkClosed(uint64_t link) override;
  void OnDeath() override;
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
  void Judge(Act act);

  using FrameKey = std::pair<uint64_t, uint64_t>;  // Link and frame.
  struct SentOp {
    Op op;
    uint64_t token = 0;
  };
  // A call that the daemon executed and has not answered.
  struct Call {
    Op op;
    std::optional<FrameKey> route;  // Where its answer goes.
    uint64_t session = 0;
    uint64_t lane = 0;
    uint64_t seq = 0;
    int64_t deadline_ms = INT64_MAX;
    bool changed = false;  // Before it parked.
  };
  struct Kept {
    std::string words;
    uint64_t call = 0;
  };
  struct Lane {
    uint64_t acked = 0;
    std::map<uint64_t, Kept> kept;        // By seq.
    std::map<uint64_t, uint64_t> parked;  // Calls by seq.
  };
  struct Session {
    uint64_t ttl_ms = 0;
    std::set<uint64_t> links;
    int64_t detached_ms = 0;
    bool closes = false;
    int process = 0;
    std::map<uint64_t, Lane> lanes;
  };
  struct Expected {
    std::string words;
    uint64_t call = 0;
    Op op;
    uint64_t life = 0;
  };

  Session* SessionOf(std::string_view token);
  void OnOp(const engine::Stamp& stamp);
  // `words` is what the client is answered, if there is one.
  void OnCancel(uint64_t call, int64_t now_ms, const std::string& words);
  void OnAbandon(uint64_t call, int64_t now_ms);
  void OnOpen(uint64_t session, uint64_t ttl_ms, const std::string& label);
  void OnEnd(uint64_t session, int64_t now_ms);
  // What the frame's op must be answered, which the engine did not log.
  void AnswerUnlogged(const ArrivedFrame& frame, const SentOp& sent);
  void Expect(const FrameKey& frame, Expected expected);
  // `abandoned` is a call that ended without being done.
  void Distribute(const Answers& answers, std::optional<uint64_t> abandoned = std::nullopt);
  void Finish(uint64_t call, const std::string& words, bool keeps);
  void NoteGrants(const Op& op, const std::string& payload, uint64_t call);
  uint64_t GrantWith(uint64_t token) const;

  History& history_;
  Random random_;
  std::optional<std::string> violation_;
  const Daemon* daemon_ = nullptr;
  bool setup_ = true;
  bool dead_ = false;
  std::map<FrameKey, SentOp> sent_;
  std::map<FrameKey, Expected> expected_;
  std::map<std::string, uint64_t, std::less<>> tokens_;  // Of sessions.

  // Of this life of the daemon.
  uint64_t life_ = 0;
  World world_;
  Ledger ledger_;
  Replica replica_;
  std::map<uint64_t, Session> sessions_;
  std::map<uint64_t, Call> calls_;
  std::map<uint64_t, uint64_t> grants_;  // By the token or delivery that the daemon told.
  const ArrivedFrame* frame_ = nullptr;  // The one that the daemon takes now.
  bool logged_ = false;                  // The engine logged its op.
  std::optional<uint64_t> closing_link_;

  // Of the whole run.
  std::set<uint64_t> told_;  // Ops whose client knows that they happened.
  std::set<int> processes_gone_;
  std::map<uint64_t, int> effects_;  // How often an op changed something; by op.
};

}  // namespace coheld::simulation
