// What an attack on the daemon needs: sockets that push bytes as fast as the kernel takes them, a
// bystander whose calls must keep working meanwhile, and the daemon's memory. Tests only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "tests/unit/transport/client_session.h"

namespace coheld::testing {

// A non-blocking client socket of either kind.
class AttackSocket {
 public:
  explicit AttackSocket(const std::string& address);
  ~AttackSocket();
  AttackSocket(const AttackSocket&) = delete;
  AttackSocket& operator=(const AttackSocket&) = delete;

  // Sends what the kernel takes now and returns how much that was. Notes the end of the connection.
  size_t Push(std::string_view bytes);
  // Reads what is there, up to 64 KiB. Notes the end of the connection.
  std::string Drain();
  // Waits until there is something to read, or the time is over.
  void WaitReadable(std::chrono::milliseconds patience) const;
  bool closed() const { return closed_; }

 private:
  int fd_ = -1;
  bool closed_ = false;
};

// A well-behaved client: appends to a list, one call after the other.
class Bystander {
 public:
  explicit Bystander(const std::string& address);
  // Makes a call and waits for its reply: false if it fails or none comes in patience.
  bool Call();
  // True if the list has as many items as calls succeeded, these and `others`: nothing lost,
  // nothing done twice.
  bool CountIsRight(uint32_t others);
  std::chrono::microseconds slowest() const { return slowest_; }
  uint32_t calls() const { return calls_; }

 private:
  bool Await(transport::StreamId id);

  AttackSocket socket_;
  transport::ClientSession client_;
  std::string unsent_;
  std::chrono::microseconds slowest_{0};
  uint32_t calls_ = 0;
};

// Resident memory of a process in bytes.
size_t ResidentBytes(pid_t pid);

// Open descriptors of a process.
size_t Descriptors(pid_t pid);

}  // namespace coheld::testing
