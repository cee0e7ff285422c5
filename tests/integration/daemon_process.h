// Starts the daemon's program for a test: in a temporary folder, on a Unix socket and a loopback
// port of its own, and waits for its ready line. Tests only; no heavy headers, no gtest.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace coheld::testing {

// A folder under $TMPDIR (or /tmp) that is removed with all its content at the end.
class TemporaryFolder {
 public:
  // Throws std::runtime_error if it cannot be made.
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One child process running the daemon's program. It dies with the test, also when the test
// crashes.
class DaemonProcess {
 public:
  // Long enough for a sanitizer build on a loaded machine; nobody waits that long if all is well.
  static constexpr std::chrono::milliseconds kPatience{30000};

  // Starts nothing yet.
  DaemonProcess() = default;
  // Kills the daemon if it still runs.
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  // Starts the daemon with `--listen unix:FOLDER/coheld.sock --listen 127.0.0.1:0` and then the
  // arguments, and waits for the ready line. Throws std::runtime_error with the daemon's output if
  // it does not come.
  void Start(const std::vector<std::string>& arguments = {});

  // Starts the program with these arguments only, and waits for nothing. `inherited_fd`, if any,
  // stays open in the child under the same number. A daemon that listens has as many shards as
  // $COHELD_TEST_SHARDS says, if it is set and no argument says otherwise.
  void Spawn(const std::vector<std::string>& arguments, int inherited_fd = -1);

  // Waits for the line "ready ADDRESS ADDRESS..." on stdout. False if the output ends or patience
  // runs out before.
  bool WaitUntilReady();

  // Waits for a line of the log (stderr) that contains the text. False when patience runs out or
  // the daemon ends first.
  bool WaitForLog(const std::string& text);

  // The addresses of the ready line, as clients write them: "unix:/path" and "127.0.0.1:port".
  // Empty if the daemon listens on none of the kind.
  const std::string& address_unix() const { return address_unix_; }
  const std::string& address_tcp() const { return address_tcp_; }
  // All addresses of the ready line, in its order.
  const std::vector<std::string>& addresses() const { return addresses_; }
  // The port of address_tcp().
  std::string port() const;

  pid_t pid() const { return pid_; }
  // Its resident memory in bytes, but for its program's pages, as the kernel counts it.
  size_t AnonymousBytes() const;
  // The daemon's temporary folder; removed at the end.
  const std::string& folder() const { return folder_.path(); }

  // Sends SIGTERM (the daemon drains) or SIGKILL. Do not wait for the end.
  void Terminate();
  void Kill();
  // Sends any signal.
  void Signal(int signal);
  // Sends SIGSTOP and waits until all of its threads stand still, which the signal's sender does
  // not. Signal(SIGCONT) has it go on.
  void Freeze();

  // Waits for the end. The exit code, or 128 plus the signal's number; nothing if it still runs
  // after that time.
  std::optional<int> WaitForExit(std::chrono::milliseconds patience = kPatience);

  // What the program has written so far. Output() is what was read while waiting for the ready
  // line, and all of it once WaitForExit answered.
  const std::string& Output() const { return output_; }
  std::string Log() const;

  // The program that is run: $COHELD_DAEMON, or `coheld` beside the test's own program.
  static std::string Program();

 private:
  bool ReadOutput(std::chrono::steady_clock::time_point until);
  void DrainOutput();
  void ParseReadyLine(const std::string& line);

  TemporaryFolder folder_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  int output_fd_ = -1;
  std::string output_;
  std::vector<std::string> addresses_;
  std::string address_unix_;
  std::string address_tcp_;
};

}  // namespace coheld::testing
