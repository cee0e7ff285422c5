// Random ops on sets, arrays, counters, namespaces, sorted sets and topics through the engine, each
// answer compared with plain containers of the standard library. Run one seed again with
// COHELD_SEED=N.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/array.pb.h"
#include "coheld/v1/counter.pb.h"
#include "coheld/v1/namespace.pb.h"
#include "coheld/v1/set.pb.h"
#include "coheld/v1/sorted_set.pb.h"
#include "coheld/v1/topic.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/reload.h"
#include "tests/unit/engine/shadow.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

constexpr int kSeeds = 30;
constexpr int kSteps = 300;
constexpr size_t kArrayLength = 12;
constexpr size_t kBufferMax = 5;

v1::Value Integer(int64_t number) {
  v1::Value value;
  value.set_integer(number);
  return value;
}

// One engine with one object of each type, and beside them what they must hold.
class RandomData {
 public:
  explicit RandomData(uint64_t seed) : random_(seed) {
    engine_->SetInputLog(&shadow_);

    engine_->OpenSession(SessionId{1}, {}, 10'000, TimeMs{1000});
    v1::ArrayCreateRequest create;
    create.set_name("a");
    create.set_typecode("h");
    create.set_length(kArrayLength);
    Apply<v1::ArrayCreateReply>("Array/Create", create);
    v1::TopicSubscribeRequest subscribe;
    subscribe.set_name("t");
    subscribe.set_buffer_max(kBufferMax);
    subscription_ = Apply<v1::TopicSubscribeReply>("Topic/Subscribe", subscribe)->subscription();
  }

  void Go() {
    for (int step = 0; step < kSteps && !::testing::Test::HasFailure(); ++step) {
      switch (Pick(6)) {
        case 0:
          StepSet();
          break;
        case 1:
          StepArray();
          break;
        case 2:
          StepCounter();
          break;
        case 3:
          StepNamespace();
          break;
        case 4:
          StepSorted();
          break;
        case 5:
          StepTopic();
          break;
      }
      if (Pick(4) == 0) Reload(&engine_);
      engine_->SetInputLog(&shadow_);
      shadow_.Follow(*engine_);
    }
  }

 private:
  using Numbers = std::set<int64_t>;

  uint64_t Pick(uint64_t count) { return random_() % count; }
  int64_t Number(uint64_t count) { return static_cast<int64_t>(Pick(count)); }

  // Applies an op; nothing if it failed.
  template <typename Reply, typename Request>
  std::optional<Reply> Apply(const std::string& path, const Request& request) {
    std::vector<engine::Reply> replies;
    engine_->Apply(
        {.call = CallId{++last_call_}, .owner = {.session = SessionId{1}}, .now = TimeMs{1000}},
        wire::FindMethod("/coheld.v1." + path)->number, request.SerializeAsString(), &replies);
    EXPECT_EQ(replies.size(), 1u) << path;
    if (replies.size() != 1 || replies[0].failure) return std::nullopt;
    Reply reply;
    EXPECT_TRUE(reply.ParseFromString(replies[0].payload));
    return reply;
  }

  Numbers SomeNumbers() {
    Numbers numbers;
    for (uint64_t count = Pick(6); count > 0; --count) numbers.insert(Number(12));
    return numbers;
  }

  static Numbers Combine(int op, const Numbers& a, const Numbers& b) {
    std::vector<int64_t> result;
    const auto out = std::back_inserter(result);
    if (op == 1) std::set_union(a.begin(), a.end(), b.begin(), b.end(), out);
    if (op == 2) std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), out);
    if (op == 3) std::set_difference(a.begin(), a.end(), b.begin(), b.end(), out);
    if (op == 4) std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), out);
    return {result.begin(), result.end()};
  }

  void StepSet() {
    const Numbers other = SomeNumbers();
    const int op = 1 + static_cast<int>(Pick(4));
    const Numbers combined = Combine(op, set_, other);
    if (Pick(2) == 0) {
      v1::SetUpdateRequest update;
      update.set_name("s");
      update.set_operator_(static_cast<v1::SetOperator>(op));
      auto* operand = update.add_operands();
      for (const int64_t number : other) *operand->add_values() = Integer(number);
      const auto reply = Apply<v1::SetChangeReply>("Set/Update", update);
      EXPECT_EQ(reply->length(), combined.size());
      EXPECT_EQ(set_.size() + reply->added() - reply->removed(), combined.size());
      set_ = combined;
    }
    v1::SetCompareRequest compare;
    compare.set_name("s");
    for (const int64_t number : other) *compare.mutable_operand()->add_values() = Integer(number);
    const auto relation = Apply<v1::SetCompareReply>("Set/Compare", compare);
    EXPECT_EQ(relation->subset(),
              std::includes(other.begin(), other.end(), set_.begin(), set_.end()));
    EXPECT_EQ(relation->superset(),
              std::includes(set_.begin(), set_.end(), other.begin(), other.end()));
    EXPECT_EQ(relation->disjoint(), Combine(2, set_, other).empty());
    EXPECT_EQ(relation->equal(), set_ == other);
    v1::SetScanRequest scan;
    scan.set_name("s");
    Numbers scanned;
    bool done = false;
    while (!done) {
      scan.set_limit(static_cast<uint32_t>(1 + Pick(4)));
      const auto page = Apply<v1::SetScanReply>("Set/Scan", scan);
      for (const v1::Value& value : page->values()) {
        EXPECT_TRUE(scanned.insert(value.integer()).second);
      }
      scan.set_cursor(page->next());
      done = page->done();
    }
    EXPECT_EQ(scanned, set_);
  }

  // A slice and the places that it selects, found one by one.
  std::vector<size_t> SomeSlice(v1::Slice* slice) {
    const int64_t step = Pick(2) == 0 ? 1 + Number(3) : -1 - Number(3);
    const int64_t start = Number(kArrayLength);
    const int64_t stop = Number(kArrayLength + 1);
    slice->set_start(start);
    slice->set_stop(stop);
    slice->set_step(step);
    std::vector<size_t> places;
    for (int64_t at = start; step > 0 ? at < stop : at > stop; at += step) {
      places.push_back(static_cast<size_t>(at));
    }
    return places;
  }

  void StepArray() {
    v1::ArraySetRangeRequest set;
    set.set_name("a");
    const std::vector<size_t> places = SomeSlice(set.mutable_slice());
    const bool raw = Pick(2) == 0;
    for (const size_t place : places) {
      const auto item = static_cast<int16_t>(random_());
      array_[place] = item;
      if (raw) {
        set.mutable_data()->append(reinterpret_cast<const char*>(&item), sizeof(item));
      } else {
        *set.add_values() = Integer(item);
      }
    }
    EXPECT_TRUE(Apply<v1::ArrayChangeReply>("Array/SetRange", set).has_value());
    v1::ArrayAddRequest add;
    add.set_name("a");
    const int64_t index = Number(2 * kArrayLength) - static_cast<int64_t>(kArrayLength);
    const int64_t amount = Number(30'000);
    add.set_index(index);
    *add.mutable_amount() = Integer(amount);
    const auto added = Apply<v1::ArrayAddReply>("Array/Add", add);
    const auto place = static_cast<size_t>(index < 0 ? index + int64_t{kArrayLength} : index);
    EXPECT_EQ(added.has_value(), array_[place] + amount <= INT16_MAX);
    if (added) array_[place] = static_cast<int16_t>(array_[place] + amount);
    v1::ArrayGetRangeRequest get;
    get.set_name("a");
    const std::vector<size_t> read = SomeSlice(get.mutable_slice());
    const auto values = Apply<v1::ArrayGetRangeReply>("Array/GetRange", get);
    ASSERT_EQ(static_cast<size_t>(values->values_size()), read.size());
    for (size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(values->values(static_cast<int>(i)).integer(), array_[read[i]]);
    }
  }

  void StepCounter() {
    v1::CounterAddRequest add;
    add.set_name("c");
    const auto amount = static_cast<int64_t>(random_());
    add.set_amount(amount);
    // Room above and below, each without an overflow of its own.
    const bool fits = amount >= 0 ? counter_ <= INT64_MAX - amount : counter_ >= INT64_MIN - amount;
    const auto reply = Apply<v1::CounterAddReply>("Counter/Add", add);
    EXPECT_EQ(reply.has_value(), fits);
    if (fits) counter_ += amount;
    if (reply) {
      EXPECT_EQ(reply->value(), counter_);
    }
  }

  void StepNamespace() {
    v1::NamespaceUpdateManyRequest update;
    update.set_name("n");
    const std::string gone = std::to_string(Pick(5));
    update.add_remove(gone);
    space_.erase(gone);
    for (uint64_t count = Pick(3); count > 0; --count) {
      auto* attribute = update.add_attributes();
      attribute->set_attribute(std::to_string(Pick(5)));
      *attribute->mutable_value() = Integer(Number(100));
      space_[attribute->attribute()] = attribute->value().integer();
    }
    EXPECT_EQ(Apply<v1::NamespaceChangeReply>("Namespace/UpdateMany", update)->length(),
              space_.size());
    v1::NamespaceItemsRequest items;
    items.set_name("n");
    std::map<std::string, int64_t> actual;
    const auto reply = Apply<v1::NamespaceItemsReply>("Namespace/Items", items);
    for (const auto& attribute : reply->attributes()) {
      actual[attribute.attribute()] = attribute.value().integer();
    }
    EXPECT_EQ(actual, space_);
  }

  void StepSorted() {
    const int64_t member = Number(20);
    const auto score = static_cast<double>(Pick(5));
    v1::SortedSetIncrementRequest increment;
    increment.set_name("z");
    *increment.mutable_member() = Integer(member);
    increment.set_amount(score);
    sorted_[member] += score;
    EXPECT_EQ(Apply<v1::SortedSetIncrementReply>("SortedSet/Increment", increment)->score(),
              sorted_[member]);
    v1::SortedSetCountRequest count;
    count.set_name("z");
    count.mutable_bounds()->set_min(score);
    count.mutable_bounds()->set_min_open(true);
    const auto above = [&](const auto& entry) { return entry.second > score; };
    EXPECT_EQ(Apply<v1::SortedSetCountReply>("SortedSet/Count", count)->count(),
              std::count_if(sorted_.begin(), sorted_.end(), above));
    if (Pick(2) == 0) return;
    v1::SortedSetPopMaxRequest pop;
    pop.set_name("z");
    const auto popped = Apply<v1::SortedSetPopReply>("SortedSet/PopMax", pop)->members(0);
    for (const auto& [other, other_score] : sorted_) EXPECT_LE(other_score, popped.score());
    EXPECT_EQ(sorted_[popped.member().integer()], popped.score());
    sorted_.erase(popped.member().integer());
  }

  void StepTopic() {
    v1::TopicPublishRequest publish;
    publish.set_name("t");
    for (uint64_t count = Pick(4); count > 0; --count) {
      *publish.add_values() = Integer(++published_);
      buffer_.push_back(published_);
      if (buffer_.size() > kBufferMax) {
        buffer_.pop_front();
        ++lost_;
      }
    }
    EXPECT_EQ(Apply<v1::TopicPublishReply>("Topic/Publish", publish)->receivers(), 1u);
    if (Pick(2) == 0) return;
    v1::TopicReceiveRequest receive;
    receive.set_name("t");
    receive.set_subscription(subscription_);
    receive.set_timeout_ms(0);
    receive.set_limit(static_cast<uint32_t>(Pick(4)));
    const auto reply = Apply<v1::TopicReceiveReply>("Topic/Receive", receive);
    EXPECT_EQ(reply->lost(), reply->values_size() == 0 ? 0 : std::exchange(lost_, 0));
    const size_t wanted = receive.limit() == 0 ? buffer_.size() : receive.limit();
    ASSERT_EQ(static_cast<size_t>(reply->values_size()), std::min(wanted, buffer_.size()));
    for (const v1::Value& value : reply->values()) {
      EXPECT_EQ(value.integer(), buffer_.front());
      buffer_.pop_front();
    }
  }

  std::mt19937_64 random_;
  Shadow shadow_;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  uint64_t last_call_ = 0;
  Numbers set_;
  std::vector<int16_t> array_ = std::vector<int16_t>(kArrayLength);
  int64_t counter_ = 0;
  std::map<std::string, int64_t> space_;
  std::map<int64_t, double> sorted_;
  std::deque<int64_t> buffer_;
  int64_t published_ = 0;
  uint64_t lost_ = 0;
  uint64_t subscription_ = 0;
};

TEST(RandomData, IsAsInPlainContainers) {
  for (const uint64_t seed : coheld::testing::ChooseSeeds(kSeeds)) {
    SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
    RandomData(seed).Go();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace coheld::engine::testing
