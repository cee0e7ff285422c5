// See owners.h.
#include "client/cli/owners.h"

#include <iomanip>
#include <sstream>

namespace coheld::cli {
namespace {

std::string Owner(const SessionLabel& label, uint64_t session, uint64_t thread) {
  if (session == 0) return "a client without a session";
  return Who(label) + ", session " + std::to_string(session) + ", thread " + std::to_string(thread);
}

}  // namespace

std::string Seconds(std::chrono::milliseconds time) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(1) << std::chrono::duration<double>(time).count() << " s";
  return out.str();
}

std::string Who(const SessionLabel& label) {
  return label.program + " (pid " + std::to_string(label.pid) + ", " + label.user + "@" +
         label.host + ")";
}

Json ToJson(const SessionLabel& label) {
  return {
      {"host", label.host}, {"pid", label.pid}, {"program", label.program}, {"user", label.user}};
}

Json ToJson(const Holder& holder) {
  Json json = {{"session", holder.session},    {"thread", holder.thread},
               {"token", holder.token},        {"held_ms", holder.held.count()},
               {"count", holder.count},        {"shared", holder.shared},
               {"site", holder.site},          {"lease_ms", nullptr},
               {"label", ToJson(holder.label)}};
  if (holder.lease) json["lease_ms"] = holder.lease->count();
  return json;
}

Json ToJson(const Waiter& waiter) {
  Json json = {{"session", waiter.session},
               {"thread", waiter.thread},
               {"method", waiter.method},
               {"names", waiter.names},
               {"parked_ms", waiter.parked.count()},
               {"timeout_ms", nullptr},
               {"site", waiter.site},
               {"label", ToJson(waiter.label)}};
  if (waiter.timeout) json["timeout_ms"] = waiter.timeout->count();
  return json;
}

std::string ToText(const Holder& holder) {
  std::string text = Owner(holder.label, holder.session, holder.thread) + ", token " +
                     std::to_string(holder.token) + ", for " + Seconds(holder.held);
  if (holder.count > 1) text += ", " + std::to_string(holder.count) + " times";
  if (holder.shared) text += ", to read";
  if (holder.lease) text += ", " + Seconds(*holder.lease) + " of its lease left";
  if (!holder.site.empty()) text += ", since " + holder.site;
  return text;
}

std::string ToText(const Waiter& waiter) {
  std::string text = Owner(waiter.label, waiter.session, waiter.thread) + ", in " + waiter.method +
                     " for " + Seconds(waiter.parked);
  if (waiter.timeout) text += ", " + Seconds(*waiter.timeout) + " more";
  if (!waiter.site.empty()) text += ", at " + waiter.site;
  return text;
}

}  // namespace coheld::cli
