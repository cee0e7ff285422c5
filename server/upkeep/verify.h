// Verifies a folder, or a backup: reads all that is there, checks every checksum and chain, decodes
// and replays every record, loads every snapshot, and compares each with what the records before it
// make. Changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/upkeep/state_file.h"

namespace coheld::upkeep {

// A snapshot that was looked at.
struct VerifiedSnapshot {
  std::string name;
  Figures figures;           // Of the state in it, if it is good.
  uint64_t state_bytes = 0;  // Not compressed.
  // True if the records before it were there too, and make the same state.
  bool compared = false;
  Status fault;  // Why it is not good.
};

// What was found.
struct Verdict {
  std::vector<VerifiedSnapshot> snapshots;  // Oldest first.
  uint64_t segments = 0;
  uint64_t journal_bytes = 0;
  uint64_t first_record = 0;  // In the journal; 0 if there is none.
  uint64_t last_record = 0;
  uint64_t replayed = 0;
  uint64_t tail_bytes = 0;  // Of a tail that was never confirmed: a daemon cuts it.
  engine::TimeMs last_time{};
  Figures figures;                  // Of the state at the end, as far as it could be made.
  std::vector<std::string> others;  // Names that are not the daemon's.
  std::vector<Fault> faults;        // What is wrong; empty if nothing is.

  bool good() const { return faults.empty(); }
};

// Verifies the folder. No daemon may use it (FolderLock).
Verdict VerifyFolder(Files& files, const std::string& folder);
// Verifies a backup.
Verdict VerifyFile(Files& files, const std::string& path);

}  // namespace coheld::upkeep
