// Every limit on sizes that the engine sets itself, in one place. (Names: store.h; messages and
// connections: the transport.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/wire/parse.h"

namespace coheld::engine {

// How deep a value may nest.
inline constexpr int kNestingMax = wire::kNestingMax;

// Decimal digits of an integer. Python's own limit on reading and writing one is 4,300.
inline constexpr size_t kIntegerDigitsMax = 4096;

// Bytes that a small request may make of what is there: List.Repeat, text * integer. (A fuzzer runs
// many requests: each must be cheap.)
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr size_t kGrowthBytesMax = size_t{256} << 10;
#else
inline constexpr size_t kGrowthBytesMax = size_t{256} << 20;
#endif

// Bytes of values in one reply; what is larger is read in pages.
inline constexpr size_t kReplyBytesMax = size_t{256} << 20;

// Bytes of values in one page of a scan; a larger value has a page of its own.
inline constexpr size_t kPageBytesMax = size_t{1} << 20;

// Items in a page of a scan that names no limit.
inline constexpr uint32_t kPageItemsDefault = 1000;

// Bytes of the items of one array.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr uint64_t kArrayBytesMax = uint64_t{256} << 10;
#else
inline constexpr uint64_t kArrayBytesMax = uint64_t{1} << 30;
#endif

// Calls of one host that are not answered, and bytes of the arguments of those not taken.
inline constexpr size_t kHostCallsMax = size_t{1} << 16;
inline constexpr size_t kHostCallBytesMax = size_t{256} << 20;

// Subscriptions of one topic; values and bytes that wait in one of them.
inline constexpr size_t kTopicSubscriptionsMax = size_t{1} << 16;
inline constexpr uint32_t kTopicBufferDefault = 1024;
inline constexpr uint32_t kTopicBufferMax = 1u << 20;
inline constexpr size_t kTopicBufferBytesMax = size_t{64} << 20;

// How long a handle in flight keeps an anonymous object, where the client does not say, and at
// most.
inline constexpr uint64_t kGraceMsDefault = 60'000;
inline constexpr uint64_t kGraceMsMax = 86'400'000;

// Cycles of references are looked for when this many objects may be in one, and at least one for
// each so many values that the last search looked at ...
inline constexpr size_t kCyclesSuspectsMin = 1000;
inline constexpr uint64_t kCyclesValuesPerSuspect = 16;
// ... or so long after the first of them, longer after a long search ...
inline constexpr uint64_t kCyclesDelayMs = 1000;
inline constexpr uint64_t kCyclesValuesPerMs = 1000;
// ... or at a session's end, unless the last search looked at more than this.
inline constexpr uint64_t kCyclesValuesAtEndMax = 100'000;

// Answers that a lane of a session keeps, and their bytes; lanes of a session.
inline constexpr size_t kLaneRepliesMax = 1024;
inline constexpr size_t kLaneBytesMax = size_t{64} << 20;
inline constexpr size_t kSessionLanesMax = 10'000;

// Changes of a watched object that are kept, and bytes of their requests. After so many changes
// that nobody asked for none are kept any more.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr size_t kHistoryChangesMax = 8;
#else
inline constexpr size_t kHistoryChangesMax = 10'000;
#endif
inline constexpr size_t kHistoryBytesMax = size_t{4} << 20;

// Deliveries of a queue's item where Create does not say, and the number that is no limit.
inline constexpr uint32_t kDeliveriesDefault = 20;
inline constexpr uint32_t kDeliveriesUnlimited = UINT32_MAX;

// How long a lease or a delay is at most: 366 days.
inline constexpr uint64_t kLeaseMsMax = 366 * uint64_t{86'400'000};

// Keys by which a queue knows puts again: how many, for how long, and bytes of each.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
inline constexpr size_t kDedupKeysMax = 8;
#else
inline constexpr size_t kDedupKeysMax = 100'000;
#endif
inline constexpr uint64_t kDedupMs = 300'000;
inline constexpr size_t kDedupKeyBytesMax = 128;

// Entries of one dict, those removed but not yet reclaimed included.
inline constexpr uint32_t kDictEntriesMax = 1u << 31;

// Permits of a semaphore, levels of a lock, parties of a barrier, counts of a latch: what the
// signed integers of every client can hold.
inline constexpr uint64_t kCountMax = INT64_MAX;

// Locks that one op takes at once.
inline constexpr size_t kLocksAtOnceMax = 1000;

// Ops that are done together as one.
inline constexpr size_t kJointOpsMax = 1000;

// Rights that a session lost and can be told of.
inline constexpr size_t kLostRightsMax = 1000;

// Waits that a search for a deadlock looks at before it gives up.
inline constexpr size_t kRingVisitsMax = 100'000;

// Waiting ops of one owner for which such a search is made when the owner got or lost a right.
inline constexpr size_t kShiftedOpsMax = 100;

// How far apart the tokens, and the numbers of anonymous objects, before and after a restart are:
// more than were ever given in the moment whose records a power cut may take.
inline constexpr uint64_t kResumeStride = uint64_t{1} << 24;

// Rings of waiting owners that are kept until somebody asks for them.
inline constexpr size_t kRingReportsMax = 100;

}  // namespace coheld::engine
