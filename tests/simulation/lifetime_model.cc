// See lifetime_model.h.
#include "tests/simulation/lifetime_model.h"

#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {

using engine::testing::Count;
using engine::testing::GrantOf;

namespace {

std::string At(uint64_t grant) { return "@" + std::to_string(grant); }

int64_t TakeFirst(std::vector<int64_t>* items) {
  const int64_t first = items->front();
  items->erase(items->begin());
  return first;
}

uint64_t Left(int64_t end, int64_t now) {
  return static_cast<uint64_t>(std::max<int64_t>(end - now, 0));
}

}  // namespace

bool LifetimeModel::Reads(const LifetimeOp& op) const {
  return op.kind == Kind::kInspect || op.kind == Kind::kPeek || op.kind == Kind::kNamedInspect;
}

bool LifetimeModel::Parks(const LifetimeOp& op) const {
  return op.kind == Kind::kGet || op.kind == Kind::kFetch || op.kind == Kind::kNamedGet;
}

bool LifetimeModel::IsReady(const LifetimeOp& op) const {
  if (op.kind == Kind::kFetch) {
    const auto bag = bags_.find(op.bag);
    return bag != bags_.end() && !bag->second.empty();
  }
  if (op.kind == Kind::kNamedGet) {
    const auto queue = named_.find(op.object);
    return queue != named_.end() && !queue->second.items.empty();
  }
  if (op.kind != Kind::kGet) return true;
  const auto queue = anonymous_.find(op.grant);
  return queue == anonymous_.end() || !queue->second.items.empty();
}

std::string LifetimeModel::LineOf(const LifetimeOp& op) const {
  if (op.kind == Kind::kFetch) return op.bag;
  return op.kind == Kind::kGet ? At(op.grant) : op.object;
}

void LifetimeModel::Forget(uint64_t session) {
  for (auto& [grant, queue] : anonymous_) queue.handles.erase(session);
  Sweep();
}

uint64_t LifetimeModel::ReferencesTo(uint64_t grant) const {
  uint64_t references = 0;
  for (const auto& [name, bag] : bags_) {
    references += static_cast<uint64_t>(std::count(bag.begin(), bag.end(), grant));
  }
  return references;
}

void LifetimeModel::Sweep() {
  std::erase_if(anonymous_, [&](const auto& entry) {
    const auto& [grant, queue] = entry;
    if (!queue.handles.empty() || queue.grace_end || ReferencesTo(grant) > 0) return false;
    deleted_.push_back(At(grant));
    return true;
  });
}

// --- Ops ---

std::string LifetimeModel::Do(const LifetimeOp& op) {
  if (op.kind >= Kind::kNamedPut) return DoNamed(op);
  std::string words;
  if (op.kind == Kind::kMake) {
    const uint64_t grant = GrantOf(op.call, 0);
    anonymous_[grant].handles[op.session] = 1;
    words = "made " + At(grant);
  } else if (op.kind == Kind::kFetch || op.kind == Kind::kPeek) {
    words = DoBag(op);
  } else if (const auto queue = anonymous_.find(op.grant); queue != anonymous_.end()) {
    words = DoAnonymous(op, queue->second);
  } else {
    words = op.kind == Kind::kRelease ? "released 0" : "OBJECT_NOT_FOUND";
  }
  Sweep();
  return words;
}

std::string LifetimeModel::DoAnonymous(const LifetimeOp& op, Anonymous& queue) {
  switch (op.kind) {
    case Kind::kPut:
      queue.items.push_back(op.number);
      return Count("length", queue.items.size());
    case Kind::kGet:
      return "got " + std::to_string(TakeFirst(&queue.items));
    case Kind::kHold:
      return Count("handles", ++queue.handles[op.session]);
    case Kind::kRelease: {
      const auto own = queue.handles.find(op.session);
      if (own == queue.handles.end()) return "released 0";
      const uint64_t released = std::min(own->second, static_cast<uint64_t>(op.number));
      own->second -= released;
      if (own->second == 0) queue.handles.erase(own);
      return Count("released", released);
    }
    case Kind::kLend: {
      const int64_t end = op.now_ms + static_cast<int64_t>(op.ms);
      queue.grace_end = std::max(queue.grace_end.value_or(end), end);
      return Count("kept for", Left(*queue.grace_end, op.now_ms));
    }
    case Kind::kShare:
      bags_[op.bag].push_back(op.grant);
      return Count("length", bags_[op.bag].size());
    case Kind::kMake:
    case Kind::kInspect:
    case Kind::kFetch:
    case Kind::kPeek:
    case Kind::kNamedPut:
    case Kind::kNamedGet:
    case Kind::kSetTtl:
    case Kind::kNamedInspect:
    case Kind::kDelete:
      break;
  }
  return Inspect(op, queue);
}

