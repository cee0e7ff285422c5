// A library to be preloaded into the daemon: lets the N-th file call below a folder, or the N-th
// allocation, fail once. Tests only; GNU only.
//
//   COHELD_FAIL_FOLDER=PATH   the folder; what is elsewhere works and is not counted
//   COHELD_FAIL_CALL=N        which call fails, from 1
//   COHELD_FAIL_CODE=N        with which errno
//   COHELD_FAIL_MALLOC=N      which allocation of the process fails, from 1
//   COHELD_FAIL_IN=WORD       only in a process that has this as its first argument; else in one
//                             that does not begin with a verb
//   COHELD_FAIL_REPORT=PATH   gets a line about the call as it fails: "N call path time", the time
//                             being CLOCK_MONOTONIC in nanoseconds as the call returns
//
// A failing call takes a while, so that whatever the daemon said before is heard before.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// Of glibc: the allocator itself, which the daemon's own malloc calls under its other name.
extern "C" void* __libc_memalign(size_t alignment, size_t size);

namespace {

constexpr int kDescriptors = 4096;
constexpr long kDelayNs = 20'000'000;

std::atomic<bool> is_watched[kDescriptors];  // By descriptor: it is of a file below the folder.
std::atomic<long> calls{0};
std::atomic<long> allocations{0};
long fail_call = 0;
long fail_allocation = 0;
int fail_code = EIO;
char folder[4096];
char report[4096];

// The first argument of this process, cut to what fits.
void ReadFirstArgument(char* word, size_t size) {
  char line[4096] = {};
  const int file = open("/proc/self/cmdline", O_RDONLY);
  const ssize_t count = read(file, line, sizeof line - 1);
  close(file);
  const char* const first = line + std::strlen(line) + 1;
  std::snprintf(word, size, "%s", count > 0 && first < line + count ? first : "");
}

long NumberIn(const char* variable) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? 0 : std::atol(text);
}

__attribute__((constructor)) void ReadEnvironment() {
  char word[256];
  ReadFirstArgument(word, sizeof word);
  const char* const wanted = std::getenv("COHELD_FAIL_IN");
  const bool is_verb = word[0] != '\0' && word[0] != '-';
  if (wanted == nullptr ? is_verb : std::strcmp(wanted, word) != 0) return;
  std::snprintf(folder, sizeof folder, "%s", std::getenv("COHELD_FAIL_FOLDER"));
  if (const char* path = std::getenv("COHELD_FAIL_REPORT")) {
    std::snprintf(report, sizeof report, "%s", path);
  }
  if (const long code = NumberIn("COHELD_FAIL_CODE")) fail_code = static_cast<int>(code);
  fail_call = NumberIn("COHELD_FAIL_CALL");
  fail_allocation = NumberIn("COHELD_FAIL_MALLOC");
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

void Report(long number, const char* call, const char* path) {
  const timespec delay{0, kDelayNs};
  nanosleep(&delay, nullptr);
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  char line[5000];
  const int size = std::snprintf(line, sizeof line, "%ld %s %s %ld%09ld\n", number, call, path,
                                 static_cast<long>(now.tv_sec), now.tv_nsec);
  const int file = Real<int(const char*, int, ...)>("open")(
      report, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  (void)!Real<ssize_t(int, const void*, size_t)>("write")(file, line, static_cast<size_t>(size));
  Real<int(int)>("close")(file);
}

// Counts a call below the folder. True, with errno set, if it is to fail.
bool Fails(const char* call, const char* path) {
  if (fail_call == 0 || calls.fetch_add(1) + 1 != fail_call) return false;
  Report(fail_call, call, path);
  errno = fail_code;
  return true;
}

bool IsBelow(const char* path) {
  return folder[0] != '\0' && std::strncmp(path, folder, std::strlen(folder)) == 0;
}
bool PathFails(const char* call, const char* path) { return IsBelow(path) && Fails(call, path); }

bool FileFails(const char* call, int file) {
  if (file < 0 || file >= kDescriptors || !is_watched[file]) return false;
  return Fails(call, "(open file)");
}

int Watched(int file, const char* path) {
  if (file >= 0 && file < kDescriptors) is_watched[file] = IsBelow(path);
  return file;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (PathFails("open", path)) return -1;
  return Watched(Real<int(const char*, int, ...)>("open")(path, flags, mode), path);
}
int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return open(path, flags, mode);
}
int close(int file) {
  if (file >= 0 && file < kDescriptors) is_watched[file] = false;
  return Real<int(int)>("close")(file);
}

ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  if (FileFails("pwrite", file)) return -1;
  return Real<ssize_t(int, const void*, size_t, off_t)>("pwrite")(file, bytes, size, offset);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t offset) {
  return pwrite(file, bytes, size, offset);
}
ssize_t write(int file, const void* bytes, size_t size) {
  if (FileFails("write", file)) return -1;
  return Real<ssize_t(int, const void*, size_t)>("write")(file, bytes, size);
}
ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
  if (FileFails("pread", file)) return -1;
  return Real<ssize_t(int, void*, size_t, off_t)>("pread")(file, bytes, size, offset);
}
ssize_t pread64(int file, void* bytes, size_t size, off64_t offset) {
  return pread(file, bytes, size, offset);
}
int fdatasync(int file) {
  return FileFails("fdatasync", file) ? -1 : Real<int(int)>("fdatasync")(file);
}
int fsync(int file) { return FileFails("fsync", file) ? -1 : Real<int(int)>("fsync")(file); }
int ftruncate(int file, off_t size) noexcept {
  return FileFails("ftruncate", file) ? -1 : Real<int(int, off_t)>("ftruncate")(file, size);
}
int ftruncate64(int file, off64_t size) noexcept { return ftruncate(file, size); }
int fallocate(int file, int mode, off_t offset, off_t size) {
  if (FileFails("fallocate", file)) return -1;
  return Real<int(int, int, off_t, off_t)>("fallocate")(file, mode, offset, size);
}
int fcntl(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  if (command == F_SETLK && FileFails("fcntl", file)) return -1;
  return Real<int(int, int, void*)>("fcntl")(file, command, argument);
}
int fcntl64(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  return fcntl(file, command, argument);
}
int fstat(int file, struct stat* status) noexcept {
  return FileFails("fstat", file) ? -1 : Real<int(int, struct stat*)>("fstat")(file, status);
}
int rename(const char* from, const char* to) noexcept {
  if (PathFails("rename", from)) return -1;
  return Real<int(const char*, const char*)>("rename")(from, to);
}
int unlink(const char* path) noexcept {
  return PathFails("unlink", path) ? -1 : Real<int(const char*)>("unlink")(path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  return PathFails("mkdir", path) ? -1 : Real<int(const char*, mode_t)>("mkdir")(path, mode);
}
DIR* opendir(const char* path) {
  return PathFails("opendir", path) ? nullptr : Real<DIR*(const char*)>("opendir")(path);
}

void* __libc_malloc(size_t size) {
  if (fail_allocation != 0 && allocations.fetch_add(1) + 1 == fail_allocation) {
    Report(fail_allocation, "malloc", "-");
    errno = ENOMEM;
    return nullptr;
  }
  return __libc_memalign(alignof(std::max_align_t), size);
}

}  // extern "C"
