// Pipelining: the same thousand ops one by one, and in one write. Run a daemon, then:
//   pipeline [ADDRESS]
#include <chrono>
#include <iostream>
#include <vector>

#include "coheld/coheld.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kOps = 1000;

double Microseconds(Clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto client =
        coheld::Client::connect(argc > 1 ? argv[1] : coheld::Client::default_address());
    const auto squares = coheld::Dict<int, long>::make(client);

    const auto start = Clock::now();
    for (int i = 0; i < kOps; ++i) squares.set(i, long{i} * i);
    const auto single = Clock::now();

    coheld::Batch batch = client.batch();
    std::vector<coheld::Pending<long>> answers;
    for (int i = 0; i < kOps; ++i) answers.push_back(batch.on(squares).at(i));
    const auto missing = batch.on(squares).at(-1);
    batch.run();
    const auto batched = Clock::now();

    bool good = true;
    for (int i = 0; i < kOps; ++i)
      good = good && answers[static_cast<size_t>(i)].get() == long{i} * i;
    std::cout << "one by one: " << Microseconds(single - start) / kOps
              << " us each, in a batch: " << Microseconds(batched - single) / kOps << " us each\n";
    try {
      missing.get();
      good = false;
    } catch (const coheld::KeyNotFound& error) {
      std::cout << "one failed, alone: " << error.what() << '\n';
    }
    return good ? 0 : 1;
  } catch (const coheld::Error& error) {
    std::cerr << "pipeline: " << error.what() << '\n';
    return 1;
  }
}
