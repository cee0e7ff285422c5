// What coheldctl's exit codes mean; scripts decide by them.
#pragma once

namespace coheld::cli {

enum ExitCode : int {
  kOk = 0,
  kNotFound = 1,       // No such object, key, index or item, a queue is empty (or full), or a wait
                       // took too long.
  kUsage = 2,          // The command line is wrong.
  kCannotConnect = 3,  // No daemon answers at the address, or it went away.
  kFailed = 4,         // The daemon refused the op; a file could not be read or written.
  kDamaged = 5,        // What is on disk is damaged.
  kInterrupted = 130,  // Ctrl-C or SIGTERM.
};

// Returns the exit code for the exception being handled, and prints its message to standard error.
int ReportException();

}  // namespace coheld::cli
