// See coheld/batch.h.
#include "coheld/batch.h"

namespace coheld {

Batch Client::batch() const { return Batch(*this); }

void Batch::run(const CallOptions& options) {
  const std::vector<Batched::Entry> entries = std::exchange(*runner_.entries_, {});
  std::vector<PipelinedCall> calls;
  calls.reserve(entries.size());
  for (const Batched::Entry& entry : entries) calls.push_back({entry.method, entry.request});
  std::vector<CallResult> results = client_.call_many(calls, options);
  for (size_t i = 0; i < entries.size(); ++i) entries[i].finish(std::move(results[i]));
}

}  // namespace coheld
