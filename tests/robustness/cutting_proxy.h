// A proxy between clients and a daemon that harms connections: it delays, dribbles single bytes,
// goes silent, and cuts, at places that follow from a seed. It runs in a thread of the test's own
// process. It knows of HTTP/2 only where frames end, so that it can cut after an op was applied and
// before its reply. Tests only.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace coheld::testing {

// How a connection ends. kFaults counts them.
enum class Fault : uint8_t {
  kNone,        // Left alone.
  kCutRequest,  // Cut after N bytes to the daemon: in the midst of a frame as likely as not.
  kCutReply,    // Cut after N bytes to the client.
  kCutApplied,  // After N bytes to the daemon its answers are held back; cut when there is one: its
                // op was applied, and the client is not told. kSilence if there is none for long.
  kReset,       // As kCutRequest, with RST instead of FIN (TCP; a Unix socket is closed unread).
  kSilence,     // After N bytes nothing is passed on in one direction, or both; cut a little later.
  kOneWay,  // After N bytes one side is told the end; the other direction goes on a little longer.
};
inline constexpr size_t kFaults = 7;

// What a proxy does.
struct ProxyOptions {
  std::string listen;  // "unix:/path" or "127.0.0.1:0".
  std::string target;  // The daemon's address, of the same form.
  uint64_t seed = 1;
  // N is uniform below this.
  uint32_t bytes_max = 4000;
  // How often each fault is drawn, in the order of Fault.
  std::array<uint32_t, kFaults> weights = {0, 2, 2, 6, 1, 1, 1};
  // Of 100 connections so many delay each chunk, by up to 2 ms, and so many pass it byte by byte.
  uint32_t delayed_percent = 10;
  uint32_t dribbling_percent = 10;
};

// What a proxy has done.
struct ProxyCounts {
  uint64_t connections = 0;
  std::array<uint64_t, kFaults> by_fault{};  // Connections that ended so.
  // All but kNone: connections that the proxy cut.
  uint64_t cuts() const;
  uint64_t of(Fault fault) const { return by_fault[static_cast<size_t>(fault)]; }
};

// A running proxy. Which fault the k-th connection gets, and where, depends only on the seed and k.
class CuttingProxy {
 public:
  // Listens and starts the thread. Throws std::runtime_error.
  explicit CuttingProxy(const ProxyOptions& options);
  // Cuts what is open.
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  // Where clients connect to, as they write it.
  const std::string& address() const { return address_; }
  ProxyCounts counts() const;
  // Waits until so many connections were cut. False when patience runs out.
  bool WaitForCuts(uint64_t count, std::chrono::milliseconds patience) const;
  // Harms nothing from now on: connections that are already harmed end, others live.
  void Calm();

 private:
  class Loop;

  std::string address_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace coheld::testing
