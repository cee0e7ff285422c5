// See explain.h.
#include "server/engine/explain.h"

#include <algorithm>

#include "server/engine/engine.h"

namespace coheld::engine {
namespace {

constexpr int kNamesMax = 100;

}  // namespace

void TellHolder(const Sessions& sessions, const Hold& hold, TimeMs now, v1::Holder* holder) {
  holder->set_session(static_cast<uint64_t>(hold.owner.session));
  holder->set_thread(hold.owner.thread);
  holder->set_token(hold.token);
  holder->set_held_ms(Elapsed(hold.since, now));
  holder->set_count(hold.count);
  holder->set_shared(hold.shared);
  holder->set_site(hold.site);
  if (hold.ends != kNever) holder->set_lease_ms(TimeLeft(hold.ends, now));
  const Session* session = sessions.Find(hold.owner.session);
  if (session != nullptr) *holder->mutable_label() = session->label;
}

void TellHolder(Turn& turn, const Hold& hold, v1::Holder* holder) {
  TellHolder(turn.engine().sessions(), hold, turn.now(), holder);
}

void TellWaiter(const Sessions& sessions, const ParkedOp& op, TimeMs now, v1::Waiter* waiter) {
  waiter->set_session(static_cast<uint64_t>(op.stamp.owner.session));
  waiter->set_thread(op.stamp.owner.thread);
  waiter->set_method(op.row->method->name);
  waiter->set_parked_ms(Elapsed(op.stamp.now, now));
  waiter->set_site(op.site);
  if (op.deadline != kNever) waiter->set_timeout_ms(TimeLeft(op.deadline, now));
  ForEachPlace(op, [waiter](const ParkedOp::Place& place) {
    if (waiter->names_size() < kNamesMax) waiter->add_names(place.object->name());
  });
  waiter->set_call(static_cast<uint64_t>(op.stamp.call));
  const Session* session = sessions.Find(op.stamp.owner.session);
  if (session != nullptr) *waiter->mutable_label() = session->label;
}

void TellObject(const Store::Held& held, v1::ObjectSummary* summary) {
  summary->set_name(held.object->name());
  summary->set_type(held.type->word);
  summary->set_size(held.object->size());
  summary->set_version(held.object->version());
  uint64_t waiters = 0;
  for (const WaitQueue* queue : held.object->all_queues()) waiters += queue->size();
  summary->set_waiters(waiters);
}

void TellHolders(const Engine& engine, const Object& object, TimeMs now, size_t limit,
                 google::protobuf::RepeatedPtrField<v1::Holder>* holders) {
  for (const Hold& hold : object.holds()) {
    if (static_cast<size_t>(holders->size()) == limit) break;
    TellHolder(engine.sessions(), hold, now, holders->Add());
  }
}

void TellWaiters(const Engine& engine, Object& object, TimeMs now, size_t limit,
                 google::protobuf::RepeatedPtrField<v1::Waiter>* waiters) {
  std::vector<const ParkedOp*> ops;
  for (const WaitQueue* queue : object.all_queues()) {
    std::copy_n(queue->ops().begin(), std::min(queue->size(), limit), std::back_inserter(ops));
  }
  std::sort(ops.begin(), ops.end(),
            [](const ParkedOp* a, const ParkedOp* b) { return a->stamp.call < b->stamp.call; });
  ops.resize(std::min(ops.size(), limit));
  for (const ParkedOp* op : ops) TellWaiter(engine.sessions(), *op, now, waiters->Add());
}

std::string OwnerInWords(const Sessions& sessions, const Owner& owner) {
  const Session* const session = sessions.Find(owner.session);
  if (session == nullptr) return "a caller without a session";
  std::string words = "session " + std::to_string(static_cast<uint64_t>(owner.session)) +
                      " thread " + std::to_string(owner.thread);
  const v1::SessionLabel& label = session->label;
  if (label.pid() == 0 && label.host().empty()) return words;
  return words + " (" + label.program() + ", pid " + std::to_string(label.pid()) + ", " +
         label.user() + "@" + label.host() + ")";
}

std::string HolderInWords(const Sessions& sessions, const Hold& hold, TimeMs now) {
  std::string words = OwnerInWords(sessions, hold.owner) + " for " +
                      std::to_string(Elapsed(hold.since, now)) + " ms, token " +
                      std::to_string(hold.token);
  if (!hold.site.empty()) words += ", since " + hold.site;
  return words;
}

const ParkedOp::Place& HeldPlace(const ParkedOp& op) {
  const auto held = [](const ParkedOp::Place& place) {
    return place.object->awaits() != Awaits::kEvent && !place.object->holds().empty();
  };
  if (held(op.place)) return op.place;
  const auto found = std::find_if(op.others.begin(), op.others.end(), held);
  return found == op.others.end() ? op.place : *found;
}

bool FindOldestHold(const Object& object, Hold* oldest) {
  std::vector<Hold> holds = object.holds();
  const auto first = std::min_element(holds.begin(), holds.end(), [](const Hold& a, const Hold& b) {
    return std::pair(a.since, a.token) < std::pair(b.since, b.token);
  });
  if (first == holds.end()) return false;
  *oldest = std::move(*first);
  return true;
}

std::string WaitInWords(const Engine& engine, const ParkedOp& op, TimeMs now) {
  const ParkedOp::Place& place = HeldPlace(op);
  const Store::Held* const held = engine.store().Find(place.object->name());
  Hold oldest;
  if (held == nullptr || place.object->awaits() == Awaits::kEvent ||
      !FindOldestHold(*place.object, &oldest)) {
    return "it waited in " + op.row->method->name + " on \"" + place.object->name() + "\"";
  }
  return "it waited for the " + held->type->word + " \"" + place.object->name() +
         "\", which is held by " + HolderInWords(engine.sessions(), oldest, now);
}

}  // namespace coheld::engine
