// See failpoint.h.
#include "server/journal/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>

namespace coheld::journal {
namespace {

constexpr char kVariable[] = "COHELD_FAILPOINT";

// How many passes are still survived, and the last one.
std::atomic<int64_t> passes_left{0};

}  // namespace

std::string ArmFailpoint() {
  const char* const text = secure_getenv(kVariable);
  if (text == nullptr || *text == '\0') return "";
  std::string_view name = text;
  int64_t passes = 1;
  if (const size_t at = name.find('@'); at != std::string_view::npos) {
    const char* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + at + 1, end, passes);
    if (error != std::errc() || rest != end || passes < 1) {
      return std::string(kVariable) + " is \"" + text +
             "\": after @ there has to be a number from 1";
    }
    name = name.substr(0, at);
  }
  const auto* const place = std::find(std::begin(kFailpoints), std::end(kFailpoints), name);
  if (place == std::end(kFailpoints)) {
    return std::string(kVariable) + " is \"" + text + "\", and there is no such failpoint";
  }
  passes_left = passes;
  armed_failpoint = static_cast<int>(place - std::begin(kFailpoints));
  return "";
}

void PassFailpoint() {
  if (passes_left.fetch_sub(1) != 1) return;
  const std::string_view name = kFailpoints[armed_failpoint.load()];
  const std::string line = "failpoint_passed name=" + std::string(name) + "\n";
  (void)!write(STDERR_FILENO, line.data(), line.size());
  kill(getpid(), SIGKILL);
  while (true) pause();
}

}  // namespace coheld::journal
