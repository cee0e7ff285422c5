// Writes the data folder of this release: always the same one.
#pragma once

#include <memory>

#include "server/engine/input_log.h"
#include "server/journal/journal.h"
#include "tests/unit/engine/op_table.h"
#include "tests/unit/journal/simulated_disk.h"

namespace coheld::golden {

// Has an engine do a little of everything, and keeps its records in segments, and its state in a
// snapshot in the midst of them.
class GoldenFolder : public engine::testing::OpTable, public engine::InputLog {
 public:
  GoldenFolder();
  void OnInput(const engine::Input& input) override;
  // Its own log is not the one that this would look at.
  void TearDown() override {}
  void TestBody() override {}  // It is no test of its own.

  // Returns the files of the folder, by their names.
  journal::SimulatedDisk::Image Write();

 private:
  void FillWithData();
  void FillWithRights();
  void GoOn();
  void WriteSnapshot();

  journal::SimulatedDisk disk_;
  std::unique_ptr<journal::Journal> journal_;
};

}  // namespace coheld::golden
