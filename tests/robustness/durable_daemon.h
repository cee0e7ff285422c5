// A daemon with a folder for tests that kill it: started again and again on the same folder and the
// same addresses, with a failpoint armed or without. Tests only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/integration/daemon_process.h"

namespace coheld::testing {

class DurableDaemon {
 public:
  using Arguments = std::vector<std::string>;

  // What is given to every start besides addresses and folder. Starts nothing yet.
  explicit DurableDaemon(Arguments arguments);

  // Starts it. The failpoint is as COHELD_FAILPOINT has it; empty: none.
  void Spawn(const std::string& failpoint = "");
  // Waits until it serves. False if it ended before.
  bool WaitUntilReady();
  // Spawns it and waits. Throws std::runtime_error with its log if it does not become ready.
  void Start();
  // Waits for its end, or for one of the failpoint in a process that it started. False when
  // patience runs out.
  bool WaitForFailpoint(std::chrono::milliseconds patience);
  // It has ended.
  bool ended() { return process_.WaitForExit(std::chrono::milliseconds(0)).has_value(); }
  // Kills it, if it still runs, and waits for its end.
  void Kill();
  // Ends it by SIGTERM. Its exit code, or 128 plus the signal's number.
  int Stop();

  // Whether a failpoint was passed since it was last spawned.
  bool PassedFailpoint() const;
  // The log since it was last spawned.
  std::string Log() const;

  const std::string& address_unix() const { return address_unix_; }
  const std::string& address_tcp() const { return address_tcp_; }
  // For files of the test.
  const std::string& folder() const { return process_.folder(); }
  // The daemon's data; may be changed between two starts.
  const std::string& data() const { return data_; }
  void set_data(const std::string& path) { data_ = path; }
  DaemonProcess& process() { return process_; }

 private:
  const Arguments arguments_;
  DaemonProcess process_;
  std::string data_;
  std::string address_unix_;
  std::string address_tcp_;
  size_t log_begin_ = 0;
};

// Writes what a power cut may leave behind the last record of the journal: bytes that nobody was
// told of. Returns whether there was room for them.
bool TearTail(const std::string& data, uint64_t seed);

}  // namespace coheld::testing
