// The ops of the simulation, and how each stands on the wire. Their objects are few and of every
// type; which letter begins a name tells the type (sync_words.h, data_model.h).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tests/simulation/collections_model.h"
#include "tests/simulation/data_model.h"
#include "tests/simulation/lifetime_model.h"
#include "tests/simulation/rights_model.h"
#include "tests/simulation/topic_model.h"
#include "tests/simulation/watch_model.h"
#include "tests/unit/engine/sync_model.h"

namespace coheld::simulation {

using engine::testing::SyncOp;

struct Op {
  uint64_t id = 0;  // Unique in a run: what is done is done once.
  std::variant<DataOp, SyncOp, RightsOp, CollectionOp, TopicOp, LifetimeOp, WatchOp> body;
  // How long the client waits for the answer before it gives up; 0 is for ever.
  uint64_t deadline_ms = 0;
  // The lock whose token, the last that the thread was granted, goes with the op; empty is none.
  std::string fence;
};

// Returns the op's method, such as "Queue.Put", and its number.
std::string MethodName(const Op& op);
uint32_t MethodNumber(const Op& op);
const std::string& ObjectOf(const Op& op);
// True if its answers tell grants that need not be its own, as "@NUMBER".
bool TellsGrants(const Op& op);
// True of the words of an answer that is an error.
bool IsFailure(const std::string& words);
// True if the op changes nothing, whatever happens.
bool IsRead(const Op& op);
// Returns the request. `token` is what the client knows of an earlier op that this one is about.
std::string Payload(const Op& op, uint64_t token);
// Returns what the daemon answered in the models' words.
std::string Words(const Op& op, const std::string& payload);
// Returns the fencing tokens, or the numbers of the deliveries, that were granted; of AcquireAll
// those of `object` and of `others`.
std::vector<uint64_t> GrantTokens(const Op& op, const std::string& payload);
// Returns the objects to which they belong; the last one's are all that are left.
std::vector<std::string> GrantedObjects(const Op& op);
// True if an op that was answered so may have changed nothing.
bool MayChangeNothing(const Op& op, const std::string& words);
// The op on one line.
std::string Describe(const Op& op);

}  // namespace coheld::simulation
