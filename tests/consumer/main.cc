// A user's program on the installed SDK: one op of each kind of object.
//   consumer ADDRESS
#include <chrono>
#include <iostream>
#include <mutex>
#include <string>

#include <coheld/coheld.h>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: consumer ADDRESS\n";
    return 2;
  }
  const auto client = coheld::Client::connect(argv[1]);
  const auto list = coheld::List<int>::make(client, {1, 2});
  list.append(3);
  coheld::Lock lock(client, "consumer/lock");
  const std::unique_lock held(lock, std::chrono::seconds(10));
  const bool right = held.owns_lock() && list.size() == 3 && list.pop() == 3;
  std::cout << (right ? "right" : "wrong") << '\n';
  return right ? 0 : 1;
}
