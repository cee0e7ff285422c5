// coheldctl on what a daemon keeps on disk: backup, restore, verify, compact, repair, dump.
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/folder_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using testing::kFirstSegment;
using testing::Outcome;

class FolderCommandsTest : public testing::FolderFixture {
 protected:
  std::string DataDir() const { return Path("data"); }

  void Start(const std::string& data_dir) {
    daemon_ = std::make_unique<testing::DaemonProcess>();
    daemon_->Start({"--data-dir", data_dir, "--segment-bytes", "64k"});
  }
  void Start() { Start(DataDir()); }
  void Stop() {
    daemon_->Terminate();
    EXPECT_EQ(daemon_->WaitForExit(), 0);
  }
  Client Connect() const { return Client::connect(daemon_->address_unix()); }

  // Makes a folder with 3,000 items in some segments, and no daemon.
  void MakeFolder() {
    Start();
    const Client client = Connect();
    const List<int> list(client, "list");
    for (int i = 0; i < 3000; ++i) list.append(i);
    Dict<std::string, int>(client, "stock").set("apples", 5);
    Stop();
  }

  std::vector<Json> Dump(const std::string& arguments) const {
    const Outcome outcome = Ctl("dump " + arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    std::vector<Json> lines;
    std::istringstream text(outcome.output);
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    return lines;
  }
};

TEST_F(FolderCommandsTest, ABackupIsMadeWhileTheDaemonWorks) {
  Start();
  const List<int> list(Connect(), "list");
  for (int i = 0; i < 100; ++i) list.append(i);
  const Json made = CtlJson("backup " + Path("backup"));
  EXPECT_EQ(made["path"], Path("backup"));
  EXPECT_EQ(made["bytes"], fs::file_size(Path("backup")));
  EXPECT_GE(made["index"], 100);
  list.append(100);
  const Json verified = CtlJson("verify " + Path("backup"));
  EXPECT_EQ(verified["state"]["index"], made["index"]);
  EXPECT_EQ(list.size(), 101u);
}

TEST_F(FolderCommandsTest, ABackupIsAsSecretAsTheFolder) {
  Start();
  Counter(Connect(), "counter").add(1);
  ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
  EXPECT_EQ(fs::status(Path("backup")).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(FolderCommandsTest, BackupsInAFolderAreNamedForTheirIndex) {
  Start();
  const Counter counter(Connect(), "counter");
  fs::create_directory(Path("backups"));
  counter.add(1);
  const Json first = CtlJson("backup " + Path("backups"));
  counter.add(1);
  const Json second = CtlJson("backup " + Path("backups"));
  EXPECT_NE(first["path"], second["path"]);
  Stop();
  EXPECT_EQ(Ctl("restore " + Path("backups") + " " + Path("new")).code, 0);
  Start(Path("new"));
  EXPECT_EQ(Counter(Connect(), "counter").get(), 2);
}

TEST_F(FolderCommandsTest, ABackupIsNotPutAmongTheDaemonsFiles) {
  Start();
  Counter(Connect(), "counter").add(1);
  const Outcome outcome = Ctl("backup " + DataDir());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.output.find("is a data folder; put the backup elsewhere"), std::string::npos);
}

TEST_F(FolderCommandsTest, ARestoredFolderIsADaemonsBeforeOneStarts) {
  MakeFolder();
  ASSERT_EQ(Ctl("backup " + Path("backup") + " --data-dir " + DataDir()).code, 0);
  ASSERT_EQ(Ctl("restore " + Path("backup") + " " + Path("new")).code, 0);
  const Outcome outcome = Ctl("backup " + Path("new") + " --data-dir " + DataDir());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.output.find("is a data folder; put the backup elsewhere"), std::string::npos)
      << outcome.output;
}

TEST_F(FolderCommandsTest, ABackupTouchesNoFileButItsOwn) {
  Start();
  Counter(Connect(), "counter").add(1);
  const std::string text = "somebody's text";
  std::ofstream(Path("backup.next")) << text;
  EXPECT_EQ(Ctl("backup " + Path("backup")).code, 0);
  Stop();
  EXPECT_EQ(Ctl("backup " + Path("backup") + " --data-dir " + DataDir()).code, 0);
  std::ifstream file(Path("backup.next"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
  EXPECT_FALSE(HasUnfinished());
}

TEST_F(FolderCommandsTest, ABackupThatFailsLeavesNothing) {
  MakeFolder();
  fs::create_directory(Path("backups"));
  const std::string backup = "backup " + Path("backups") + " --data-dir " + DataDir();
  const std::string path = CtlJson(backup)["path"];
  fs::remove(path);
  fs::create_directory(path);  // No file can have its name then.
  EXPECT_EQ(Ctl(backup).code, 4);
  EXPECT_FALSE(HasUnfinished());
}

TEST_F(FolderCommandsTest, ABackupThatIsInterruptedLeavesNothing) {
  Start();
  std::string bytes(size_t{1} << 20, '\0');
  std::minstd_rand random(1);
  for (char& byte : bytes)
    byte = static_cast<char>(' ' + (random() >> 8) % 64);  // Hard to compress.
  const List<std::string> list(Connect(), "list");
  for (int i = 0; i < 32; ++i) list.append(bytes);
  const std::string backup = Path("backup");
  const Outcome outcome =
      Ctl("backup " + backup + " & while kill -0 $! && ! ls " + backup +
          ".unfinished-*/backup; do :; done >/dev/null 2>&1; kill -TERM $!; wait $!");
  EXPECT_TRUE(outcome.code == 130 || outcome.code == 0) << outcome.code << outcome.output;
  EXPECT_EQ(fs::exists(backup), outcome.code == 0);  // It was quicker than the signal.
  EXPECT_FALSE(HasUnfinished());
}

TEST_F(FolderCommandsTest, EachCommandShowsItsOwnExamples) {
  for (const std::string command : {"backup", "restore", "verify", "compact", "repair", "dump"}) {
    const Outcome outcome = Ctl(command + " --help");
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.output.find("\n  coheldctl " + command), std::string::npos) << outcome.output;
    EXPECT_EQ(outcome.output.find("coheldctl push"), std::string::npos) << outcome.output;
  }
}

TEST_F(FolderCommandsTest, ADaemonWithoutAFolderHasNothingToBackUp) {
  daemon_ = std::make_unique<testing::DaemonProcess>();
  daemon_->Start();
  for (const std::string& verb : {"backup " + Path("backup"), std::string("compact")}) {
    const Outcome outcome = Ctl(verb);
    EXPECT_EQ(outcome.code, 4);
    EXPECT_NE(outcome.output.find("NO_JOURNAL"), std::string::npos) << outcome.output;
  }
  EXPECT_FALSE(fs::exists(Path("backup")));
}

TEST_F(FolderCommandsTest, TokensContinueAboveAllThatWereGivenSinceTheBackup) {
  Start();
  uint64_t last = 0;
  {
    const Client client = Connect();
    Lock lock(client, "lock");
    Queue<int>(client, "queue").put(1);
    const Task<int> task = Queue<int>(client, "queue").lease();
    lock.lock();
    ASSERT_EQ(Ctl("backup " + Path("backup")).code, 0);
    lock.unlock();
    for (int i = 0; i < 100; ++i) {
      lock.lock();
      last = lock.token();
      lock.unlock();
    }
    daemon_->Kill();
    daemon_->WaitForExit();
  }
  const Json restored = CtlJson("restore " + Path("backup") + " " + Path("new"));
  EXPECT_EQ(restored["restored"]["sessions"], 0);
  EXPECT_GE(restored["sessions_ended"], 1);
  Start(Path("new"));
  const Client client = Connect();
  Lock lock(client, "lock");
  ASSERT_TRUE(lock.try_lock());
  EXPECT_GT(lock.token(), last);
  EXPECT_EQ(Queue<int>(client, "queue").get(), 1);  // Its lease was returned.
}

TEST_F(FolderCommandsTest, ARestoredFolderHasANewSecret) {
  MakeFolder();
  ASSERT_EQ(Ctl("backup " + Path("backup") + " --data-dir " + DataDir()).code, 0);
  ASSERT_EQ(Ctl("restore " + Path("backup") + " " + Path("new")).code, 0);
  EXPECT_FALSE(fs::exists(Path("new/secret")));
  Start(Path("new"));
  EXPECT_EQ(List<int>(Connect(), "list").size(), 3000u);
  const auto secret = [this](const std::string& folder) {
    std::ifstream file(Path(folder + "/secret"));
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(secret("new").size(), 32u);
  EXPECT_NE(secret("new"), secret("data"));
}

TEST_F(FolderCommandsTest, RestoreLeavesWhatIsThereAlone) {
  MakeFolder();
  ASSERT_EQ(Ctl("backup " + Path("backup") + " --data-dir " + DataDir()).code, 0);
  const Outcome outcome = Ctl("restore " + Path("backup") + " " + DataDir());
  EXPECT_EQ(outcome.code, 4);
  EXPECT_NE(outcome.output.find(DataDir() + " is not empty: it has "), std::string::npos);
  EXPECT_EQ(CtlJson("verify " + DataDir())["good"], true);
}

TEST_F(FolderCommandsTest, VerifyTellsFigures) {
  MakeFolder();
  const Json verified = CtlJson("verify " + DataDir());
  EXPECT_EQ(verified["good"], true);
  EXPECT_GE(verified["segments"], 2);
  EXPECT_EQ(verified["first_record"], 1);
  EXPECT_GE(verified["replayed"], 3001);
  EXPECT_EQ(verified["state"]["objects"], 2);
  EXPECT_EQ(verified["tail_bytes"], 0);
  const Outcome text = Ctl("verify " + DataDir());
  EXPECT_NE(text.output.find("all is good"), std::string::npos) << text.output;
}

TEST_F(FolderCommandsTest, VerifyFindsDamageAndRepairTellsWhatItCosts) {
  MakeFolder();
  Damage(DataDir() + "/" + kFirstSegment, 20'000);
  const Json verified = CtlJson("verify " + DataDir(), 5);
  EXPECT_EQ(verified["good"], false);
  const std::string fault = verified["faults"][0];
  EXPECT_NE(fault.find(std::string(kFirstSegment) + " is damaged at byte"), std::string::npos);
  EXPECT_NE(fault.find("coheldctl repair"), std::string::npos);

  const Json plan = CtlJson("repair " + DataDir(), 5);
  EXPECT_EQ(plan["repaired"], false);
  EXPECT_EQ(plan["lost_from"], plan["kept_up_to"].get<uint64_t>() + 1);
  EXPECT_GT(plan["lost_records"], 100);
  EXPECT_EQ(CtlJson("verify " + DataDir(), 5)["good"], false);  // Nothing was changed.

  const Json done = CtlJson("repair --yes " + DataDir());
  EXPECT_EQ(done["repaired"], true);
  EXPECT_TRUE(fs::exists(done["aside"].get<std::string>() + "/" + kFirstSegment));
  EXPECT_EQ(CtlJson("verify " + DataDir())["good"], true);
  EXPECT_EQ(CtlJson("repair " + DataDir())["needed"], false);
  Start();
  const uint64_t kept = List<int>(Connect(), "list").size();
  EXPECT_GT(kept, 100u);
  EXPECT_LT(kept, 3000u);
}

TEST_F(FolderCommandsTest, ADaemonDoesNotStartOnDamageAndNamesTheCommand) {
  MakeFolder();
  Damage(DataDir() + "/" + kFirstSegment, 20'000);
  testing::DaemonProcess refused;
  refused.Spawn({"--data-dir", DataDir(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.WaitForExit(), 1);
  EXPECT_NE(refused.Log().find("coheldctl repair"), std::string::npos) << refused.Log();
}

TEST_F(FolderCommandsTest, CompactLeavesOneSnapshot) {
  MakeFolder();
  const Json before = CtlJson("verify " + DataDir());
  const Json compacted = CtlJson("compact " + DataDir());
  EXPECT_EQ(compacted["index"], before["last_record"]);
  const Json after = CtlJson("verify " + DataDir());
  EXPECT_EQ(after["good"], true);
  EXPECT_EQ(after["snapshots"].size(), 1u);
  EXPECT_EQ(after["state"]["digest"], before["state"]["digest"]);
  EXPECT_EQ(CtlJson("compact " + DataDir())["records"], 0);
}

TEST_F(FolderCommandsTest, CompactAsksTheDaemonThatRuns) {
  Start();
  const List<int> list(Connect(), "list");
  for (int i = 0; i < 100; ++i) list.append(i);
  EXPECT_GE(CtlJson("compact")["index"], 100);
  Stop();
  EXPECT_EQ(CtlJson("verify " + DataDir())["snapshots"].size(), 1u);
}

TEST_F(FolderCommandsTest, WhatADaemonUsesIsLeftAlone) {
  Start();
  Counter(Connect(), "counter").add(1);
  const std::string pid = "process " + std::to_string(daemon_->pid());
  for (const std::string& verb : std::vector<std::string>{
           "verify ", "compact ", "repair --yes ", "backup " + Path("backup") + " --data-dir "}) {
    const Outcome outcome = Ctl(verb + DataDir());
    EXPECT_EQ(outcome.code, 4) << outcome.output;
    EXPECT_NE(outcome.output.find("is in use by " + pid), std::string::npos) << outcome.output;
  }
}

TEST_F(FolderCommandsTest, DumpTellsWhoDidWhatAndWhen) {
  Start();
  const Client client = Connect();
  const List<int> list(client, "list");
  list.append(7);
  Dict<std::string, int>(client, "stock").set("apples", 5);
  // While the daemon works.
  const std::vector<Json> all = Dump(DataDir());
  ASSERT_GE(all.size(), 3u);
  EXPECT_EQ(all.front()["kind"], "begin");
  uint64_t index = 0;
  for (const Json& record : all) EXPECT_EQ(record["index"], ++index);

  const std::vector<Json> about_list = Dump(DataDir() + " --object list");
  ASSERT_EQ(about_list.size(), 1u);
  EXPECT_EQ(about_list[0]["method"], "List.Append");
  EXPECT_EQ(about_list[0]["request"]["value"]["integer"], "7");
  EXPECT_GT(about_list[0]["time"].get<std::string>(), "2020");

  const uint64_t session = about_list[0]["session"];
  for (const Json& record : Dump(DataDir() + " --session " + std::to_string(session))) {
    EXPECT_EQ(record["session"], session);
  }
  const std::vector<Json> part = Dump(DataDir() + " --from 2 --to 3");
  ASSERT_EQ(part.size(), 2u);
  EXPECT_EQ(part[0]["index"], 2);
}

TEST_F(FolderCommandsTest, DumpBeginsWithTheSnapshot) {
  MakeFolder();
  ASSERT_EQ(Ctl("backup " + Path("backup") + " --data-dir " + DataDir()).code, 0);
  const std::vector<Json> lines = Dump(Path("backup"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["objects"], 2);
}

TEST_F(FolderCommandsTest, WhatIsNotThereOrNoDataIsSaid) {
  struct Case {
    std::string arguments;
    int code;
    std::string says;
  };
  fs::create_directory(Path("empty"));
  std::ofstream(Path("text")) << "This is a text, and no backup of anything at all; "
                                 "but it is long enough for a header.";
  for (const auto& [arguments, code, says] : std::vector<Case>{
           {"verify " + Path("nothing"), 2, Path("nothing")},
           {"verify " + Path("empty"), 5, "is no data folder"},
           {"verify " + Path("text"), 5, "it does not begin as a snapshot does"},
           {"restore " + Path("text") + " " + Path("new"), 5, "it does not begin as a snapshot"},
           {"restore " + Path("nothing") + " " + Path("new"), 2, Path("nothing")},
           {"repair " + Path("empty"), 5, "cannot be repaired"},
           {"repair " + Path("text"), 2, "is no folder"},
           {"compact " + Path("empty"), 5, "is no data folder"},
           {"dump " + Path("empty"), 2, "has no journal and no snapshot"},
           {"dump", 2, "path is required"},
       }) {
    const Outcome outcome = Ctl(arguments);
    EXPECT_EQ(outcome.code, code) << arguments << ": " << outcome.output;
    EXPECT_NE(outcome.output.find(says), std::string::npos) << arguments << ": " << outcome.output;
  }
  EXPECT_FALSE(fs::exists(Path("new")));
}

}  // namespace
}  // namespace coheld
