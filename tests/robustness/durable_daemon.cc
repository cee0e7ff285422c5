// See durable_daemon.h.
#include "tests/robustness/durable_daemon.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>

namespace coheld::testing {
namespace {

namespace fs = std::filesystem;

constexpr char kFailpoint[] = "COHELD_FAILPOINT";

// Finds a port that stays free while the daemon is down: clients' own ends never get one below
// the ephemeral ports.
uint16_t FindPort() {
  std::random_device random;
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<uint16_t>(10'000 + random() % 22'000);
    const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = bind(probe, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
    close(probe);
    if (is_free) return port;
  }
  throw std::runtime_error("there is no free port");
}

}  // namespace

DurableDaemon::DurableDaemon(Arguments arguments)
    : arguments_(std::move(arguments)),
      data_(folder() + "/data"),
      address_unix_("unix:" + folder() + "/coheld.sock"),
      address_tcp_("127.0.0.1:" + std::to_string(FindPort())) {}

void DurableDaemon::Spawn(const std::string& failpoint) {
  Arguments all = {"--listen", address_unix_, "--listen", address_tcp_, "--data-dir", data_};
  all.insert(all.end(), arguments_.begin(), arguments_.end());
  log_begin_ = process_.Log().size();
  if (!failpoint.empty()) setenv(kFailpoint, failpoint.c_str(), 1);
  process_.Spawn(all);
  unsetenv(kFailpoint);
}

bool DurableDaemon::WaitUntilReady() { return process_.WaitUntilReady(); }

void DurableDaemon::Start() {
  Spawn();
  if (WaitUntilReady()) return;
  Kill();
  throw std::runtime_error("the daemon did not become ready; it wrote:\n" + Log());
}

bool DurableDaemon::WaitForFailpoint(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  // The log is a file, and files cannot be polled for growth: look again every 5 ms.
  while (!process_.WaitForExit(std::chrono::milliseconds(5))) {
    if (PassedFailpoint()) return true;
    if (std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

void DurableDaemon::Kill() {
  process_.Kill();
  process_.WaitForExit();
}

int DurableDaemon::Stop() {
  process_.Terminate();
  return process_.WaitForExit().value_or(-1);
}

bool DurableDaemon::PassedFailpoint() const {
  return Log().find("failpoint_passed name=") != std::string::npos;
}

std::string DurableDaemon::Log() const {
  const std::string all = process_.Log();
  return all.substr(std::min(log_begin_, all.size()));
}

bool TearTail(const std::string& data, uint64_t seed) {
  constexpr uint64_t kGap = 4096;  // No batch ends with so many zeros.
  std::string last;
  for (const auto& entry : fs::directory_iterator(data)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("journal-0")) last = std::max(last, entry.path().string());
  }
  if (last.empty()) return false;
  std::fstream file(last, std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const size_t end = bytes.find_last_not_of('\0') + 1 + kGap;
  std::mt19937_64 random(seed);
  std::string torn(1 + random() % 1500, '\0');
  for (char& byte : torn) byte = static_cast<char>(random());
  torn.back() = '!';
  if (end + torn.size() > bytes.size()) return false;
  file.clear();
  file.seekp(static_cast<std::streamoff>(end));
  file << torn;
  return file.good();
}

}  // namespace coheld::testing
