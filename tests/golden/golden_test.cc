// Every release's data folder is read by this program as it was meant, and this release writes its
// own as it stands here.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/record_json.h"
#include "server/journal/posix_files.h"
#include "server/journal/reading.h"
#include "server/upkeep/compact.h"
#include "server/upkeep/verify.h"
#include "tests/golden/golden_folder.h"
#include "tests/golden/portrait.h"

namespace coheld::golden {
namespace {

namespace fs = std::filesystem;
using journal::Status;

const fs::path kFolder = COHELD_GOLDEN_FOLDER;
const fs::path kOwn = kFolder / COHELD_GOLDEN_RELEASE;

std::string Content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> Releases() {
  std::vector<std::string> releases;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.is_directory()) releases.push_back(entry.path().filename());
  }
  return releases;
}

// The records of a folder as JSON lines.
std::string Records(const fs::path& data) {
  journal::ReadOnlyPosixFiles files;
  std::string lines;
  journal::Reading reading;
  const Status fault = journal::ReadJournal(
      files, {.folder = data},
      [&](uint64_t index, std::string_view record) -> Status {
        lines += cli::RecordJson(index, record).dump() + "\n";
        return std::nullopt;
      },
      &reading);
  EXPECT_FALSE(fault) << fault->message;
  return lines;
}

std::string Portrait(const fs::path& data) {
  journal::ReadOnlyPosixFiles files;
  upkeep::LoadedState loaded;
  const Status fault = upkeep::LoadFolder(files, data, &loaded);
  EXPECT_FALSE(fault) << fault->message;
  return fault ? "" : PortraitOf(*loaded.engine).dump(1) + "\n";
}

void WriteFile(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

// COHELD_GOLDEN=write makes this release's folder anew.
void WriteOwnIfAsked() {
  const char* const mode = std::getenv("COHELD_GOLDEN");
  if (mode == nullptr || std::string(mode) != "write") return;
  fs::remove_all(kOwn);
  fs::create_directories(kOwn / "data");
  for (const auto& [name, bytes] : GoldenFolder().Write()) WriteFile(kOwn / "data" / name, bytes);
  WriteFile(kOwn / "records.jsonl", Records(kOwn / "data"));
  WriteFile(kOwn / "state.json", Portrait(kOwn / "data"));
}

// The state in a snapshot: zstd may compress it otherwise in another version.
std::string StateIn(journal::Files& files, const std::string& path) {
  std::unique_ptr<journal::SnapshotReader> reader;
  const Status fault = journal::SnapshotReader::OpenFile(files, path, &reader);
  EXPECT_FALSE(fault) << fault->message;
  std::string state = std::to_string(fault ? 0 : reader->index()) + ":";
  for (std::string part = " "; !fault && !part.empty(); state += part) {
    EXPECT_FALSE(reader->Next(&part));
  }
  return state;
}

class GoldenTest : public testing::TestWithParam<std::string> {
 protected:
  fs::path folder() const { return kFolder / GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Releases, GoldenTest, testing::ValuesIn(Releases()),
                         [](const auto& release) {
                           std::string name = release.param;
                           for (char& each : name) each = each == '.' ? '_' : each;
                           return name;
                         });

TEST(GoldenFolders, OfThisReleaseIsWrittenAsItStandsHere) {
  WriteOwnIfAsked();
  journal::SimulatedDisk::Image written = GoldenFolder().Write();
  journal::SimulatedDisk disk(written);
  journal::ReadOnlyPosixFiles files;
  for (const auto& [name, bytes] : written) {
    const fs::path path = kOwn / "data" / name;
    ASSERT_TRUE(fs::exists(path)) << path << ": see README.md";
    if (name.starts_with("snapshot-")) {
      EXPECT_TRUE(StateIn(disk, name) == StateIn(files, path)) << path << ": see README.md";
    } else {
      EXPECT_TRUE(bytes == Content(path)) << path << ": see README.md";
    }
  }
}

TEST_P(GoldenTest, IsGood) {
  journal::ReadOnlyPosixFiles files;
  const upkeep::Verdict verdict = upkeep::VerifyFolder(files, folder() / "data");
  EXPECT_TRUE(verdict.good()) << verdict.faults.front().message;
  ASSERT_EQ(verdict.snapshots.size(), 1u);
  EXPECT_TRUE(verdict.snapshots[0].compared);
}

TEST_P(GoldenTest, HasTheRecordsThatWereWritten) {
  EXPECT_EQ(Records(folder() / "data"), Content(folder() / "records.jsonl"));
}

TEST_P(GoldenTest, HasTheStateThatItHad) {
  EXPECT_EQ(Portrait(folder() / "data"), Content(folder() / "state.json"));
}

TEST_P(GoldenTest, IsGoneOnFrom) {
  std::map<std::string, std::string> image;
  for (const auto& file : fs::directory_iterator(folder() / "data")) {
    image["d/" + file.path().filename().string()] = Content(file.path());
  }
  journal::SimulatedDisk disk(image);
  upkeep::Compacted compacted;
  const Status fault = upkeep::Compact(disk, "d", &compacted);
  ASSERT_FALSE(fault) << fault->message;
  EXPECT_GT(compacted.records, 5u);
  const upkeep::Verdict verdict = upkeep::VerifyFolder(disk, "d");
  EXPECT_TRUE(verdict.good());
  EXPECT_EQ(verdict.figures.digest, compacted.state.digest);
}

}  // namespace
}  // namespace coheld::golden
