// When snapshots are made, and who is told: with a maker that does nothing by itself.
#include "server/snapshot/snapshotter.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace coheld::snapshot {
namespace {

using Made = dispatch::Snapshots::Made;

// A journal of which the test says how far it is.
struct FakeLog : journal::CommitLog {
  uint64_t AddParts(std::span<const std::string_view>) override { return ++last_index_; }
  void Submit(uint64_t) override {}
  uint64_t written() const override { return is_written; }
  uint64_t durable() const override { return is_written; }
  bool has_room() const override { return room; }

  void AddTo(uint64_t index) { last_index_ = index; }

  uint64_t is_written = 0;
  bool room = true;
};

// Notes what is asked of it.
struct FakeMaker : SnapshotMaker {
  void Seal() override { asked.emplace_back("seal"); }
  void Make(uint64_t index, Haste haste) override {
    asked.push_back((haste == Haste::kNone ? "make " : "make with haste ") + std::to_string(index));
  }
  void Trim(uint64_t index) override { asked.push_back("trim " + std::to_string(index)); }
  uint64_t bytes_added() const override { return bytes; }
  engine::TimeMs Now() const override { return engine::TimeMs{now}; }

  std::vector<std::string> asked;
  uint64_t bytes = 0;
  int64_t now = 1000;
};

class SnapshotterTest : public testing::Test {
 protected:
  SnapshotterTest() { Begin({.after_bytes = 100}); }

  void Begin(Snapshotter::Options options) {
    snapshotter = std::make_unique<Snapshotter>(log, maker, std::move(options));
  }
  // So many records and bytes more, all written.
  void Record(uint64_t records, uint64_t bytes) {
    log.is_written = log.last_index() + records;
    log.AddTo(log.is_written);
    maker.bytes += bytes;
    snapshotter->Consider();
  }
  // Asks for a snapshot; the answer goes to answers[number].
  void Request() {
    const size_t number = answers.size();
    answers.emplace_back();
    snapshotter->Request([this, number](const wire::Result<Made>& made) {
      answers[number] =
          made.ok() ? "index " + std::to_string(made.value().index) : made.failure().message;
    });
  }
  // Returns what was asked of the maker since the last time.
  std::vector<std::string> Asked() { return std::exchange(maker.asked, {}); }
  v1::SnapshotStatus Status() const {
    v1::AdminStatusReply status;
    snapshotter->Describe(&status);
    return status.snapshots();
  }

