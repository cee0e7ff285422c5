// See ledger.h.
#include "tests/simulation/ledger.h"

#include <sstream>

#include "tests/simulation/check.h"

namespace coheld::simulation {
namespace {

const DataOp* DataOf(const Op& op) { return std::get_if<DataOp>(&op.body); }

}  // namespace

void Ledger::Sent(const Op& op) {
  const DataOp* data = DataOf(op);
  if (data == nullptr || !sent_.insert(op.id).second) return;
  put_.insert(data->items.begin(), data->items.end());
  if (data->kind == DataOp::Kind::kCounterAdd) most_[data->object] += data->number;
  for (const DataOp& write : data->writes) {
    put_.insert(write.items.begin(), write.items.end());
    if (write.kind == DataOp::Kind::kCounterAdd) most_[write.object] += write.number;
  }
}

void Ledger::Answered(const Op& op, const std::string& words) {
  const DataOp* data = DataOf(op);
  if (data == nullptr || IsFailure(words)) return;
  if (data->kind == DataOp::Kind::kCounterAdd) least_[data->object] += data->number;
  for (const DataOp& write : data->writes) {
    if (write.kind == DataOp::Kind::kCounterAdd) least_[write.object] += write.number;
  }
  if (data->kind != DataOp::Kind::kGet && data->kind != DataOp::Kind::kGetMany) return;
  std::istringstream items(words);
  std::string word;
  items >> word;
  for (int64_t item = 0; items >> item;) {
    Require(put_.contains(item), "nobody put item " + std::to_string(item) + ": " + Describe(op));
    Require(given_.emplace(item, op.id).second,
            "item " + std::to_string(item) + " was given twice: " + Describe(op));
  }
}

void Ledger::JudgeCounter(const std::string& counter, int64_t value) const {
  const auto of = [&](const auto& sums) {
    const auto found = sums.find(counter);
    return found == sums.end() ? 0 : found->second;
  };
  Require(of(least_) <= value && value <= of(most_),
          counter + " is " + std::to_string(value) + "; acknowledged were " +
              std::to_string(of(least_)) + ", sent " + std::to_string(of(most_)));
}

}  // namespace coheld::simulation
