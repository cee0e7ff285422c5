// Ctrl-C and SIGTERM end waits rather than the program, so that what is held is given back in
// order.
#pragma once

namespace coheld::cli {

// From now on SIGINT and SIGTERM are only noted.
void NoteInterrupts();

// Returns whether one came.
bool Interrupted();

}  // namespace coheld::cli
