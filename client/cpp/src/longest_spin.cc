// See longest_spin.h.
#include "client/cpp/src/longest_spin.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace coheld::core {
namespace {

using std::chrono::microseconds;

// Two wake-ups and an op of the slowest machine this was measured on, and a little more.
constexpr microseconds kDefault{60};
constexpr microseconds kLongest{1000};

// What is no number counts as absent.
microseconds FromEnvironment() {
  const char* const text = std::getenv("COHELD_SPIN_US");
  if (text == nullptr) return kDefault;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc() && *end == '\0' ? microseconds(number) : kDefault;
}

}  // namespace

SpinPolicy::Duration LongestSpin(std::optional<microseconds> wished) {
  const microseconds longest = wished ? *wished : FromEnvironment();
  if (longest <= microseconds(0) || !wire::MayUseManyCpus()) return SpinPolicy::Duration(0);
  return std::min(longest, kLongest);
}

}  // namespace coheld::core