std::string LifetimeModel::Inspect(const LifetimeOp& op, const Anonymous& queue) const {
  uint64_t handles = 0;
  for (const auto& [session, count] : queue.handles) handles += count;
  const auto own = queue.handles.find(op.session);
  return Count("handles", handles) + Count(" own", own == queue.handles.end() ? 0 : own->second) +
         Count(" references", ReferencesTo(op.grant)) +
         Count(" grace", queue.grace_end ? Left(*queue.grace_end, op.now_ms) : 0);
}

std::string LifetimeModel::DoBag(const LifetimeOp& op) {
  std::vector<uint64_t>& bag = bags_[op.bag];
  if (bag.empty()) return "nothing";
  const uint64_t grant = bag.front();
  ++anonymous_.at(grant).handles[op.session];
  if (op.kind == Kind::kPeek) return "next " + At(grant);
  bag.erase(bag.begin());
  return "fetched " + At(grant);
}

std::string LifetimeModel::DoNamed(const LifetimeOp& op) {
  if (op.kind == Kind::kNamedPut) {
    std::vector<int64_t>& items = named_[op.object].items;
    items.push_back(op.number);
    return Count("length", items.size());
  }
  const auto queue = named_.find(op.object);
  const bool there = queue != named_.end();
  if (op.kind == Kind::kNamedGet) return "got " + std::to_string(TakeFirst(&queue->second.items));
  if (op.kind == Kind::kDelete) {
    // One that is only waited on can be deleted, too.
    if (!there && CountIn(op.object) == 0) return "deleted 0";
    named_.erase(op.object);
    deleted_.push_back(op.object);
    return "deleted 1";
  }
  if (!there) return "OBJECT_NOT_FOUND";
  if (op.kind == Kind::kNamedInspect) {
    const std::optional<int64_t>& end = queue->second.end;
    return end ? Count("ends in", Left(*end, op.now_ms)) : "never ends";
  }
  queue->second.end.reset();
  if (op.ms != 0) queue->second.end = op.now_ms + static_cast<int64_t>(op.ms);
  return "set";
}

// --- Time ---

std::pair<std::optional<int64_t>*, std::string> LifetimeModel::NextEnd() {
  std::pair<std::optional<int64_t>*, std::string> next = {nullptr, ""};
  const auto look = [&](std::optional<int64_t>* end, const std::string& name) {
    if (*end && (next.first == nullptr || **end < **next.first)) next = {end, name};
  };
  for (auto& [grant, queue] : anonymous_) look(&queue.grace_end, "");
  for (auto& [name, queue] : named_) look(&queue.end, name);
  return next;
}

Due LifetimeModel::NextDue() {
  const Due waiter = WaitingModel::NextDue();
  const auto [end, name] = NextEnd();
  // What ends at the same time as others' patience ends last.
  return end == nullptr ? waiter : std::min(waiter, {.at_ms = **end, .waits = true, .object = "~"});
}

Answers LifetimeModel::AdvanceOnce() {
  if (NextDue().object.empty()) return WaitingModel::AdvanceOnce();
  const auto [end, name] = NextEnd();
  end->reset();
  if (!name.empty()) {
    named_.erase(name);
    deleted_.push_back(name);
  }
  Sweep();
  return Settled();
}

void LifetimeModel::Rearm(int64_t stalled_ms) {
  for (auto& [grant, queue] : anonymous_) {
    if (queue.grace_end) *queue.grace_end += stalled_ms;
  }
  for (auto& [name, queue] : named_) {
    if (queue.end) *queue.end += stalled_ms;
  }
}

}  // namespace coheld::simulation
