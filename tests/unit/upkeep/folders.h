// Folders on a simulated disk for the tests of what is done to them.
#pragma once

#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "server/recovery/recovery.h"
#include "tests/unit/journal/simulated_disk.h"
#include "tests/unit/recovery/recorded_engine.h"

namespace coheld::upkeep {

using journal::SimulatedDisk;
using journal::Status;

inline std::string MessageOf(const Status& fault) { return fault ? fault->message : "no fault"; }

// How many segments the folder "d" has, and the path of the n-th, from 0.
inline size_t SegmentsOf(const SimulatedDisk::Image& image) {
  return static_cast<size_t>(
      std::distance(image.lower_bound("d/journal-0"), image.lower_bound("d/journal-9")));
}
inline std::string SegmentOf(const SimulatedDisk::Image& image, size_t n) {
  return std::next(image.lower_bound("d/journal-0"), static_cast<std::ptrdiff_t>(n))->first;
}

// An engine in whose folder "d" there are sessions, locks and leases too.
class BusyEngine : public recovery::RecordedEngine {
 public:
  explicit BusyEngine(journal::Files& files, uint64_t segment_bytes = 4096)
      : RecordedEngine(files, segment_bytes) {}

  void OpenSession(uint64_t id) {
    engine().OpenSession(engine::SessionId{id}, {}, 10'000, engine::TimeMs{1000});
  }
  void AppendMany(int count) {
    for (int i = 0; i < count; ++i) {
      v1::ListAppendRequest request;
      request.set_name("l");
      request.mutable_value()->set_text("item " + std::to_string(++appended_));
      ApplyAs(0, "/coheld.v1.List/Append", request);
    }
  }
  // Returns the token of the grant.
  uint64_t Acquire(uint64_t session, const std::string& lock) {
    v1::LockAcquireRequest request;
    request.set_name(lock);
    v1::LockAcquireReply reply;
    reply.ParseFromString(ApplyAs(session, "/coheld.v1.Lock/Acquire", request));
    return reply.token();
  }
  void Release(uint64_t session, const std::string& lock) {
    v1::LockReleaseRequest request;
    request.set_name(lock);
    ApplyAs(session, "/coheld.v1.Lock/Release", request);
  }
  void Put(const std::string& queue, const std::string& item) {
    v1::QueuePutRequest request;
    request.set_name(queue);
    request.mutable_value()->set_text(item);
    ApplyAs(0, "/coheld.v1.Queue/Put", request);
  }
  void Lease(uint64_t session, const std::string& queue) {
    v1::QueueLeaseRequest request;
    request.set_name(queue);
    ApplyAs(session, "/coheld.v1.Queue/Lease", request);
  }

  // Returns the reply's payload.
  template <typename Request>
  std::string ApplyAs(uint64_t session, std::string_view path, const Request& request) {
    std::vector<engine::Reply> replies;
    const uint64_t call = static_cast<uint64_t>(engine().last_call()) + 1;
    engine().Apply({.call = engine::CallId{call},
                    .owner = {.session = engine::SessionId{session}},
                    .now = engine::TimeMs{1000}},
                   wire::FindMethod(path)->number, request.SerializeAsString(), &replies);
    EXPECT_EQ(replies.size(), 1u);
    EXPECT_FALSE(replies.front().failure) << replies.front().failure->message;
    return replies.front().payload;
  }

 private:
  int appended_ = 0;
};

// Starts on a folder as a daemon does. Returns its engine, or nothing and why.
struct Started {
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<journal::Journal> journal;
  Status fault;
};
inline Started Start(journal::Files& files) {
  Started started{.engine = std::make_unique<engine::Engine>()};
  recovery::Report report;
  const recovery::Progress silent = [](const recovery::Report&) {};
  started.fault = recovery::Recover(files, {.folder = "d", .segment_bytes = 4096, .salt = 9},
                                    silent, started.engine.get(), &report, &started.journal);
  return started;
}

// Returns how many items the list "l" has.
inline size_t ItemsIn(const engine::Engine& engine) {
  const auto* held = engine.store().Find("l");
  return held == nullptr ? 0 : held->object->size();
}

}  // namespace coheld::upkeep
