// Redis's commands for the ops of a workload: of each the closest.
#include "tests/bench/workload.h"

namespace coheld::bench {
namespace {

using Words = std::vector<std::string>;

Operation Command(const Words& words, size_t reply_min = 0) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return {.payload = bytes, .reply_min = reply_min};
}

class RedisVocabulary final : public Vocabulary {
 public:
  explicit RedisVocabulary(const WorkloadOptions& options)
      : value_(options.value_bytes, 'x'), items_(options.items) {}

  Operations Removals() const override {
    return {Command({"DEL", "bench-list", "bench-bulk", "bench-bulk-dict", "bench-read",
                     "bench-queue", "bench-there", "bench-back", "bench-parked", "bench-value"})};
  }

  Operations Unit(std::string_view name, uint32_t key) const override {
    const size_t size = value_.size();
    const Operation get = Command({"GET", KeyText(key)}, size);
    const Operation set = Command({"SET", KeyText(key), value_});
    if (name == "get") return {get};
    if (name == "set") return {set};
    if (name == "putget") return {set, get};
    if (name == "append") return {Push("bench-list")};
    if (name == "pop") return {Push("bench-list"), Command({"RPOP", "bench-list"}, size)};
    if (name == "queue") return {Push("bench-queue"), Command({"LPOP", "bench-queue"}, size)};
    if (name == "add") return {Command({"INCRBY", "bench-value", "1"})};
    if (name == "object") return {Command({"INCRBY", "bench-value" + std::to_string(key), "1"})};
    if (name == "lock") return LockPair("bench-lock-" + std::to_string(key));
    if (name == "extend") return {Texts("bench-bulk", 0, items_), Command({"DEL", "bench-bulk"})};
    if (name == "setmany") return {Entries("bench-bulk-dict", 0, items_)};
    if (name == "read") return {Command({"LRANGE", "bench-read", "0", "-1"}, size_t{16} * items_)};
    if (name == "wake") return {Push("bench-parked")};
    if (name == "parked") return {Wait("bench-parked")};
    if (name == "handoff") return {Push("bench-there"), Wait("bench-back")};
    if (name == "handed-on") return {Wait("bench-there"), Push("bench-back")};
    return {Command({"SAVE"})};  // snapshot
  }

  Operation Batch(Content content, uint64_t first, uint64_t count) const override {
    switch (content) {
      case Content::kKeys:
        return Keys(first, count);
      case Content::kItems:
        return Texts("bench-read", first, count);
      case Content::kObjects:
        return Command({"INCRBY", "bench-value" + std::to_string(first), "1"});
      case Content::kFilledTexts:
        return Texts("filled-list", first, count);
      case Content::kFilledNumbers:
        return Numbers(first, count);
      case Content::kFilledEntries:
        return Entries("filled-dict", first, count);
    }
    return {};
  }

 private:
  Operation Push(const char* name) const { return Command({"RPUSH", name, value_}); }
  Operation Wait(const char* name) const { return Command({"BLPOP", name, "0"}, value_.size()); }

  // Redis has no owners; the nearest without a script.
  static Operations LockPair(const std::string& name) {
    return {Command({"SET", name, "1"}), Command({"DEL", name})};
  }

  Operation Keys(uint64_t first, uint64_t count) const {
    Words words = {"MSET"};
    for (uint64_t i = first; i < first + count; ++i) {
      words.push_back(KeyText(i));
      words.push_back(value_);
    }
    return Command(words);
  }

  static Operation Texts(const char* name, uint64_t first, uint64_t count) {
    Words words = {"RPUSH", name};
    for (uint64_t i = first; i < first + count; ++i) words.push_back(FillingText("item", i));
    return Command(words);
  }

  static Operation Numbers(uint64_t first, uint64_t count) {
    Words words = {"RPUSH", "filled-numbers"};
    for (uint64_t i = first; i < first + count; ++i) words.push_back(std::to_string(i));
    return Command(words);
  }

  static Operation Entries(const char* name, uint64_t first, uint64_t count) {
    Words words = {"HSET", name};
    for (uint64_t i = first; i < first + count; ++i) {
      words.push_back(FillingText("key", i));
      words.push_back(FillingText("value", i));
    }
    return Command(words);
  }

  const std::string value_;
  const uint32_t items_;
};

}  // namespace

std::unique_ptr<Vocabulary> MakeRedisVocabulary(const WorkloadOptions& options) {
  return std::make_unique<RedisVocabulary>(options);
}

}  // namespace coheld::bench
