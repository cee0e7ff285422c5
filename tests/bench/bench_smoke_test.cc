// The load generator against the daemon, and against the references that are built here, for a
// moment: every op on every protocol, without a failure. It measures nothing.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "tests/bench/handoff.h"
#include "tests/bench/load.h"
#include "tests/bench/socket.h"
#include "tests/integration/certificates.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/program.h"

namespace coheld::bench {
namespace {

const std::vector<std::string> kSimpleOps = {"get", "set", "append", "queue", "add"};

// A reference server that stands beside the test, on a Unix socket.
class Reference {
 public:
  explicit Reference(const char* name) {
    const std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(program.c_str(), name, target().c_str(), nullptr);
    _exit(127);
  }
  ~Reference() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;

  std::string target() const { return "unix:" + folder_.path() + "/reference.sock"; }

  // False if it does not listen within 30 s.
  bool WaitUntilUp() const {
    std::string error;
    for (int tries = 0; tries < 1500; ++tries) {
      if (Connect({.target = target()}, &error) != nullptr) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

 private:
  testing::TemporaryFolder folder_;
  pid_t pid_ = -1;
};

LoadOptions Short() {
  LoadOptions options{.connections = 5, .seconds = 0.05, .warmup_seconds = 0.01};
  options.workload.keys = 10;
  options.workload.items = 100;
  return options;
}

void ExpectNoFailure(const Report& report, const std::string& name) {
  EXPECT_EQ(report.error, "") << name;
  EXPECT_EQ(report.failures, 0u) << name << ": " << report.first_failure;
  EXPECT_GT(report.ops, 0u) << name;
}

void ExpectOpsAnswered(LoadOptions options, const std::string& target, Wire wire,
                       const std::vector<std::string>& names) {
  options.target = target;
  options.workload.wire = wire;
  for (const std::string& name : names) {
    if (name == "lock" && options.depth > 1) continue;
    options.workload.mix = {{name, 1}};
    options.waiters = name == "wake" ? 3 : 0;
    ExpectNoFailure(RunLoad(options), name);
  }
}

class BenchSmoke : public ::testing::Test {
 protected:
  void SetUp() override { daemon_.Start(); }

  void ExpectAllAnswered(const std::string& target, Wire wire, const LoadOptions& options) {
    std::vector<std::string> names;
    for (const std::string& name : OperationNames()) {
      // A snapshot needs a folder, and a hand-off two processes.
      if (name != "snapshot" && name != "handoff" && name != "handed-on") names.push_back(name);
    }
    ExpectOpsAnswered(options, target, wire, names);
  }

  testing::DaemonProcess daemon_;
};

TEST_F(BenchSmoke, StreamAnswersEveryOp) {
  ExpectAllAnswered(daemon_.address_unix(), Wire::kStream, Short());
}

TEST_F(BenchSmoke, ExactlyOnceAnswersEveryOp) {
  LoadOptions options = Short();
  options.promise = Promise::kExactlyOnce;
  ExpectAllAnswered(daemon_.address_unix(), Wire::kStream, options);
}

TEST_F(BenchSmoke, KeptRepliesAreAllAnswered) {
  LoadOptions options = Short();
  options.promise = Promise::kKept;
  options.kept = 100;
  ExpectOpsAnswered(options, daemon_.address_unix(), Wire::kStream, kSimpleOps);
}

TEST_F(BenchSmoke, UnaryAnswersEveryOp) {
  ExpectAllAnswered(daemon_.address_unix(), Wire::kUnary, Short());
}

TEST_F(BenchSmoke, ManyInFlightOverTcpAnswerEveryOp) {
  LoadOptions options = Short();
  options.depth = 64;
  ExpectAllAnswered(daemon_.address_tcp(), Wire::kStream, options);
  ExpectAllAnswered(daemon_.address_tcp(), Wire::kUnary, options);
}

TEST_F(BenchSmoke, ValuesAboveTheWindowsPass) {
  LoadOptions options = Short();
  options.connections = 1;
  options.workload.value_bytes = 3'000'000;
  const std::vector<std::string> names = {"get", "set", "putget", "queue"};
  ExpectOpsAnswered(options, daemon_.address_unix(), Wire::kUnary, names);
  options.depth = 8;
  ExpectOpsAnswered(options, daemon_.address_unix(), Wire::kStream, names);
}

TEST_F(BenchSmoke, TwoProcessesHandOnItems) {
  for (const Wire wire : {Wire::kStream, Wire::kUnary}) {
    LoadOptions options = Short();
    options.target = daemon_.address_unix();
    options.connections = 1;
    options.workload.wire = wire;
    options.workload.mix = {{"handoff", 1}};
    ExpectNoFailure(RunHandoff(options), "handoff");
  }
}

TEST_F(BenchSmoke, MemoryOfIdleConnectionsIsCounted) {
  LoadOptions options = Short();
  options.target = daemon_.address_unix();
  options.workload.mix = {{"get", 1}};
  options.idle = 200;
  options.memory = true;
  const Report report = RunLoad(options);
  ExpectNoFailure(report, "idle");
  EXPECT_GT(report.server_bytes_each, 0);
}

TEST_F(BenchSmoke, TheSdkAnswersEveryOp) {
  for (const char* name : {"get", "set", "append", "queue", "lock", "batch"}) {
    const testing::Outcome outcome =
        testing::RunProgram("bench_sdk_client", daemon_.address_unix() + " 0.05 " + name);
    EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.output;
  }
}

TEST_F(BenchSmoke, FillingAddsEveryContent) {
  LoadOptions options = Short();
  options.target = daemon_.address_unix();
  options.filling = {
      .items = 1000,
      .batch = 100,
      .contents = {Content::kFilledTexts, Content::kFilledNumbers, Content::kFilledEntries}};
  const Report report = RunLoad(options);
  ExpectNoFailure(report, "filling");
  EXPECT_EQ(report.ops, 30u);
}

TEST(BenchTls, StreamAndUnaryAnswerEveryOp) {
  const testing::TemporaryFolder folder;
  const testing::Authority authority(folder.path(), "authority");
  const testing::CertificateFiles files = authority.Issue("daemon");
  testing::DaemonProcess daemon;
  daemon.Start({"--tls-cert", files.certificate, "--tls-key", files.key});
  LoadOptions options = Short();
  options.ca_file = authority.file();
  options.workload.value_bytes = 300'000;
  ExpectOpsAnswered(options, daemon.address_tcp(), Wire::kUnary, kSimpleOps);
  options.depth = 16;
  ExpectOpsAnswered(options, daemon.address_tcp(), Wire::kStream, kSimpleOps);
}

TEST(BenchReference, CopyAnswersEveryOp) {
  const Reference reference("bench_copy_reference");
  ASSERT_TRUE(reference.WaitUntilUp());
  LoadOptions options = Short();
  options.connections = 1;
  options.workload.value_bytes = 3'000'000;
  ExpectOpsAnswered(options, reference.target(), Wire::kCopy, {"get", "set", "putget"});
}

#ifdef COHELD_GRPC_REFERENCE
TEST(BenchReference, GrpcAnswersEveryOp) {
  const Reference reference("bench_grpc_reference");
  ASSERT_TRUE(reference.WaitUntilUp());
  LoadOptions options = Short();
  ExpectOpsAnswered(options, reference.target(), Wire::kStream, kSimpleOps);
  ExpectOpsAnswered(options, reference.target(), Wire::kUnary, kSimpleOps);
  options.depth = 64;
  ExpectOpsAnswered(options, reference.target(), Wire::kStream, kSimpleOps);
  ExpectOpsAnswered(options, reference.target(), Wire::kUnary, kSimpleOps);
}
#endif

}  // namespace
}  // namespace coheld::bench
