// Locks: forked processes add to one number in steps that only a lock makes safe, and each grant's
// fencing token is above all before. Run a daemon, then:
//   locks [ADDRESS]
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <mutex>

#include "coheld/coheld.h"

namespace {

using namespace std::chrono_literals;

constexpr int kProcesses = 4;
constexpr int kRounds = 50;

// Reads, adds and writes back as three steps. (SharedValue::fetch_add would need no lock.)
void AddSlowly(const coheld::Client& client, const std::string& lock_name,
               const std::string& sum_name, const std::string& tokens_name) {
  coheld::Lock lock(client, lock_name);
  const coheld::SharedValue<long> sum(client, sum_name);
  const coheld::List<uint64_t> tokens(client, tokens_name);
  for (int round = 0; round < kRounds; ++round) {
    const std::unique_lock guard(lock);
    sum.set(sum.get() + 1);
    tokens.append(lock.token());
  }
}

// Returns whether all of the children succeeded.
bool RunChildren(const coheld::Client& client, const std::string& lock_name,
                 const std::string& sum_name, const std::string& tokens_name) {
  for (int child = 0; child < kProcesses; ++child) {
    if (fork() != 0) continue;
    try {
      AddSlowly(client, lock_name, sum_name, tokens_name);
    } catch (const coheld::Error& error) {
      std::cerr << "locks: " << error.what() << '\n';
      _exit(1);
    }
    _exit(0);
  }
  bool good = true;
  int status = 0;
  for (int child = 0; child < kProcesses; ++child) good = wait(&status) > 0 && status == 0 && good;
  return good;
}

// A lock that is taken can be waited for, for a while.
void WaitForALock(const coheld::Client& client) {
  auto lock = coheld::Lock::make(client);
  const std::scoped_lock guard(lock);
  coheld::Lock same(client, lock.name());
  std::cout << "taken: " << (same.try_lock_for(10ms) ? "no" : "yes") << ", by thread "
            << lock.inspect().thread << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto client =
        coheld::Client::connect(argc > 1 ? argv[1] : coheld::Client::default_address());
    const auto lock = coheld::Lock::make(client);
    const auto sum = coheld::SharedValue<long>::make(client, {.typecode = "q"});
    const auto tokens = coheld::List<uint64_t>::make(client);
    const bool good = RunChildren(client, lock.name(), sum.name(), tokens.name());
    const auto seen = tokens.values();
    const bool grows = std::is_sorted(seen.begin(), seen.end());
    std::cout << kProcesses << " processes added up to " << sum.get() << ", tokens "
              << (grows ? "grew" : "did NOT grow") << '\n';
    WaitForALock(client);
    return good && grows && sum.get() == kProcesses * kRounds ? 0 : 1;
  } catch (const coheld::Error& error) {
    std::cerr << "locks: " << error.what() << '\n';
    return 1;
  }
}
