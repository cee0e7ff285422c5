// Runs another program while something is held.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace coheld::cli {

// Runs a program with its arguments and waits for its end; without words it waits for Ctrl-C.
// Returns its exit code, 128 plus the number of the signal that ended it, 126 or 127 if it cannot
// be run; 0 without words. SIGTERM is passed on, Ctrl-C reaches it by itself.
int RunProgram(const std::vector<std::string>& words);

}  // namespace coheld::cli
