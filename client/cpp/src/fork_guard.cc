// Lock-free on purpose, but for the two locks: any thread may be anywhere in here when another one
// forks. See fork_guard.h.
#include "client/cpp/src/fork_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace coheld::core {
namespace {

constexpr int kMarkedEnd = 65536;
constexpr int kWordBits = 64;

std::atomic<uint64_t> generation{0};
std::atomic<uint64_t> forks_made{0};
constinit std::mutex held_over_forks;
std::array<std::atomic<uint64_t>, kMarkedEnd / kWordBits> owned{};

// A fork that waits comes before those who come later, or it might never come.
constexpr pthread_rwlock_t kNobodyComputes = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
pthread_rwlock_t computing = kNobodyComputes;

void BeforeFork() {
  held_over_forks.lock();
  pthread_rwlock_wrlock(&computing);
}

void AfterForkInParent() {
  forks_made.fetch_add(1, std::memory_order_relaxed);
  pthread_rwlock_unlock(&computing);
  held_over_forks.unlock();
}

// Lets go in a child of the lock that its parent's thread has there: the child's has another id, so
// that it is not one to unlock. Threads that wait for it stayed with the parent.
void NobodyComputesInChild() {
#if defined(__SANITIZE_THREAD__)
  __tsan_mutex_pre_unlock(&computing, 0);
#endif
  computing = kNobodyComputes;
#if defined(__SANITIZE_THREAD__)
  __tsan_mutex_post_unlock(&computing, 0);
#endif
}

// Runs in the child, where no other thread exists. Async-signal-safe.
void AfterForkInChild() {
  for (int word = 0; word < kMarkedEnd / kWordBits; ++word) {
    uint64_t bits = owned[word].exchange(0, std::memory_order_relaxed);
    while (bits != 0) {
      close(word * kWordBits + __builtin_ctzll(bits));
      bits &= bits - 1;
    }
  }
  generation.fetch_add(1, std::memory_order_relaxed);
  NobodyComputesInChild();
  held_over_forks.unlock();
}

[[maybe_unused]] const int registered =
    pthread_atfork(BeforeFork, AfterForkInParent, AfterForkInChild);

uint64_t BitOf(int fd) { return uint64_t{1} << (fd % kWordBits); }

}  // namespace

ForkLock::ForkLock() { held_over_forks.lock(); }

ForkLock::~ForkLock() { held_over_forks.unlock(); }

CryptoLock::CryptoLock() { pthread_rwlock_rdlock(&computing); }

CryptoLock::~CryptoLock() { pthread_rwlock_unlock(&computing); }

uint64_t ForksMade() { return forks_made.load(std::memory_order_relaxed); }

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
