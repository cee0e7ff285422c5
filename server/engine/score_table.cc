// See score_table.h.
#include "server/engine/score_table.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {

std::optional<double> ScoreTable::Find(const Value& member) const {
  const auto place = members_.Find(member);
  if (!place) return std::nullopt;
  return members_.ValueAt(*place).real();
}

void ScoreTable::Set(Value member, double score) {
  if (const auto place = members_.Find(member)) {
    const Key before = KeyAt(*place);
    order_.erase(before);
    order_.insert({score, before.second});
    members_.SetAt(*place, Value::Real(score));
    return;
  }
  members_.Set(std::move(member), Value::Real(score));
  // The newest entry stands last.
  order_.insert(KeyAt(static_cast<DictTable::Place>(members_.places() - 1)));
}

bool ScoreTable::Remove(const Value& member) {
  const auto place = members_.Find(member);
  if (!place) return false;
  order_.erase(KeyAt(*place));
  members_.Take(*place);
  return true;
}

size_t ScoreTable::RankOf(const Value& member) const {
  return order_.order_of_key(KeyAt(*members_.Find(member)));
}

ScoreTable::Scored ScoreTable::At(size_t rank) const {
  const DictTable::Entry& entry = members_.entries()[PlaceAt(rank)];
  return {entry.key, entry.value.real()};
}

std::pair<Value, double> ScoreTable::TakeAt(size_t rank) {
  const DictTable::Place place = PlaceAt(rank);
  order_.erase(KeyAt(place));
  DictTable::Entry entry = members_.Take(place);
  return {std::move(entry.key), entry.value.real()};
}

std::pair<size_t, size_t> ScoreTable::Within(const ScoreRange& range) const {
  // Ordinals begin above 0 and end below the greatest: these are before and after every member.
  const auto before = [&](double score) { return order_.order_of_key({score, 0}); };
  const auto after = [&](double score) { return order_.order_of_key({score, UINT64_MAX}); };
  size_t begin = 0;
  size_t end = size();
  if (range.min) begin = range.min_open ? after(*range.min) : before(*range.min);
  if (range.max) end = range.max_open ? before(*range.max) : after(*range.max);
  return {begin, std::max(begin, end)};
}

void ScoreTable::Load(StateReader& state) {
  members_.Load(state);
  for (DictTable::Place place = 0; place < members_.places(); ++place) {
    const Value& score = members_.ValueAt(place);
    if (score.kind() != ValueKind::kReal || std::isnan(score.real())) {
      return state.Fail("a score is no number");
    }
    order_.insert(KeyAt(place));
  }
}

}  // namespace coheld::engine