  using Words = std::vector<std::string>;
  FakeLog log;
  FakeMaker maker;
  std::unique_ptr<Snapshotter> snapshotter;
  std::vector<std::string> answers;
};

TEST_F(SnapshotterTest, OneIsMadeAtOnceWhenTheDiskIsFull) {
  Record(1, 10);
  EXPECT_EQ(Asked(), Words{});
  log.room = false;
  snapshotter->Consider();
  EXPECT_EQ(Asked(), Words{"seal"});
}

TEST_F(SnapshotterTest, OneIsMadeWhenTheJournalHasGrown) {
  Record(9, 99);
  EXPECT_EQ(Asked(), Words{});
  Record(1, 1);
  EXPECT_EQ(Asked(), Words{"seal"});
  snapshotter->OnSealed(10);
  EXPECT_EQ(Asked(), Words{"make 10"});
  Record(5, 50);
  maker.now += 70;
  snapshotter->OnMade(30);
  EXPECT_EQ(Asked(), Words{"trim 10"});
  EXPECT_EQ(Status().index(), 10u);
  EXPECT_EQ(Status().bytes(), 30u);
  EXPECT_EQ(Status().duration_ms(), 70u);
  EXPECT_EQ(Status().journal_bytes(), 50u);
  Record(5, 50);
  EXPECT_EQ(Asked(), Words{"seal"});
}

TEST_F(SnapshotterTest, ALargeStateIsWrittenWhenTheJournalHasGrownByAsMuch) {
  Record(10, 100);
  snapshotter->OnSealed(10);
  snapshotter->OnMade(1000);
  Asked();
  Record(90, 999);
  EXPECT_EQ(Asked(), Words{});
  Record(1, 1);
  EXPECT_EQ(Asked(), Words{"seal"});
}

TEST_F(SnapshotterTest, ALongJournalIsWrittenWithHaste) {
  Record(10, 400);
  snapshotter->OnSealed(10);
  EXPECT_EQ(Asked(), (Words{"seal", "make with haste 10"}));
}

TEST_F(SnapshotterTest, WithoutASizeItIsOnlyMadeOnDemand) {
  Begin({.after_bytes = 0});
  Record(1000, 1'000'000);
  EXPECT_EQ(Asked(), Words{});
  Request();
  EXPECT_EQ(Asked(), Words{"seal"});
}

TEST_F(SnapshotterTest, WhatIsNotWrittenYetIsWaitedFor) {
  log.AddTo(3);
  Request();
  EXPECT_EQ(Asked(), Words{});
  log.is_written = 3;
  snapshotter->Consider();
  EXPECT_EQ(Asked(), Words{"seal"});
}

TEST_F(SnapshotterTest, ThoseWhoAskAtTheSameTimeShareOne) {
  Record(3, 10);
  Request();
  Request();
  snapshotter->OnSealed(3);
  snapshotter->OnMade(10);
  EXPECT_EQ(answers, (Words{"index 3", "index 3"}));
  EXPECT_EQ(Asked(), (Words{"seal", "make with haste 3", "trim 3"}));
}

TEST_F(SnapshotterTest, WhoAsksWhileOneIsMadeGetsTheNextThatHasItAll) {
  Record(3, 10);
  Request();
  snapshotter->OnSealed(3);
  Record(1, 1);
  Request();
  snapshotter->OnMade(10);
  EXPECT_EQ(answers, (Words{"index 3", ""}));
  snapshotter->OnSealed(4);
  snapshotter->OnMade(10);
  EXPECT_EQ(answers[1], "index 4");
}

TEST_F(SnapshotterTest, WhoAsksWhileOneIsMadeThatHasItAllSharesIt) {
  Record(3, 10);
  Request();
  snapshotter->OnSealed(3);
  Request();
  snapshotter->OnMade(10);
  EXPECT_EQ(answers, (Words{"index 3", "index 3"}));
  EXPECT_FALSE(Status().running());
}

TEST_F(SnapshotterTest, IfTheNewestHasItAllNothingIsDone) {
  Record(3, 10);
  Request();
  snapshotter->OnSealed(3);
  snapshotter->OnMade(10);
  Asked();
  Request();
  EXPECT_EQ(answers.back(), "index 3");
  EXPECT_EQ(Asked(), Words{});
}

TEST_F(SnapshotterTest, AFailureIsToldAndTriedAgainLater) {
  Record(10, 100);
  snapshotter->OnSealed(10);
  Request();
  snapshotter->OnFailed("no space");
  EXPECT_NE(answers[0].find("no space"), std::string::npos);
  EXPECT_EQ(Status().last_failure(), "no space");
  Asked();
  maker.now += 9'999;
  snapshotter->Consider();
  EXPECT_EQ(Asked(), Words{});
  maker.now += 1;
  snapshotter->Consider();
  EXPECT_EQ(Asked(), Words{"seal"});
  snapshotter->OnSealed(10);
  snapshotter->OnFailed("no space");
  Asked();
  maker.now += 19'999;
  snapshotter->Consider();
  EXPECT_EQ(Asked(), Words{});
  maker.now += 1;
  snapshotter->Consider();
  EXPECT_EQ(Asked(), Words{"seal"});
}

TEST_F(SnapshotterTest, WhoAsksAfterAFailureDoesNotWait) {
  Record(10, 100);
  snapshotter->OnSealed(10);
  snapshotter->OnFailed("no space");
  Asked();
  Request();
  EXPECT_EQ(Asked(), Words{"seal"});
}

TEST_F(SnapshotterTest, OnAFullDiskWhatIsSealedIsMadeAndWhoWantedMoreIsTold) {
  Record(10, 100);
  Request();
  snapshotter->OnSealed(7);
  snapshotter->OnMade(10);
  EXPECT_EQ(Asked(), (Words{"seal", "make with haste 7", "trim 7", "seal"}));
  EXPECT_EQ(answers, Words{""});
  snapshotter->OnSealed(7);
  EXPECT_NE(answers[0].find("no room"), std::string::npos);
  EXPECT_FALSE(Status().running());
}

TEST_F(SnapshotterTest, WhatTheDaemonStartedFromCounts) {
  recovery::Report report;
  report.snapshot = 5;
  report.snapshot_file_bytes = 40;
  report.records = 3;
  report.record_bytes = 90;
  Begin({.after_bytes = 100, .recovered = report, .recovery_ms = 12});
  EXPECT_EQ(Asked(), Words{"trim 5"});
  EXPECT_EQ(Status().index(), 5u);
  log.AddTo(8);
  Record(1, 10);
  EXPECT_EQ(Asked(), Words{"seal"});
}

}  // namespace
}  // namespace coheld::snapshot
