// The books of lifetime.h in saved state. Counts of references follow from the values.
#include "proto/wire/check.h"
#include "server/engine/lifetime.h"
#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/store.h"

namespace coheld::engine {

void Lifetime::Save(StateWriter& state) const {
  COHELD_CHECK(doubted_.empty() && sent_.empty());
  state.PutTime(find_cycles_at_);
  state.PutUnsigned(last_search_);
  state.PutUnsigned(suspects_.size());
  for (const Tenure* tenure : suspects_) state.PutTenure(*tenure);
}

void Lifetime::Load(StateReader& state) {
  find_cycles_at_ = state.TakeTime();
  last_search_ = state.TakeUnsigned();
  const size_t suspects = state.TakeCount();
  for (size_t i = 0; i < suspects && state.ok(); ++i) {
    Tenure* const tenure = state.TakeTenure();
    if (tenure == nullptr) break;
    if (std::exchange(tenure->suspect, true)) {
      state.Fail("an object is suspected twice");
    } else {
      suspects_.push_back(tenure);
    }
  }
  // Only that they were just made, or a value that was loaded in part, put them here.
  for (Tenure* tenure : std::exchange(doubted_, {})) {
    tenure->doubted = false;
    const bool kept =
        tenure->handles > 0 || tenure->references > 0 || tenure->object->end() != kNever;
    if (!kept) state.Fail("nothing keeps \"" + tenure->name + "\"");
  }
  EndLoad();
}

void Lifetime::EndLoad() {
  for (const auto& [name, tenure] : std::exchange(loading_gone_, {})) Unrefer(*tenure);
}

Tenure* Lifetime::LoadGone(std::string_view name, std::string_view type) {
  const auto found = loading_gone_.find(name);
  if (found != loading_gone_.end()) {
    return found->second->type == type ? found->second : nullptr;
  }
  const TypeRow* const row = FindType(type);
  if (row == nullptr || !IsAnonymous(name) || store_.Find(name) != nullptr) return nullptr;
  auto* const tenure = new Tenure{.lifetime = this, .name = std::string(name), .type = row->word};
  Refer(*tenure);  // Until EndLoad.
  loading_gone_.emplace(name, tenure);
  return tenure;
}

}  // namespace coheld::engine
