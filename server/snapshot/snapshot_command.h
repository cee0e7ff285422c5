// The hidden verb `coheld snapshot FOLDER INDEX PARENT HASTE`: what the daemon starts to have a
// snapshot made. Not for people: coheldctl compact is.
#pragma once

#include <string_view>

namespace coheld::snapshot {

inline constexpr char kVerb[] = "snapshot";
// HASTE: it runs when nothing else wants to, or takes the smallest share.
inline constexpr char kWithoutHaste[] = "idle";
inline constexpr char kWithHaste[] = "share";

// Gives way to everything else on the machine, and makes the snapshot (write_snapshot.h). Ends with
// the parent, which is this process id; 0 is none. Writes the size of the file to the standard
// output and returns 0, or why there is none, and returns 1; 2 for wrong arguments. `arguments` are
// those after the verb.
int RunSnapshotCommand(int count, const char* const* arguments);

}  // namespace coheld::snapshot
