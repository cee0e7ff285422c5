// See ledger.h.
#include "tests/simulation/ledger.h"

#include <sstream>

#include "tests/simulation/check.h"

namespace coheld::simulation {
namespace {

const DataOp* DataOf(const Op& op) { return std::get_if<DataOp>(&op.body); }

bool IsPut(const DataOp& op) {
  return op.kind == DataOp::Kind::kPut || op.kind == DataOp::Kind::kPutMany;
}

// What an op and its writes put, by queue.
std::map<std::string, uint64_t> PutBy(const DataOp& op) {
  std::map<std::string, uint64_t> counts;
  if (IsPut(op)) counts[op.object] += op.items.size();
  for (const DataOp& write : op.writes) {
    for (const auto& [queue, count] : PutBy(write)) counts[queue] += count;
  }
  return counts;
}

}  // namespace

uint64_t Ledger::MayTake(const DataOp& op) {
  if (op.kind == DataOp::Kind::kGetMany) {
    return op.number == 0 ? UINT64_MAX : static_cast<uint64_t>(op.number);
  }
  return op.kind == DataOp::Kind::kGet || op.kind == DataOp::Kind::kAck ||
         op.kind == DataOp::Kind::kComplete;
}

void Ledger::Sent(const Op& op) {
  const DataOp* data = DataOf(op);
  if (data == nullptr || !sent_.insert(op.id).second) return;
  put_.insert(data->items.begin(), data->items.end());
  if (MayTake(*data) > 0) takers_[op.id] = *data;
  for (const auto& [queue, count] : PutBy(*data)) items_sent_[queue] += count;
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
  takers_.erase(op.id);
  if (!words.starts_with("duplicate")) {
    for (const auto& [queue, count] : PutBy(*data)) items_put_[queue] += count;
  }
  if (data->kind == DataOp::Kind::kAck || data->kind == DataOp::Kind::kComplete) {
    ++items_taken_[data->object];
  }
  if (data->kind != DataOp::Kind::kGet && data->kind != DataOp::Kind::kGetMany) return;
  std::istringstream items(words);
  std::string word;
  items >> word;
  for (int64_t item = 0; items >> item;) {
    ++items_taken_[data->object];
    Require(put_.contains(item), "nobody put item " + std::to_string(item) + ": " + Describe(op));
    Require(given_.emplace(item, op.id).second,
            "item " + std::to_string(item) + " was given twice: " + Describe(op));
  }
}

void Ledger::JudgeQueue(const std::string& queue, const Stock& stock) const {
  const auto of = [&](const auto& counts) {
    const auto found = counts.find(queue);
    return found == counts.end() ? uint64_t{0} : found->second;
  };
  const uint64_t known = stock.held + stock.dead + of(items_taken_);
  uint64_t may_be_taken = 0;
  for (const auto& [id, op] : takers_) {
    if (op.object != queue) continue;
    if (MayTake(op) == UINT64_MAX) may_be_taken = of(items_put_);
    may_be_taken += MayTake(op) == UINT64_MAX ? 0 : MayTake(op);
  }
  const std::string books = "; acknowledged as put were " + std::to_string(of(items_put_)) +
                            ", sent " + std::to_string(of(items_sent_)) + ", there are " +
                            std::to_string(stock.held) + " and " + std::to_string(stock.dead) +
                            " dead, taken were " + std::to_string(of(items_taken_)) + ", perhaps " +
                            std::to_string(may_be_taken) + " more";
  Require(of(items_put_) <= known + may_be_taken, queue + " lost items" + books);
  Require(known <= of(items_sent_), queue + " has too many items" + books);
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
