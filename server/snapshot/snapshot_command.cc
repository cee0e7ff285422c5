// See snapshot_command.h.
#include "server/snapshot/snapshot_command.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "server/journal/folder_lock.h"
#include "server/journal/posix_files.h"
#include "server/snapshot/write_snapshot.h"

namespace coheld::snapshot {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kLeastNice = 19;
// linux/ioprio.h has names for these since 5.15 only.
constexpr int kIoPriorityOfProcess = 1;
constexpr int kIoPriorityIdle = 3 << 13;
// Keeps two of these processes apart: one may outlive its daemon for a moment.
constexpr char kLockName[] = "snapshot-lock";

// Lets everything else go first. Where that is not allowed it only takes its share.
void GiveWay(bool is_idle) {
  setpriority(PRIO_PROCESS, 0, kLeastNice);
  const sched_param none{};
  sched_setscheduler(0, is_idle ? SCHED_IDLE : SCHED_BATCH, &none);
  syscall(SYS_ioprio_set, kIoPriorityOfProcess, 0, kIoPriorityIdle);
  // If memory runs out this one goes, not the daemon.
  const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score < 0) return;
  (void)!write(score, "1000", 4);
  close(score);
}

// False if the parent ended already.
bool EndWith(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  return parent == 0 || getppid() == parent;
}

std::optional<uint64_t> NumberOf(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

journal::Status Make(const std::string& folder, uint64_t index, uint64_t* bytes) {
  std::unique_ptr<journal::FolderLock> lock;
  if (journal::Status fault = journal::FolderLock::Take(folder, &lock, kLockName)) return fault;
  journal::PosixFiles files;
  return WriteSnapshot(files, folder, index, bytes);
}

}  // namespace

int RunSnapshotCommand(int count, const char* const* arguments) {
  const std::optional<uint64_t> index = count == 4 ? NumberOf(arguments[1]) : std::nullopt;
  const std::optional<uint64_t> parent = count == 4 ? NumberOf(arguments[2]) : std::nullopt;
  if (!index || !parent) {
    std::fputs("coheld snapshot: for the daemon only; use coheldctl compact\n", stderr);
    return kExitUsage;
  }
  GiveWay(std::string_view(arguments[3]) == kWithoutHaste);
  if (!EndWith(static_cast<pid_t>(*parent))) return kExitFailed;
  uint64_t bytes = 0;
  const journal::Status fault = Make(arguments[0], *index, &bytes);
  std::printf("%s\n", fault ? fault->message.c_str() : std::to_string(bytes).c_str());
  return fault ? kExitFailed : 0;
}

}  // namespace coheld::snapshot
