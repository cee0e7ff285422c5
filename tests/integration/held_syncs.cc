// A library to be preloaded into the daemon: a disk whose syncs take as long as a test wants. Tests
// only; GNU only.
//
//   COHELD_HOLD_SYNCS=PATH   while this file is there, syncs of all threads but the first one wait;
//                            one that does makes the file PATH.held
//
// Those of the first thread are slow, so that the daemon leaves them to the other one.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

constexpr useconds_t kSlowUs = 5'000;
constexpr useconds_t kLookAgainUs = 1'000;

void WaitWhileHeld(const char* path) {
  while (access(path, F_OK) == 0) {
    char held[4096];
    std::snprintf(held, sizeof held, "%s.held", path);
    close(open(held, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    usleep(kLookAgainUs);
  }
}

}  // namespace

extern "C" int fdatasync(int descriptor) {
  static const auto real = reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, "fdatasync"));
  const char* const path = std::getenv("COHELD_HOLD_SYNCS");
  if (syscall(SYS_gettid) == getpid()) {
    usleep(kSlowUs);
  } else if (path != nullptr) {
    WaitWhileHeld(path);
  }
  return real(descriptor);
}
