// See coheld/batch.h.
#include "coheld/batch.h"

namespace coheld {

Batch Client::batch() const { return Batch(*this); }

void Batch::run(const CallOptions& options) {
  const std::vector<Batched::Entry> entries = std::exchange(*runner_.entries_, {});
  const auto kept = std::exchange(*runner_.kept_, {});
  std::vector<PipelinedCall> calls;
  calls.reserve(entries.size());
  for (const Batched::Entry& entry : entries) calls.push_back({entry.method, entry.request});
  const std::vector<CallResult> results = client_.call_many(calls, options);
  const Receiving receiving(client_);
  for (size_t i = 0; i < entries.size(); ++i) entries[i].answer->take(results[i]);
}

}  // namespace coheld
