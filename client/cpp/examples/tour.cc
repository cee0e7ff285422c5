// A five-minute tour: each object type once. Run a daemon, then:
//   tour [ADDRESS]
#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coheld/coheld.h"

namespace {

using namespace std::chrono_literals;

// Your own types: say how they are held.
struct Point {
  int x = 0;
  int y = 0;
};

}  // namespace

template <>
struct coheld::Codec<Point> {
  static Value encode(const Point& point) { return Tuple{{point.x, point.y}}; }
  static Point decode(Value value) {
    const auto [x, y] = Codec<std::pair<int, int>>::decode(std::move(value));
    return {x, y};
  }
};

namespace {

void Lists(const coheld::Client& client) {
  const auto numbers = coheld::List<int>::make(client, {3, 1, 2});
  numbers.append(5);
  numbers.sort();
  std::cout << "list:";
  for (const int number : numbers) std::cout << ' ' << number;
  std::cout << ", every second:";
  for (const int number : numbers.slice({.step = 2})) std::cout << ' ' << number;
  std::cout << ", last " << numbers.pop() << '\n';

  // Lists hold anything when asked for coheld::Value.
  const auto mixed = coheld::List<coheld::Value>::make(client, {1, "two", 3.5, nullptr, true});
  std::cout << "mixed: " << coheld::to_string(coheld::ValueList{mixed.values()}) << '\n';

  const auto points = coheld::List<Point>::make(client, {{1, 2}, {3, 4}});
  std::cout << "point: " << points.get(-1).x << ", " << points.get(-1).y << '\n';
}

void Dicts(const coheld::Client& client) {
  const auto stock = coheld::Dict<std::string, int>::make(client, {{"apples", 3}});
  stock.increment("apples", 2);
  stock.increment("pears");
  std::cout << "dict:";
  for (const auto& [name, count] : stock) std::cout << ' ' << name << '=' << count;
  std::cout << ", plums: " << stock.get("plums").value_or(0) << '\n';

  // A change on condition: only if nobody was faster.
  const auto seen = stock.snapshot();
  stock.set("apples", 1);
  try {
    stock.clear(seen.version);
  } catch (const coheld::VersionMismatch& error) {
    std::cout << "refused: " << to_string(error.reason()) << '\n';
  }
}

void Queues(const coheld::Client& client) {
  const auto tasks = coheld::Queue<std::string>::make(client, {.maxsize = 2});
  tasks.put("sweep");
  tasks.put("wash");
  std::cout << "queue: room for a third? " << (tasks.try_put("iron") ? "yes" : "no") << '\n';
  while (const auto task = tasks.try_get_for(10ms)) {
    std::cout << "queue: " << *task << '\n';
    tasks.task_done();
  }
  tasks.join();
}

void Values(const coheld::Client& client) {
  const auto done = coheld::SharedValue<long>::make(client, {.typecode = "q", .initial = 0});
  done.fetch_add(41);
  const auto seen = done.load();
  done.fetch_add(1);
  const auto now = done.wait_for_change(seen.version, 1s);
  std::cout << "value: " << seen.value << ", then " << now.value().value << '\n';
  try {
    coheld::SharedValue<std::string>(client, done.name()).set("text");
  } catch (const coheld::TypecodeMismatch& error) {
    std::cout << "refused: " << to_string(error.reason()) << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto client =
        coheld::Client::connect(argc > 1 ? argv[1] : coheld::Client::default_address());
    std::cout << "connected to coheld, durability " << client.session().durability << '\n';
    Lists(client);
    Dicts(client);
    Queues(client);
    Values(client);
  } catch (const coheld::Error& error) {
    std::cerr << "tour: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
