// One session as the daemon gave it, with what all its channels share: the lanes, and the ops whose
// answers nobody wants.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "client/cpp/src/lanes.h"
#include "coheld/v1/session.pb.h"

namespace coheld::core {

// Some ops whose answers nobody wants, in order. They are sent again over another channel, on the
// same lane, until they are answered.
struct Posting {
  struct Posted {
    uint32_t method = 0;
    std::string request;
    uint64_t seq = 0;  // Once there is a lane.
  };
  std::vector<Posted> ops;
  bool has_lane = false;
  Lane lane;
};

// Thread-safe. In a child process a parent's session may be destroyed, but not used.
class OpenSession {
 public:
  explicit OpenSession(v1::SessionOpenReply reply);

  uint64_t id() const { return reply_.session(); }
  const std::string& token() const { return reply_.token(); }
  const v1::SessionOpenReply& reply() const { return reply_; }
  // False in a child of the process that opened it: its locks may be held by threads that the child
  // has not.
  bool own() const;

  // Appends the lanes for so many ops of one call.
  void TakeLanes(size_t ops, std::vector<Lane>* lanes);
  void GiveBack(const std::vector<Lane>& lanes);
  uint32_t lanes_made() const;

  // Adds an op to post, or what a channel could not get answered.
  void Post(std::vector<Posting::Posted> ops);
  void PostAgain(std::vector<Posting> postings);
  // Takes all there is to post, on lanes.
  std::vector<Posting> TakePostings();
  // Quick.
  bool has_postings() const { return has_postings_.load(std::memory_order_acquire); }

 private:
  const v1::SessionOpenReply reply_;
  const uint64_t fork_generation_;
  mutable std::mutex mutex_;  // Short.
  LanePool lanes_;
  std::vector<Posting> postings_;
  std::atomic<bool> has_postings_{false};
};

}  // namespace coheld::core
