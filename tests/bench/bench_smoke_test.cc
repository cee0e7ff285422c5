// The load generator against the daemon, for a moment: every op on every protocol, without a
// failure. It measures nothing.
#include <gtest/gtest.h>

#include "tests/bench/load.h"
#include "tests/integration/daemon_process.h"

namespace coheld::bench {
namespace {

class BenchSmoke : public ::testing::Test {
 protected:
  void SetUp() override { daemon_.Start(); }

  void ExpectNoFailure(const std::string& target, Wire wire, const LoadOptions& load) {
    for (const std::string& name : OperationNames()) {
      if (name == "snapshot") continue;  // Needs a data folder.
      if (name == "lock" && load.depth > 1) continue;
      LoadOptions options = load;
      options.target = target;
      options.workload.wire = wire;
      options.workload.mix = {{name, 1}};
      const Report report = RunLoad(options);
      EXPECT_EQ(report.error, "") << name;
      EXPECT_EQ(report.failures, 0u) << name << ": " << report.first_failure;
      EXPECT_GT(report.ops, 0u) << name;
    }
  }

  static LoadOptions Short() {
    LoadOptions options{.connections = 5, .seconds = 0.05, .warmup_seconds = 0.01};
    options.workload.keys = 10;
    return options;
  }

  testing::DaemonProcess daemon_;
};

TEST_F(BenchSmoke, StreamAnswersEveryOp) {
  ExpectNoFailure(daemon_.address_unix(), Wire::kStream, Short());
}

TEST_F(BenchSmoke, ExactlyOnceAnswersEveryOp) {
  LoadOptions options = Short();
  options.promise = Promise::kExactlyOnce;
  ExpectNoFailure(daemon_.address_unix(), Wire::kStream, options);
}

TEST_F(BenchSmoke, KeptRepliesAreAllAnswered) {
  LoadOptions options = Short();
  options.promise = Promise::kKept;
  options.kept = 100;
  ExpectNoFailure(daemon_.address_unix(), Wire::kStream, options);
}

TEST_F(BenchSmoke, UnaryAnswersEveryOp) {
  ExpectNoFailure(daemon_.address_unix(), Wire::kUnary, Short());
}

TEST_F(BenchSmoke, ManyInFlightOverTcpAnswerEveryOp) {
  LoadOptions options = Short();
  options.depth = 64;
  ExpectNoFailure(daemon_.address_tcp(), Wire::kStream, options);
  ExpectNoFailure(daemon_.address_tcp(), Wire::kUnary, options);
}

TEST_F(BenchSmoke, ValuesAboveTheWindowsPass) {
  LoadOptions options = Short();
  options.connections = 1;
  options.depth = 64;
  options.workload.value_bytes = 200000;
  ExpectNoFailure(daemon_.address_unix(), Wire::kStream, options);
}

}  // namespace
}  // namespace coheld::bench
