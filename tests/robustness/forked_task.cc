// See forked_task.h.
#include "tests/robustness/forked_task.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace coheld::testing {
namespace {

constexpr unsigned kSecondsMax = 120;

void WriteFile(const char* path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

bool BecomeRoot() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (user == 0) return true;
  if (unshare(CLONE_NEWUSER) != 0) return false;
  WriteFile("/proc/self/setgroups", "deny");
  WriteFile("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
  WriteFile("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  return geteuid() == 0;
}

std::string InFork(const std::function<std::string()>& task) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    alarm(kSecondsMax);
    std::string complaint;
    try {
      complaint = task();
    } catch (const std::exception& error) {
      complaint = error.what();
    }
    (void)!write(ends[1], complaint.data(), complaint.size());
    _exit(0);
  }
  close(ends[1]);
  std::string complaint;
  char bytes[4096];
  for (ssize_t count; (count = read(ends[0], bytes, sizeof bytes)) > 0;) {
    complaint.append(bytes, static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? complaint
                     : complaint + " (the task ended with status " + std::to_string(status) + ")";
}

std::string OnSmallDisk(const std::string& folder, uint64_t bytes,
                        const std::function<std::string()>& task) {
  return InFork([&]() -> std::string {
    if (!BecomeRoot() || unshare(CLONE_NEWNS) != 0) {
      return std::string("skip: mount namespaces are not permitted: ") + std::strerror(errno);
    }
    const std::string options = "mode=0700,size=" + std::to_string(bytes);
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) != 0) {
      return std::string("skip: a tmpfs cannot be mounted: ") + std::strerror(errno);
    }
    return task();
  });
}

}  // namespace coheld::testing
