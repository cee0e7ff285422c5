// See history.h.
#include "server/engine/history.h"

#include <utility>

#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/value.h"

namespace coheld::engine {

Object::Object() = default;
Object::~Object() = default;

void Object::NoteChange() { history_->NoteChange(this); }

std::vector<WaitQueue*> Object::all_queues() {
  std::vector<WaitQueue*> queues = wait_queues();
  if (history_ != nullptr) queues.push_back(&history_->watchers);
  return queues;
}

void History::NoteChange(Object* object) {
  if (!std::exchange(noted_, true)) changed_->push_back(object);
}

void History::Add(Change change) {
  noted_ = false;
  ++unasked_;
  bytes_ += change.payload.size();
  changes_.push_back(std::move(change));
  while (changes_.size() > kHistoryChangesMax || bytes_ > kHistoryBytesMax) {
    start_ = changes_.front().version;
    bytes_ -= changes_.front().payload.size();
    changes_.pop_front();
  }
}

bool History::idle() const { return watchers.empty() && unasked_ > kHistoryChangesMax; }

}  // namespace coheld::engine
