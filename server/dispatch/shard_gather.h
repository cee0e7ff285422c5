// Answers of several shards, made into one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/wire/result.h"

namespace coheld::dispatch {

// An op that several shards answer.
class Gather {
 public:
  // Answers with this when all have said yes: nothing is made of what they say.
  Gather(size_t parts, std::string reply) : waits_for_(parts), reply_(std::move(reply)) {}
  // Makes one reply of those to this method with this request.
  Gather(size_t parts, uint32_t method, std::string_view request)
      : waits_for_(parts), method_(method), request_(request) {}

  // Takes the answer of a shard. Returns true if it was the last.
  bool Take(uint32_t shard, std::optional<wire::Failure> failure, std::string payload);
  // Once all have answered: the reply, or the first shard's failure that failed.
  wire::Result<std::string> Reply() const;

 private:
  struct Part {
    uint32_t shard = 0;
    std::optional<wire::Failure> failure;
    std::string payload;
  };
  size_t waits_for_;
  uint32_t method_ = 0;
  std::string request_;
  std::string reply_;
  std::vector<Part> parts_;  // By shard.
};

// True if an op is about all shards, and Gather knows how to make one reply of theirs.
bool IsGathered(uint32_t method);

}  // namespace coheld::dispatch
