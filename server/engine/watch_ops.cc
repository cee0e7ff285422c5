// Watch.Changes, on objects of any type. (What keeps the changes: history.h.)
#include <algorithm>

#include "coheld/v1/watch.pb.h"
#include "server/engine/engine.h"
#include "server/engine/history.h"
#include "server/engine/limits.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"

namespace coheld::engine {
namespace {

Failure Compacted(const Object& object, uint64_t after) {
  return {v1::ERROR_REASON_COMPACTED,
          "the changes of \"" + object.name() + "\" after version " + std::to_string(after) +
              " are not there; its version is " + std::to_string(object.version()) +
              ": ask without after_version, read the object and go on"};
}

// Fills in the changes after a version that is not the last.
void Tell(const History& history, const v1::WatchChangesRequest& request,
          v1::WatchChangesReply* reply) {
  const size_t limit = request.limit() == 0 ? kPageItemsDefault : request.limit();
  const std::deque<Change>& changes = history.changes();
  auto change =
      std::upper_bound(changes.begin(), changes.end(), request.after_version(),
                       [](uint64_t version, const Change& c) { return version < c.version; });
  size_t bytes = 0;
  for (; change != changes.end(); ++change) {
    bytes += change->payload.size();
    const auto told = static_cast<size_t>(reply->changes_size());
    if (told == limit || (told > 0 && bytes > kPageBytesMax)) break;
    v1::Change* wire = reply->add_changes();
    wire->set_version(change->version);
    wire->set_method(change->method);
    wire->set_payload(change->payload);
    wire->set_session(static_cast<uint64_t>(change->session));
    reply->set_version(change->version);
  }
}

Outcome Changes(Engine& engine, const v1::WatchChangesRequest& request,
                v1::WatchChangesReply* reply, Turn& turn) {
  const Store::Held* held = engine.store().Find(request.name());
  if (held == nullptr) return NotFound(request.name());
  Object& object = *held->object;
  History& history = engine.HistoryOf(object);
  history.NoteAsked();
  const uint64_t after = request.has_after_version() ? request.after_version() : object.version();
  if (after < history.start() || after > object.version()) return Compacted(object, after);
  reply->set_version(after);
  if (!request.has_after_version()) return Done();
  if (after == object.version()) {
    return turn.ParkInAll({{.object = &object, .queue = &history.watchers}}, TimeoutOf(request),
                          Done());
  }
  Tell(history, request, reply);
  return Done();
}

}  // namespace

std::vector<OpRow> WatchOps() { return {Op<Changes>("Watch.Changes")}; }

}  // namespace coheld::engine
