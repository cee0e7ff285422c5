// What the engine alone costs: nanoseconds for each op through Engine::Apply, request parsing and
// reply included, and bytes of memory for each item. No sockets.
#include <malloc.h>

#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "server/engine/engine.h"

namespace coheld::engine {
namespace {

constexpr int kOps = 1'000'000;
constexpr int kItems = 1'000'000;

// Applies serialised requests one after the other.
class Bench {
 public:
  void Apply(std::string_view method, const google::protobuf::Message& request) {
    ApplyPayload(Number(method), request.SerializeAsString());
  }

  // Applies the requests in turn until kOps are done and prints the time for each.
  template <typename Request>
  void Measure(const char* method, const std::vector<Request>& requests) {
    std::vector<std::string> payloads;
    for (const Request& request : requests) payloads.push_back(request.SerializeAsString());
    const uint32_t number = Number(method);
    const std::clock_t start = std::clock();  // CPU time: other programs do not count.
    for (int op = 0; op < kOps; ++op) {
      ApplyPayload(number, payloads[static_cast<size_t>(op) % payloads.size()]);
    }
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("%-15s %6.0f ns/op over %zu requests\n", method, seconds / kOps * 1e9,
                payloads.size());
  }

 private:
  static uint32_t Number(std::string_view method) { return internal::MethodNamed(method)->number; }

  void ApplyPayload(uint32_t method, std::string_view payload) {
    replies_.clear();
    engine_.Apply({.call = CallId{++last_call_}, .now = TimeMs{1}}, method, payload, &replies_);
    COHELD_CHECK(replies_.size() == 1 && !replies_[0].failure);
  }

  Engine engine_;
  std::vector<Reply> replies_;
  uint64_t last_call_ = 0;
};

template <typename Request>
Request Named(const char* name) {
  Request request;
  request.set_name(name);
  return request;
}

// A text of 16 bytes.
std::string Text16(const char* lead, int number) {
  char text[17];
  std::snprintf(text, sizeof(text), "%s%013d", lead, number);
  return text;
}

size_t HeapBytes() { return mallinfo2().uordblks + mallinfo2().hblkhd; }

void MeasureList() {
  Bench bench;
  const size_t before = HeapBytes();
  auto append = Named<v1::ListAppendRequest>("jobs");
  append.mutable_value()->set_integer(5);
  bench.Measure<v1::ListAppendRequest>("List.Append", {append});
  std::printf("%-15s %6.1f bytes for each of %d small integers\n", "list memory",
              static_cast<double>(HeapBytes() - before) / kItems, kItems);
  std::vector<v1::ListGetRequest> gets(1000, Named<v1::ListGetRequest>("jobs"));
  for (size_t n = 0; n < gets.size(); ++n) gets[n].set_index(static_cast<int64_t>(n * 997));
  bench.Measure("List.Get", gets);
  auto pop = Named<v1::ListPopRequest>("jobs");
  pop.set_index(0);
  bench.Measure<v1::ListPopRequest>("List.Pop", {pop});
}

void MeasureDict() {
  Bench bench;
  const size_t before = HeapBytes();
  auto set = Named<v1::DictSetRequest>("counts");
  for (int n = 0; n < kItems; ++n) {
    set.mutable_key()->set_text(Text16("key", n));
    set.mutable_value()->set_text(Text16("val", n));
    bench.Apply("Dict.Set", set);
  }
  std::printf("%-15s %6.1f bytes for each of %d entries of two 16-byte texts\n", "dict memory",
              static_cast<double>(HeapBytes() - before) / kItems, kItems);
  std::vector<v1::DictGetRequest> gets(100'000, Named<v1::DictGetRequest>("counts"));
  std::vector<v1::DictSetRequest> sets(100'000, Named<v1::DictSetRequest>("counts"));
  std::vector<v1::DictIncrementRequest> increments(100'000,
                                                   Named<v1::DictIncrementRequest>("numbers"));
  for (size_t n = 0; n < gets.size(); ++n) {
    const std::string key = Text16("key", static_cast<int>(n * 7919 % kItems));
    gets[n].mutable_key()->set_text(key);
    sets[n].mutable_key()->set_text(key);
    sets[n].mutable_value()->set_integer(5);
    increments[n].mutable_key()->set_text(key.substr(5));
    increments[n].mutable_amount()->set_integer(1);
  }
  bench.Measure("Dict.Get", gets);
  bench.Measure<v1::DictGetRequest>("Dict.Get", {gets.begin(), gets.begin() + 1000});
  bench.Measure("Dict.Set", sets);
  bench.Measure("Dict.Increment", increments);
}

}  // namespace
}  // namespace coheld::engine

int main() {
  coheld::engine::MeasureList();
  coheld::engine::MeasureDict();
}
