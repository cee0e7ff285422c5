// What the tests of coheldctl's commands on folders share: a temporary folder, a daemon that keeps
// its data there, and coheldctl. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/daemon_process.h"
#include "tests/integration/program.h"

namespace coheld::testing {

inline constexpr char kFirstSegment[] = "journal-00000000000000000001";

class FolderFixture : public ::testing::Test {
 protected:
  using Json = nlohmann::json;

  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  // Runs coheldctl, on the daemon if there is one.
  Outcome Ctl(const std::string& arguments) const {
    const std::string address =
        daemon_ == nullptr ? "" : "--address " + daemon_->address_unix() + " ";
    return RunProgram("coheldctl", address + arguments);
  }
  // Runs it with --json; it has to print JSON.
  Json CtlJson(const std::string& arguments, int code = 0) const {
    const Outcome outcome = Ctl("--json " + arguments);
    EXPECT_EQ(outcome.code, code) << outcome.output;
    return Json::parse(outcome.output, nullptr, false);
  }

  // True if some backup left what it did not finish.
  bool HasUnfinished() const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.path().string().find(".unfinished-") != std::string::npos) return true;
    }
    return false;
  }
  // Flips a bit of a file.
  void Damage(const std::string& path, std::streamoff byte) const {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(byte);
    const int before = file.get();
    file.seekp(byte);
    file.put(static_cast<char>(before ^ 1));
    ASSERT_TRUE(file.good());
  }

  TemporaryFolder folder_;
  std::unique_ptr<DaemonProcess> daemon_;
};

}  // namespace coheld::testing
