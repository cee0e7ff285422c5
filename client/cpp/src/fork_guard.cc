// Lock-free on purpose: any thread may be anywhere in here when another one forks. See
// fork_guard.h.
#include "client/cpp/src/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>

namespace coheld::core {
namespace {

constexpr int kMarkedEnd = 65536;
constexpr int kWordBits = 64;

std::atomic<uint64_t> generation{0};
std::array<std::atomic<uint64_t>, kMarkedEnd / kWordBits> owned{};

// Runs in the child, where no other thread exists. Async-signal-safe.
void CloseInherited() {
  for (int word = 0; word < kMarkedEnd / kWordBits; ++word) {
    uint64_t bits = owned[word].exchange(0, std::memory_order_relaxed);
    while (bits != 0) {
      close(word * kWordBits + __builtin_ctzll(bits));
      bits &= bits - 1;
    }
  }
  generation.fetch_add(1, std::memory_order_relaxed);
}

[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, CloseInherited);

uint64_t BitOf(int fd) { return uint64_t{1} << (fd % kWordBits); }

}  // namespace

uint64_t ForkGeneration() { return generation.load(std::memory_order_relaxed); }

void MarkOwned(int fd) {
  if (fd >= kMarkedEnd) return;
  owned[fd / kWordBits].fetch_or(BitOf(fd), std::memory_order_relaxed);
}

void UnmarkOwned(int fd) {
  if (fd >= kMarkedEnd) return;
  owned[fd / kWordBits].fetch_and(~BitOf(fd), std::memory_order_relaxed);
}

}  // namespace coheld::core
