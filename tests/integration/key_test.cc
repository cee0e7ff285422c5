// A daemon with a key: who is served, and what the SDK and the key file's permissions have to say.
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"

namespace coheld {
namespace {

using testing::DaemonProcess;
using testing::TemporaryFolder;

class KeyTest : public ::testing::Test {
 protected:
  // Writes a key file and returns its path.
  std::string KeyFile(const std::string& content, mode_t mode = 0600) {
    const std::string path = folder_.path() + "/" + std::to_string(++files_) + ".key";
    std::ofstream(path, std::ios::binary) << content;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  // What the daemon says when it ends over its key file.
  std::string Complaint(const std::string& path) {
    DaemonProcess daemon;
    daemon.Spawn({"--key-file", path, "--listen", "unix:" + folder_.path() + "/never.sock"});
    EXPECT_EQ(daemon.WaitForExit(), 2);
    return daemon.Log();
  }

  TemporaryFolder folder_;
  DaemonProcess daemon_;

 private:
  int files_ = 0;
};

TEST_F(KeyTest, WhoKnowsTheKeyIsServedOverBothSockets) {
  daemon_.Start({"--key-file", KeyFile("secret\n")});
  for (const std::string& address : {daemon_.address_unix(), daemon_.address_tcp()}) {
    const Client client = Client::connect(address, {.key = "secret"});
    List<int64_t>(client, "list").append(1);
  }
  const Client client = Client::connect(daemon_.address_unix(), {.key = "secret"});
  EXPECT_EQ(List<int64_t>(client, "list").size(), 2U);
}

TEST_F(KeyTest, AnotherKeyAndNoKeyAreRefused) {
  daemon_.Start({"--key-file", KeyFile("secret")});
  for (const std::string key : {"", "Secret", "secret\n"}) {
    EXPECT_THROW(Client::connect(daemon_.address_unix(), {.key = key}), Unauthenticated) << key;
  }
}

TEST_F(KeyTest, AClientWithAKeyRefusesADaemonWithout) {
  daemon_.Start();
  EXPECT_THROW(Client::connect(daemon_.address_unix(), {.key = "secret"}), Unauthenticated);
  Client::connect(daemon_.address_unix());
}

TEST_F(KeyTest, AKeyMayHoldAnyBytes) {
  const std::string key("\0binary\xFF\n\n", 10);
  daemon_.Start({"--key-file", KeyFile(key + "\n")});
  Client::connect(daemon_.address_unix(), {.key = key});
}

TEST_F(KeyTest, ManyConnectionsOfASessionProveTheKey) {
  daemon_.Start({"--key-file", KeyFile("secret")});
  const Client client = Client::connect(daemon_.address_unix(), {.key = "secret"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&client] {
      for (int round = 0; round < 50; ++round) List<int64_t>(client, "list").append(round);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(List<int64_t>(client, "list").size(), 400U);
}

TEST_F(KeyTest, ADaemonThatOthersCanReadTheKeyOfDoesNotStart) {
  EXPECT_NE(Complaint(KeyFile("secret", 0640)).find("mode 0640"), std::string::npos);
  EXPECT_NE(Complaint(KeyFile("secret", 0604)).find("chmod 600"), std::string::npos);
}

TEST_F(KeyTest, AnUnusableKeyFileIsNamed) {
  EXPECT_NE(Complaint(KeyFile("")).find("it is empty"), std::string::npos);
  EXPECT_NE(Complaint(KeyFile("\n")).find("it is empty"), std::string::npos);
  EXPECT_NE(Complaint(KeyFile(std::string(4097, 'k'))).find("over 4096"), std::string::npos);
  EXPECT_NE(Complaint(folder_.path()).find("no plain file"), std::string::npos);
  EXPECT_NE(Complaint(folder_.path() + "/none").find("No such file"), std::string::npos);
}

TEST_F(KeyTest, TheSdkReadsKeyFilesAsTheDaemonDoes) {
  EXPECT_EQ(read_key_file(KeyFile("secret\n")), "secret");
  EXPECT_EQ(read_key_file(KeyFile("secret\n\n")), "secret\n");
  EXPECT_THROW(read_key_file(KeyFile("secret", 0640)), InvalidArgument);
  EXPECT_THROW(read_key_file(KeyFile("")), InvalidArgument);
  EXPECT_THROW(read_key_file(KeyFile(std::string(4097, 'k'))), InvalidArgument);
  EXPECT_THROW(read_key_file(folder_.path()), InvalidArgument);
  EXPECT_THROW(read_key_file(folder_.path() + "/none"), InvalidArgument);
}

}  // namespace
}  // namespace coheld
