// Hosts in network namespaces of their own, connected to the test's daemon by cables that can be
// pulled. Nothing has a name outside, so nothing is left when the processes end, however they end.
// Tests only.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace coheld::testing {

// A network in which the calling process is the middle. The process must have one thread and be
// forked for this: it leaves its own network for good.
class NetworkLab {
 public:
  // Moves the calling process into a new network namespace (and a user namespace, if it is not
  // root). Returns why that is not possible here, or nothing.
  static std::optional<std::string> Enter();

  NetworkLab() = default;
  // Kills all hosts.
  ~NetworkLab();
  NetworkLab(const NetworkLab&) = delete;
  NetworkLab& operator=(const NetworkLab&) = delete;

  // Starts a process that is a host of its own and runs a task there; it exits with 0 if the task
  // returns true. It reaches the middle at MiddleFor(number). Throws std::runtime_error.
  void AddHost(int number, const std::function<bool()>& task);
  // The middle's address, as that host sees it.
  static std::string MiddleFor(int number);
  // A host's name, as it sees itself and tells others.
  static std::string NameOf(int number);
  // Pulls a host's cable: both directions fall silent, and nobody is told.
  void Cut(int number) const;
  // Waits for the host's task to end, for at most half a minute. Whether it returned true.
  bool EndsWell(int number);

 private:
  std::map<int, pid_t> hosts_;
};

// Runs a task in a forked child that is the middle of a NetworkLab. Returns what the task complains
// of; empty if of nothing. "skip: ..." if namespaces are not permitted here.
std::string InNetworkLab(const std::function<std::string()>& task);

}  // namespace coheld::testing
