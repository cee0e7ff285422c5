// See crash_loop.h.
#include "tests/robustness/crash_loop.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "coheld/coheld.h"
#include "server/journal/failpoint.h"
#include "tests/integration/program.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int kKilled = 128 + SIGKILL;
constexpr auto kClientPatience = 60s;        // For the last ops of a client to end.
constexpr auto kFailpointPatience = 1500ms;  // For a failpoint to be passed under load.
constexpr auto kProgressPatience = 10s;
constexpr int kTries = 50;  // At a failpoint that was missed so far.
constexpr auto kSnapshotPause = 50ms;
constexpr size_t kComplaintsMax = 20;
constexpr uint64_t kVerifyEvery = 10;  // Of the kills at a random moment.

DurableDaemon::Arguments ArgumentsFor(const std::string& level) {
  // Snapshots and full segments all the time; sessions that outlive a loaded machine.
  return {"--durability",    level, "--snapshot-after", "256k",
          "--segment-bytes", "64k", "--session-ttl-ms", "60000"};
}

// What is passed by the commands on a folder, not by the daemon.
bool IsOfACommand(std::string_view failpoint) {
  return failpoint.starts_with("backup.") || failpoint.starts_with("restore.") ||
         failpoint.starts_with("repair.");
}

// What is passed once, or hardly more often, before the daemon serves.
bool IsOfTheStart(std::string_view failpoint) {
  return failpoint.starts_with("folder.") || failpoint.starts_with("opening.") ||
         failpoint.starts_with("recovery.") || failpoint.starts_with("daemon.") ||
         failpoint == "dispatch.resumed" || failpoint == "journal.started";
}

}  // namespace

CrashLoop::CrashLoop(const CrashOptions& options)
    : options_(options), random_(options.seed), daemon_(ArgumentsFor(options.level)) {
  for (const std::string_view name : journal::kFailpoints) {
    // The loop's thread syncs only what somebody waits for.
    if (options.level == "async" && name == "committer.synced_here") continue;
    if (!IsOfACommand(name)) figures_.hit[std::string(name)] = 0;
  }
}

CrashLoop::Way CrashLoop::WayTo(const std::string& failpoint) {
  if (failpoint == "journal.full") return Way::kFullSegment;
  if (failpoint == "opening.cut") return Way::kTornTail;
  if (failpoint == "opening.dropped_next") return Way::kNextSegment;
  if (failpoint == "opening.began" || failpoint.starts_with("secret.")) return Way::kNewFolder;
  if (failpoint.starts_with("stop.")) return Way::kStopping;
  return Way::kServing;
}

std::vector<std::string> CrashLoop::Run() {
  Prepare();
  std::vector<std::string> failpoints;
  for (const auto& [name, hits] : figures_.hit) failpoints.push_back(name);
  std::shuffle(failpoints.begin(), failpoints.end(), random_);
  for (uint64_t cycle = 0; cycle < options_.cycles && complaints_.empty(); ++cycle) {
    if (cycle % 2 == 0) {
      KillSomewhere();
    } else {
      const std::string& failpoint = failpoints[cycle / 2 % failpoints.size()];
      KillAt(failpoint, PassOf(failpoint));
    }
  }
  if (complaints_.empty()) HitTheMissing();
  if (complaints_.empty()) Finish();
  return complaints_;
}

void CrashLoop::Prepare() {
  daemon_.Start();
  const Client client = Client::connect(daemon_.address_unix());
  const SharedValue<int64_t> cell(client, "{tally}/cell");
  cell.create({.initial = 0});
  // What the owners of the lock change is refused to anybody else.
  const Lock lock(client, "{tally}/lock");
  lock.create();
  guard(cell, lock);
  for (uint32_t i = 0; i < options_.clients; ++i) clients_.push_back(StartClient(i));
  asker_ = std::jthread([this](const std::stop_token& stopped) { AskForSnapshots(stopped); });
  AwaitProgress();
  ++figures_.starts;
  ++figures_.kills;
  End();
}

WorkerProcess CrashLoop::StartClient(uint32_t number) const {
  std::vector<std::string> command = {WorkerProcess::Program(), "--work", "endure"};
  if (python_ != nullptr && number < options_.python_clients) {
    command = {python_, COHELD_PYTHON_WORKER};
  }
  const std::vector<std::string> options = {
      "--address", number % 2 == 0 ? daemon_.address_unix() : daemon_.address_tcp(),
      "--history", HistoryOf(number),
      "--client",  std::to_string(number),
      "--seed",    std::to_string(options_.seed + number)};
  command.insert(command.end(), options.begin(), options.end());
  return WorkerProcess(command);
}

