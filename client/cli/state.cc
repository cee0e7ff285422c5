// One function for each type. See state.h.
#include "client/cli/state.h"

#include <map>

#include "client/cli/command.h"

namespace coheld::cli {
namespace {

using Place = std::optional<std::string>;
using Reader = Value (*)(const Client& client, const std::string& name, const Place& place);

Value OfList(const Client& client, const std::string& name, const Place& place) {
  const List<Value> list(client, name);
  if (place) return list.get(ParseIndex(*place));
  return ValueList{list.values()};
}

Value OfDict(const Client& client, const std::string& name, const Place& place) {
  const Dict<Value, Value> dict(client, name);
  if (place) return dict.at(ParseLiteral(*place));
  Map map;
  for (auto& [key, value] : dict.items()) map.entries.push_back({key, value});
  return map;
}

Value OfSet(const Client& client, const std::string& name, const Place& place) {
  const Set<Value> set(client, name);
  if (place) return set.contains(ParseLiteral(*place));
  ValueSet all;
  for (const Value& item : set) all.items.push_back(item);
  return all;
}

Value OfSortedSet(const Client& client, const std::string& name, const Place& place) {
  const SortedSet<Value> set(client, name);
  if (place) {
    const std::optional<double> score = set.score(ParseLiteral(*place));
    if (!score) throw KeyNotFound(Reason::kKeyNotFound, "there is no member \"" + *place + "\"");
    return *score;
  }
  ValueList pairs;
  for (auto& [member, score] : set.range()) pairs.items.push_back(Tuple{{member, score}});
  return pairs;
}

template <typename T>
Value OfArrayOf(const Client& client, const std::string& name) {
  ValueList list;
  for (const T item : Array<T>(client, name).read()) {
    if constexpr (std::same_as<T, char32_t>) list.items.push_back(core::text_of(item));
    if constexpr (!std::same_as<T, char32_t>) list.items.push_back(item);
  }
  return list;
}

Value OfArray(const Client& client, const std::string& name, const Place& place) {
  using All = Value (*)(const Client&, const std::string&);
  static const std::map<std::string, All> readers = {
      {"b", OfArrayOf<int8_t>},   {"B", OfArrayOf<uint8_t>},  {"h", OfArrayOf<int16_t>},
      {"H", OfArrayOf<uint16_t>}, {"i", OfArrayOf<int32_t>},  {"I", OfArrayOf<uint32_t>},
      {"l", OfArrayOf<int64_t>},  {"L", OfArrayOf<uint64_t>}, {"q", OfArrayOf<int64_t>},
      {"Q", OfArrayOf<uint64_t>}, {"f", OfArrayOf<float>},    {"d", OfArrayOf<double>},
      {"u", OfArrayOf<char32_t>}, {"w", OfArrayOf<char32_t>}};
  if (place) return Direct(client).run(ops::array_get(name, ParseIndex(*place)));
  return readers.at(Array<int>(client, name).inspect().typecode)(client, name);
}

Value OfNamespace(const Client& client, const std::string& name, const Place& place) {
  const Namespace attributes(client, name);
  if (place) return attributes.get(*place);
  Map map;
  for (auto& [attribute, value] : attributes.items()) map.entries.push_back({attribute, value});
  return map;
}

Value OfQueue(const Client& client, const std::string& name, const Place&) {
  std::optional<Value> next = Queue<Value>(client, name).peek();
  if (!next) throw QueueEmpty(Reason::kQueueEmpty, "the queue \"" + name + "\" is empty");
  return *next;
}

Value OfValue(const Client& client, const std::string& name, const Place&) {
  return SharedValue<Value>(client, name).get();
}

Value OfCounter(const Client& client, const std::string& name, const Place&) {
  return Counter(client, name).get();
}

Value OfLock(const Client& client, const std::string& name, const Place&) {
  return Lock(client, name).inspect().locked;
}

Value OfRecursiveLock(const Client& client, const std::string& name, const Place&) {
  return RecursiveLock(client, name).inspect().locked;
}

Value OfSharedLock(const Client& client, const std::string& name, const Place&) {
  const SharedLockState state = SharedLock(client, name).inspect();
  return Map{{{"written", state.written}, {"readers", state.readers}}};
}

Value OfSemaphore(const Client& client, const std::string& name, const Place&) {
  return Semaphore(client, name).inspect().available;
}

Value OfEvent(const Client& client, const std::string& name, const Place&) {
  return Event(client, name).is_set();
}

Value OfLatch(const Client& client, const std::string& name, const Place&) {
  return Latch(client, name).inspect().remaining;
}

Value OfBarrier(const Client& client, const std::string& name, const Place&) {
  const BarrierState state = Barrier(client, name).inspect();
  return Map{{{"parties", state.parties}, {"waiting", state.waiting}, {"broken", state.broken}}};
}

Value OfCondition(const Client& client, const std::string& name, const Place&) {
  const ConditionState state = Condition(client, name).inspect();
  return Map{{{"lock", state.lock.name}, {"waiting", state.waiters}}};
}

Value OfTopic(const Client& client, const std::string& name, const Place&) {
  const TopicState state = Topic<Value>(client, name).inspect();
  return Map{{{"published", state.published}, {"subscriptions", state.subscriptions.size()}}};
}

Value OfHost(const Client& client, const std::string& name, const Place&) {
  const HostState state = Host(client, name).inspect();
  return Map{{{"attached", state.attached},
              {"waiting", state.waiting},
              {"running", state.running},
              {"hosted", state.hosted}}};
}

Value OfHosted(const Client& client, const std::string& name, const Place&) {
  const Hosted::Details details = Hosted(client, name).inspect();
  return Map{{{"host", details.host}, {"target", details.target}, {"type_id", details.type_id}}};
}

struct Row {
  Reader reader;
  bool has_places;
};

const std::map<std::string, Row>& Rows() {
  static const std::map<std::string, Row> rows = {
      {"array", {OfArray, true}},
      {"barrier", {OfBarrier, false}},
      {"condition", {OfCondition, false}},
      {"counter", {OfCounter, false}},
      {"dict", {OfDict, true}},
      {"event", {OfEvent, false}},
      {"host", {OfHost, false}},
      {"hosted", {OfHosted, false}},
      {"latch", {OfLatch, false}},
      {"list", {OfList, true}},
      {"lock", {OfLock, false}},
      {"namespace", {OfNamespace, true}},
      {"queue", {OfQueue, false}},
      {"rlock", {OfRecursiveLock, false}},
      {"rwlock", {OfSharedLock, false}},
      {"semaphore", {OfSemaphore, false}},
      {"set", {OfSet, true}},
      {"sorted_set", {OfSortedSet, true}},
      {"topic", {OfTopic, false}},
      {"value", {OfValue, false}},
  };
  return rows;
}

}  // namespace

Value StateOf(const Client& client, const std::string& type, const std::string& name,
              const std::optional<std::string>& place) {
  const auto row = Rows().find(type);
  if (row == Rows().end()) throw UsageError("this coheldctl cannot read a " + type);
  if (place && !row->second.has_places) {
    throw UsageError("a " + type + " has no keys or indices; leave out \"" + *place + "\"");
  }
  return row->second.reader(client, name, place);
}

}  // namespace coheld::cli
