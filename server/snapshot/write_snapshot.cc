// See write_snapshot.h.
#include "server/snapshot/write_snapshot.h"

#include <memory>
#include <string_view>

#include "server/engine/engine.h"
#include "server/journal/failpoint.h"
#include "server/journal/snapshot.h"
#include "server/recovery/recovery.h"

namespace coheld::snapshot {
namespace {

using journal::Fault;
using journal::Files;
using journal::Status;

constexpr auto kNobody = [](const recovery::Report&) {};

// Returns the size of the snapshot's file.
Status SizeOf(Files& files, const std::string& folder, uint64_t index, uint64_t* bytes) {
  std::unique_ptr<journal::File> file;
  if (Status fault = files.Open(folder + "/" + journal::SnapshotName(index), &file)) return fault;
  return file->Size(bytes);
}

// Writes the state, part by part: there is never a copy of it.
Status Write(const engine::Engine& engine, journal::SnapshotWriter* writer) {
  Status fault;
  engine.Save([&](std::string_view bytes) {
    if (!fault) fault = writer->Add(bytes);
  });
  return fault ? fault : writer->Seal();
}

// What was written has to make an engine that would write the same.
Status Verify(Files& files, const std::string& path, const engine::StateDigest& digest) {
  std::unique_ptr<journal::SnapshotReader> reader;
  if (Status fault = journal::SnapshotReader::OpenFile(files, path, &reader)) return fault;
  engine::Engine loaded;
  recovery::Report report;
  if (Status fault = recovery::LoadSnapshot(*reader, kNobody, &loaded, &report)) return fault;
  if (loaded.Digest() == digest) return std::nullopt;
  return Fault{0, path + " was read as another state than was written: it is not used"};
}

}  // namespace

Status WriteSnapshot(Files& files, const std::string& folder, uint64_t up_to, uint64_t* bytes) {
  auto engine = std::make_unique<engine::Engine>();
  recovery::Report report;
  if (Status fault = recovery::Rebuild(files, folder, up_to, kNobody, engine.get(), &report)) {
    return fault;
  }
  COHELD_FAILPOINT("snapshot.rebuilt");
  if (report.snapshot == up_to) {
    if (Status fault = SizeOf(files, folder, up_to, bytes)) return fault;
    return journal::RemoveSnapshotsBefore(files, folder, up_to);
  }
  const engine::StateDigest digest = engine->Digest();
  journal::SnapshotWriter writer(files, folder, up_to);
  if (Status fault = Write(*engine, &writer)) return fault;
  engine.reset();  // Not two states in memory at a time.
  if (Status fault = Verify(files, writer.next_path(), digest)) return fault;
  COHELD_FAILPOINT("snapshot.loaded");
  if (Status fault = writer.Publish()) return fault;
  *bytes = writer.bytes();
  return journal::RemoveSnapshotsBefore(files, folder, up_to);
}

}  // namespace coheld::snapshot