std::string CrashLoop::HistoryOf(uint32_t client) const {
  return daemon_.folder() + "/history-" + std::to_string(client);
}

uint64_t CrashLoop::Progress() const {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < options_.clients; ++i) {
    std::error_code missing;
    const uintmax_t size = std::filesystem::file_size(HistoryOf(i), missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

// The last thing that a client wrote down.
std::string CrashLoop::LastOf(uint32_t client) const {
  std::ifstream file(HistoryOf(client));
  std::string last;
  for (std::string line; std::getline(file, line);) last = line;
  return last;
}

// Waits until the clients got on, or the daemon has ended.
void CrashLoop::AwaitProgress() {
  constexpr uint64_t kStep = 16 << 10;
  const uint64_t goal = Progress() + kStep;
  const auto until = std::chrono::steady_clock::now() + kProgressPatience;
  while (Progress() < goal && !daemon_.ended()) {
    std::this_thread::sleep_for(1ms);
    for (uint32_t i = 0; i < options_.clients; ++i) {
      if (clients_[i].ended())
        return Complain("client " + std::to_string(i) + " ended: " + LastOf(i));
    }
    if (std::chrono::steady_clock::now() > until) return Complain("the clients do not get on");
  }
}

void CrashLoop::AskForSnapshots(const std::stop_token& stopped) const {
  const Client client = Client::connect(daemon_.address_unix(), {.wait_for_daemon = true});
  const Admin admin(client);
  while (!stopped.stop_requested()) {
    try {
      if (asks_) admin.snapshot();
    } catch (const Error&) {  // It was killed, or one is being made.
    }
    std::this_thread::sleep_for(kSnapshotPause);
  }
}

void CrashLoop::Verify() {
  testing::Outcome outcome;
  // The snapshot process dies with the daemon, but not before it has ended what it asked of the
  // kernel last: it may take a file away while it is looked at.
  for (int tries = 0; tries < 2; ++tries) {
    outcome = RunProgram("coheldctl", "verify " + daemon_.data());
    if (outcome.code == 0) break;
  }
  if (outcome.code != 0) Complain("what a kill left is not good: " + outcome.output);
  ++figures_.verified;
}

uint64_t CrashLoop::PassOf(const std::string& failpoint) {
  const uint64_t pass = 1 + Below(2) * Below(30);
  return IsOfTheStart(failpoint) || rare_.contains(failpoint) ? 1 : pass;
}

// Half of the kills come right after the start, while clients come back, half under full load.
void CrashLoop::KillSomewhere() {
  const bool torn = Below(8) == 0 && TearTail(daemon_.data(), random_());
  if (torn) ++figures_.torn;
  if (Below(kVerifyEvery) == 0) Verify();
  ++figures_.starts;
  daemon_.Spawn();
  if (Below(10) != 0) {
    if (!daemon_.WaitUntilReady()) return Complain("the daemon did not become ready");
    if (Below(2) == 0) AwaitProgress();
  }
  std::this_thread::sleep_for(std::chrono::microseconds(Below(30'000)));
  ++figures_.kills;
  End();
}

void CrashLoop::KillAt(const std::string& failpoint, uint64_t pass) {
  const Way way = WayTo(failpoint);
  if (way == Way::kNewFolder) return KillInNewFolder(failpoint);
  if (way == Way::kTornTail && !TearTail(daemon_.data(), random_())) return;
  // A kill leaves such a segment only if half of the one before it was used, or just then.
  if (way == Way::kNextSegment) KillAt("journal.created_next", 1);
  if (way == Way::kTornTail || way == Way::kStopping) pass = 1;
  asks_ = way != Way::kFullSegment;  // A snapshot begins a new segment.
  ++figures_.starts;
  daemon_.Spawn(failpoint + "@" + std::to_string(pass));
  if (way == Way::kStopping && daemon_.WaitUntilReady()) {
    AwaitProgress();
    daemon_.process().Terminate();
  }
  daemon_.WaitForFailpoint(kFailpointPatience);
  asks_ = true;
  if (daemon_.PassedFailpoint()) {
    ++figures_.hit[failpoint];
  } else {
    ++figures_.kills;
    rare_.insert(failpoint);
  }
  End();
}

// The first start on a folder is cut short; the second has to be none the worse. At addresses of
// its own: there the clients would find a daemon that knows no session of theirs.
void CrashLoop::KillInNewFolder(const std::string& failpoint) {
  DurableDaemon fresh(ArgumentsFor(options_.level));
  figures_.starts += 2;
  fresh.Spawn(failpoint);
  (void)fresh.WaitForFailpoint(kFailpointPatience);
  if (fresh.PassedFailpoint()) ++figures_.hit[failpoint];
  fresh.Kill();
  fresh.Spawn();
  if (!fresh.WaitUntilReady()) Complain("a half-made folder cannot be used: " + fresh.Log());
  ++figures_.kills;
  fresh.Kill();
}

std::vector<std::string> CrashLoop::Missing() const {
  std::vector<std::string> missing;
  for (const auto& [name, hits] : figures_.hit) {
    if (hits == 0) missing.push_back(name);
  }
  return missing;
}

void CrashLoop::HitTheMissing() {
  for (int tries = 0; tries < kTries && complaints_.empty(); ++tries) {
    for (const std::string& name : Missing()) KillAt(name, 1);
  }
  for (const std::string& name : Missing()) Complain("failpoint " + name + " was never hit");
}

void CrashLoop::End() {
  daemon_.Kill();
  const int code = daemon_.process().WaitForExit().value_or(-1);
  const std::string log = daemon_.Log();
  for (size_t at = 0; (at = log.find("snapshot_made", at)) != std::string::npos; ++at) {
    ++figures_.snapshots;
  }
  if (code == kKilled) return;
  Complain("the daemon ended by itself, with code " + std::to_string(code));
}

void CrashLoop::Complain(const std::string& what) {
  if (complaints_.size() >= kComplaintsMax) return;
  std::string log = daemon_.Log();
  if (log.size() > 4000) log.erase(0, log.size() - 4000);
  complaints_.push_back(what + "\n" + log);
}

void CrashLoop::Finish() {
  daemon_.Start();
  asker_.request_stop();
  asker_.join();
  for (WorkerProcess& client : clients_) client.Stop();
  for (size_t i = 0; i < clients_.size(); ++i) {
    const int code = clients_[i].Wait(kClientPatience);
    if (code == 0) continue;
    Complain("client " + std::to_string(i) + " ended with code " + std::to_string(code));
  }
  if (daemon_.Stop() != 0) Complain("the daemon did not stop well");
  // What counts is what a daemon finds that was not there.
  daemon_.Start();
  Ledger ledger;
  for (uint32_t i = 0; i < options_.clients; ++i) ledger.AddFile(HistoryOf(i));
  figures_.acknowledged = ledger.acknowledged();
  for (const std::string& finding : ledger.Judge(Look())) complaints_.push_back(finding);
}

Remains CrashLoop::Look() const {
  const Client client = Client::connect(daemon_.address_unix());
  Remains remains{.counter = Counter(client, "tally/counter").get(),
                  .cell = SharedValue<int64_t>(client, "{tally}/cell").get(),
                  .queue = Queue<int64_t>(client, "tally/queue").get_many(0, 0ms),
                  .list = List<int64_t>(client, "tally/list").values(),
                  .tasks = Queue<int64_t>(client, "tally/tasks").get_many(0, 0ms)};
  const Namespace names(client, "own/namespace");
  const Dict<std::string, int64_t> dict(client, "own/dict");
  const SortedSet<std::string> scores(client, "own/scores");
  // Only the C++ clients have some of their own.
  for (uint32_t i = python_ == nullptr ? 0 : options_.python_clients; i < options_.clients; ++i) {
    const std::string slot = std::to_string(i);
    const auto own = [&](const std::string& object) -> int64_t& {
      return remains.own["own/" + object + " " + slot];
    };
    own("dict") = dict.get(slot).value_or(0);
    own("array") = Array<int64_t>(client, "own/array").get(i);
    own("namespace") = names.try_get<int64_t>("a" + slot).value_or(0);
    own("scores") = static_cast<int64_t>(scores.score(slot).value_or(0));
    own("value") = SharedValue<int64_t>(client, "own/value/" + slot).get();
    own("set") = Set<int64_t>(client, "own/set").contains(i);
    own("event") = Event(client, "own/event/" + slot).is_set();
  }
  return remains;
}

}  // namespace coheld::testing
