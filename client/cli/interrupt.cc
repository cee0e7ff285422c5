// See interrupt.h.
#include "client/cli/interrupt.h"

#include <signal.h>

namespace coheld::cli {
namespace {

volatile sig_atomic_t interrupted = 0;

}  // namespace

void NoteInterrupts() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = 1; };  // Without SA_RESTART: it ends waits.
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }

}  // namespace coheld::cli
