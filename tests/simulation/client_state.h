// What a client keeps, for those of its files that share it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/client.h"

namespace coheld::simulation {

// How long to wait before the first attempt to connect again.
constexpr uint64_t kBackoffMsMin = 2;

// Takes the next whole message off the front of a stream's bytes.
std::optional<std::string> TakeMessage(std::string* body);
// Returns why a unary call failed.
v1::ErrorReason ReasonOf(const transport::Response& response);

struct Client::Channel {
  size_t number = 0;
  std::shared_ptr<Link> link;  // While connected.
  std::unique_ptr<transport::ClientSession> h2;
  transport::StreamId open_stream = 0;   // Of Session.Open.
  transport::StreamId call_stream = 0;   // Of Session.Call; 0 until there is a session.
  transport::StreamId close_stream = 0;  // Of Session.Close.
  uint64_t last_frame = 0;
  std::map<uint64_t, uint64_t> frames;            // Ops by frame.
  std::map<transport::StreamId, uint64_t> unary;  // Frames of unary calls, by stream.
  uint64_t backoff_ms = kBackoffMsMin;
};

// One op on its way.
struct Client::Flight {
  Op op;
  uint64_t seq = 0;  // 0: it is sent without.
  uint64_t token = 0;
  uint64_t fence = 0;        // The token of the lock with which it comes.
  bool sent_before = false;  // On a connection that is no more: it may have been done.
  bool sent = false;
  bool answered = false;
  Time expires{INT64_MAX};
};

struct Client::Lane {
  uint32_t number = 0;
  size_t channel = 0;
  uint64_t last_seq = 0;
  uint64_t acked = 0;
  bool taken = false;
};

struct Client::Thread {
  uint64_t number = 0;
  std::deque<std::vector<Op>> to_do;
  std::vector<Flight> batch;               // The ops that it does now.
  Lane* lane = nullptr;                    // That of the batch.
  std::map<std::string, uint64_t> tokens;  // The last grants, by object.
};

}  // namespace coheld::simulation
