// See owner_messages.h.
#include "client/cpp/src/owner_messages.h"

namespace coheld {
namespace {

using std::chrono::milliseconds;

milliseconds Milliseconds(uint64_t count) { return milliseconds(static_cast<int64_t>(count)); }

}  // namespace

namespace core {

SessionLabel FromMessage(const v1::SessionLabel& message) {
  return {.host = message.host(),
          .pid = message.pid(),
          .program = message.program(),
          .user = message.user()};
}

Holder FromMessage(const v1::Holder& message) {
  Holder holder{.session = message.session(),
                .thread = message.thread(),
                .token = message.token(),
                .held = Milliseconds(message.held_ms()),
                .label = FromMessage(message.label()),
                .count = message.count(),
                .shared = message.shared(),
                .site = message.site()};
  if (message.has_lease_ms()) holder.lease = Milliseconds(message.lease_ms());
  return holder;
}

Waiter FromMessage(const v1::Waiter& message) {
  Waiter waiter{.session = message.session(),
                .thread = message.thread(),
                .method = message.method(),
                .parked = Milliseconds(message.parked_ms()),
                .label = FromMessage(message.label()),
                .site = message.site(),
                .timeout = {},
                .names = {message.names().begin(), message.names().end()},
                .call = message.call()};
  if (message.has_timeout_ms()) waiter.timeout = Milliseconds(message.timeout_ms());
  return waiter;
}

}  // namespace core

std::string to_string(const Holder& holder) {
  std::string text = "session " + std::to_string(holder.session) + ", " + holder.label.program +
                     " (pid " + std::to_string(holder.label.pid) + " on " + holder.label.host +
                     ", " + holder.label.user + "), thread " + std::to_string(holder.thread);
  if (!holder.site.empty()) text += " at " + holder.site;
  return text;
}

}  // namespace coheld
