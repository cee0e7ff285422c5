// coheldctl backup, restore and repair that are killed on their way, at each failpoint they have:
// what was there is as before, or the new is whole, and the same command finishes what it began.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "server/journal/failpoint.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/program.h"

namespace coheld {
namespace {

namespace fs = std::filesystem;

// The failpoints of a command; each must have a test.
std::vector<std::string> FailpointsOf(const std::string& command) {
  std::vector<std::string> names;
  for (const std::string_view name : journal::kFailpoints) {
    if (name.starts_with(command + ".")) names.emplace_back(name);
  }
  EXPECT_FALSE(names.empty());
  return names;
}

class CutShortTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  void Start(const std::string& data) {
    daemon_ = std::make_unique<testing::DaemonProcess>();
    daemon_->Start({"--data-dir", data, "--segment-bytes", "64k"});
  }
  void Stop() {
    daemon_->Terminate();
    EXPECT_EQ(daemon_->WaitForExit(), 0);
    daemon_.reset();
  }

  // Makes a folder with so many items in some segments; no daemon uses it.
  void MakeFolder(const std::string& data, int items) {
    Start(data);
    const List<int> list(Client::connect(daemon_->address_unix()), "list");
    for (int i = 0; i < items; ++i) list.append(i);
    Stop();
  }
  // What a daemon on the folder has.
  uint64_t Items(const std::string& data) {
    Start(data);
    const uint64_t items = List<int>(Client::connect(daemon_->address_unix()), "list").size();
    Stop();
    return items;
  }
  bool IsGood(const std::string& path) const { return Ctl("verify " + path).code == 0; }

  testing::Outcome Ctl(const std::string& arguments) const {
    const std::string address =
        daemon_ == nullptr ? "" : "--address " + daemon_->address_unix() + " ";
    return testing::RunProgram("coheldctl", address + arguments);
  }
  // Runs it with a failpoint armed. Returns whether it was killed there; else it has to succeed.
  bool KilledAt(const std::string& failpoint, const std::string& arguments) const {
    setenv("COHELD_FAILPOINT", failpoint.c_str(), 1);
    const testing::Outcome outcome = Ctl(arguments);
    unsetenv("COHELD_FAILPOINT");
    const std::string name = failpoint.substr(0, failpoint.find('@'));
    if (outcome.output.find("failpoint_passed name=" + name) != std::string::npos) return true;
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    return false;
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<testing::DaemonProcess> daemon_;
};

TEST_F(CutShortTest, BackupsAreNotThereOrWhole) {
  Start(Path("data"));
  const List<int> list(Client::connect(daemon_->address_unix()), "list");
  for (int i = 0; i < 1000; ++i) list.append(i);
  for (const std::string& failpoint : FailpointsOf("backup")) {
    SCOPED_TRACE(failpoint);
    const std::string backup = Path(failpoint);
    ASSERT_TRUE(KilledAt(failpoint, "backup " + backup));
    EXPECT_EQ(fs::exists(backup), failpoint == "backup.renamed");
    EXPECT_EQ(fs::exists(backup), IsGood(backup));
    // What is left over is in nobody's way.
    list.append(0);
    EXPECT_EQ(Ctl("backup " + backup).code, 0);
    EXPECT_TRUE(IsGood(backup));
  }
}

TEST_F(CutShortTest, RestoresAreDoneByDoingThemAgain) {
  MakeFolder(Path("data"), 1000);
  ASSERT_EQ(Ctl("backup --data-dir " + Path("data") + " " + Path("backup")).code, 0);
  // Those of writing the snapshot are passed, too.
  std::vector<std::string> failpoints = FailpointsOf("restore");
  for (const char* name : {"snapshot.created", "snapshot.synced", "snapshot.renamed"}) {
    failpoints.emplace_back(name);
  }
  for (const std::string& failpoint : failpoints) {
    SCOPED_TRACE(failpoint);
    const std::string restored = Path(failpoint);
    ASSERT_TRUE(KilledAt(failpoint, "restore " + Path("backup") + " " + restored));
    // It says so if it was done already.
    const testing::Outcome again = Ctl("restore " + Path("backup") + " " + restored);
    if (again.code != 0) {
      EXPECT_NE(again.output.find("is not empty"), std::string::npos) << again.output;
    }
    EXPECT_TRUE(IsGood(restored));
    EXPECT_EQ(Items(restored), 1000u);
  }
}

TEST_F(CutShortTest, RepairsAreDoneByDoingThemAgain) {
  MakeFolder(Path("data"), 3000);
  {
    // In the midst of the second segment.
    std::vector<std::string> segments;
    for (const auto& entry : fs::directory_iterator(Path("data"))) {
      const std::string path = entry.path();
      if (path.find("/journal-0") != std::string::npos) segments.push_back(path);
    }
    std::sort(segments.begin(), segments.end());
    ASSERT_GE(segments.size(), 3u);
    std::fstream file(segments[1], std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(30'000);
    const int before = file.get();
    file.seekp(30'000);
    file.put(static_cast<char>(before ^ 1));
    ASSERT_TRUE(file.good());
  }
  ASSERT_FALSE(IsGood(Path("data")));
  fs::copy(Path("data"), Path("whole"), fs::copy_options::recursive);
  ASSERT_EQ(Ctl("repair --yes " + Path("whole")).code, 0);
  const uint64_t items = Items(Path("whole"));
  EXPECT_LT(items, 3000u);
  EXPECT_GT(items, 0u);

  for (const std::string& failpoint : FailpointsOf("repair")) {
    bool was_hit = false;
    for (int pass = 1;; ++pass) {
      const std::string armed = failpoint + "@" + std::to_string(pass);
      SCOPED_TRACE(armed);
      const std::string data = Path(armed);
      fs::copy(Path("data"), data, fs::copy_options::recursive);
      const bool killed = KilledAt(armed, "repair --yes " + data);
      was_hit = was_hit || killed;
      // A repair of what is good does nothing.
      const testing::Outcome again = Ctl("repair --yes " + data);
      EXPECT_EQ(again.code, 0) << again.output;
      EXPECT_TRUE(IsGood(data));
      EXPECT_EQ(Items(data), items);
      if (!killed || HasFailure()) break;
    }
    EXPECT_TRUE(was_hit) << failpoint;
  }
}

}  // namespace
}  // namespace coheld
