// Numbers that a test and the processes it forks share. Tests only.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <new>
#include <stdexcept>

namespace coheld::testing {

// Makes an object that children forked later share; it is never freed.
template <typename T>
T* Shared() {
  void* const memory =
      mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap");
  return new (memory) T();
}

// Waits until a number that others raise is at least so large. Throws after half a minute.
inline void Await(const std::atomic<int>& number, int least) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (number.load() < least) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nobody came");
    usleep(200);
  }
}

}  // namespace coheld::testing
