// Flags and file to Config.
#include "server/config/config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace coheld::config {
namespace {

std::variant<Config, Exit> ParseFlags(std::vector<std::string> flags) {
  std::vector<const char*> argv = {"coheld"};
  for (const std::string& flag : flags) argv.push_back(flag.c_str());
  return Parse(static_cast<int>(argv.size()), argv.data());
}

Config MustParse(std::vector<std::string> flags) {
  const auto parsed = ParseFlags(std::move(flags));
  if (const Exit* end = std::get_if<Exit>(&parsed)) ADD_FAILURE() << end->text;
  return std::get<Config>(parsed);
}

Exit MustExit(std::vector<std::string> flags) {
  return std::get<Exit>(ParseFlags(std::move(flags)));
}

TEST(Config, ListensOnTheDefaultAddressUnlessTold) {
  EXPECT_EQ(MustParse({}).listen, std::vector<std::string>{DefaultAddress()});
}

TEST(Config, FailsTheCallThatClosesADeadlockUnlessTold) {
  using engine::DeadlockPolicy;
  EXPECT_EQ(MustParse({}).dispatch.deadlock, DeadlockPolicy::kCloser);
  EXPECT_EQ(MustParse({"--deadlock", "youngest"}).dispatch.deadlock, DeadlockPolicy::kYoungest);
  EXPECT_EQ(MustParse({"--deadlock", "report"}).dispatch.deadlock, DeadlockPolicy::kReport);
  EXPECT_EQ(MustParse({"--deadlock", "closer"}).dispatch.deadlock, DeadlockPolicy::kCloser);
  EXPECT_EQ(MustExit({"--deadlock", "oldest"}).code, 2);
}

TEST(Config, DefaultAddressFollowsTheRuntimeDirectory) {
  setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
  EXPECT_EQ(DefaultAddress(), "unix:/run/user/7/coheld.sock");
  unsetenv("XDG_RUNTIME_DIR");
  EXPECT_TRUE(DefaultAddress().starts_with("unix:/tmp/coheld-"));
}

TEST(Config, TakesSeveralAddresses) {
  EXPECT_EQ(MustParse({"--listen", "unix:/a", "--listen", "127.0.0.1:0"}).listen,
            (std::vector<std::string>{"unix:/a", "127.0.0.1:0"}));
}

TEST(Config, LimitsReachTheirParts) {
  const Config config = MustParse({"--message-bytes-max", "2048", "--sessions-max", "7",
                                   "--keepalive-interval-ms", "0", "--exit-with-pid", "12"});
  EXPECT_EQ(config.transport.session.message_bytes_max, 2048u);
  EXPECT_EQ(config.dispatch.sessions_max, 7u);
  EXPECT_EQ(config.transport.keepalive_interval_ms, 0u);
  EXPECT_EQ(config.exit_with_pid, 12);
}

TEST(Config, KeepsNothingUnlessTold) {
  EXPECT_EQ(MustParse({}).durability, journal::Level::kMemory);
  EXPECT_EQ(MustParse({}).data_dir, "");
}

TEST(Config, IsSyncWithADataFolderUnlessTold) {
  using journal::Level;
  EXPECT_EQ(MustParse({"--data-dir", "d"}).durability, Level::kSync);
  EXPECT_EQ(MustParse({"--data-dir", "d", "--durability", "async"}).durability, Level::kAsync);
  EXPECT_EQ(MustParse({"--data-dir", "d", "--segment-bytes", "128k"}).segment_bytes, 128u << 10);
  EXPECT_EQ(MustParse({"--data-dir", "d"}).snapshot_after, 256u << 20);
  EXPECT_EQ(MustParse({"--data-dir", "d", "--snapshot-after", "2m"}).snapshot_after, 2u << 20);
}

TEST(Config, MemoryHasACapOnlyIfOneIsGiven) {
  EXPECT_EQ(MustParse({}).dispatch.memory.max, 0u);
  EXPECT_EQ(MustParse({"--memory-max", "0"}).dispatch.memory.max, 0u);
  const Config config = MustParse({"--memory-max", "64m"});
  EXPECT_EQ(config.dispatch.memory.max, 64u << 20);
  EXPECT_EQ(config.transport.session.memory.max, 64u << 20);
}

TEST(Config, HelpAndVersionEndWell) {
  EXPECT_EQ(MustExit({"--help"}).code, 0);
  EXPECT_NE(MustExit({"--help"}).text.find("--listen"), std::string::npos);
  EXPECT_EQ(MustExit({"--version"}).code, 0);
}

TEST(Config, BadUsageEndsWithTwoAndNamesTheFlag) {
  const std::vector<std::vector<std::string>> cases = {
      {"--nonsense"},
      {"--listen"},
      {"--log-level", "x"},
      {"--message-bytes-max", "-1"},
      {"--listen", "here"},
      {"--session-ttl-ms", "999999999999"},
      {"--durability", "sync"},
      {"--durability", "memory", "--data-dir", "/tmp"},
      {"--segment-bytes", "1k"},
      {"--memory-max", "1m"},
      {"--spin-us", "1001"}};
  for (const auto& flags : cases) {
    const Exit end = MustExit(flags);
    EXPECT_EQ(end.code, 2) << flags[0];
    EXPECT_NE(end.text.find(flags[0]), std::string::npos) << end.text;
  }
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile()
      : path_(testing::TempDir() + "coheld_config_" + std::to_string(getpid()) + ".toml") {}
  ~ConfigFile() override { std::filesystem::remove(path_); }
  std::string Write(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string path_;
};

TEST_F(ConfigFile, HasTheFlagsNames) {
  const Config config =
      MustParse({"--config", Write("listen=[\"unix:/a\", \"[::1]:0\"]\ndrain-ms=9\n")});
  EXPECT_EQ(config.listen, (std::vector<std::string>{"unix:/a", "[::1]:0"}));
  EXPECT_EQ(config.drain_ms, 9u);
}

TEST_F(ConfigFile, FlagsWin) {
  EXPECT_EQ(MustParse({"--config", Write("drain-ms=9\n"), "--drain-ms", "8"}).drain_ms, 8u);
}

TEST_F(ConfigFile, UnknownKeyOrMissingFileIsRefused) {
  EXPECT_EQ(MustExit({"--config", Write("nonsense=1\n")}).code, 2);
  EXPECT_EQ(MustExit({"--config", "/nowhere/at/all.toml"}).code, 2);
}

TEST(Config, AddressesOfClientsAreNoneToListenOn) {
  EXPECT_NE(MustExit({"--listen", "tls://0.0.0.0:1"}).text.find("is made by --tls-cert"),
            std::string::npos);
}

TEST(Config, TlsNeedsACertificateAndItsKey) {
  EXPECT_TRUE(MustParse({}).tls.empty());
  const Config config =
      MustParse({"--tls-cert", "/c.pem", "--tls-key", "/k.pem", "--tls-client-ca", "/a.pem"});
  EXPECT_EQ(config.tls.certificate, "/c.pem");
  EXPECT_EQ(config.tls.key, "/k.pem");
  EXPECT_EQ(config.tls.authorities, "/a.pem");
  EXPECT_NE(MustExit({"--tls-cert", "/c.pem"}).text.find("needs --tls-key"), std::string::npos);
  EXPECT_NE(MustExit({"--tls-key", "/k.pem"}).text.find("needs --tls-cert"), std::string::npos);
  EXPECT_NE(MustExit({"--tls-client-ca", "/a.pem"}).text.find("without TLS nobody shows"),
            std::string::npos);
}

}  // namespace
}  // namespace coheld::config
