// What the client processes of the robustness tests do, one op or a few at a time. Tests only.
#pragma once

#include <cstdint>
#include <memory>
#include <random>

#include "coheld/client.h"
#include "tests/robustness/history.h"

namespace coheld::testing {

// Who works.
struct WorkOptions {
  uint32_t client = 0;  // Its number in the histories; no two processes of a run share one.
  uint64_t seed = 0;
  // Histories only: a new set of objects each so many milliseconds after this time.
  uint64_t began = 0;
  uint64_t round_ms = 300;
};

// Some work.
class Work {
 public:
  virtual ~Work() = default;
  // Does the next thing, and holds nothing between two of them, unless it says so.
  virtual void DoOne() = 0;
  // Lets go of what it holds.
  virtual void Finish() {}
};

// Increments, puts and pops, and critical sections on objects that all clients share for the whole
// run, for the ledger (ledger.h): tally/counter, tally/queue, tally/list, {tally}/lock,
// {tally}/cell.
std::unique_ptr<Work> MakeTally(const Client& client, History& history, const WorkOptions& options);

// The same, and for the ledger too: tasks that are leased and acknowledged (tally/tasks), what only
// so many may have at once (held/*), and of every other type something that is this client's own
// (own/*). For a daemon that is killed all the time: it has no time limits that matter.
std::unique_ptr<Work> MakeEndure(const Client& client, History& history,
                                 const WorkOptions& options);

// All ops that the checker's models know, on objects of every type that are used for one round
// only: value/N, dict/N, list/N, queue/N, lock/N, semaphore/N. Holds locks between ops.
std::unique_ptr<Work> MakeMixed(const Client& client, History& history, const WorkOptions& options);

}  // namespace coheld::testing
