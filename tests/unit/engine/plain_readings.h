// How a plain message (server/engine/plain_fields.h) reads a payload, beside how the generated
// class does: for the tests, and for the fuzzer.
#pragma once

#include <string>
#include <string_view>

#include "proto/wire/parse.h"
#include "server/engine/plain_messages.h"
#include "server/engine/value_codec.h"

namespace coheld::engine::testing {

// What a member of a request says, in bytes that differ when it does.
inline std::string Shown(const wire::Result<Value>& value) {
  if (!value.ok()) return value.failure().message;
  std::string shown;
  wire::FieldWriter writer(&shown);
  AppendValueField(1, value.value(), &writer);
  writer.Flush();
  return shown;
}
inline std::string Shown(std::string_view text) { return std::string(text); }
inline std::string Shown(const WireValue& value) {
  return Shown(value.Get()) + "/" + Shown(value.Lent()) + "/" + Shown(value.LentKey());
}
inline std::string Shown(WireValues& values) {
  const wire::Result<Value::Items> items = values.Take();
  if (!items.ok()) return items.failure().message;
  std::string shown;
  for (const Value& item : items.value()) shown += Shown(item);
  return shown;
}
inline std::string Shown(WireEntries& wire) {
  const wire::Result<Value::Entries> entries = wire.TakeLent();
  if (!entries.ok()) return entries.failure().message;
  std::string shown;
  for (const auto& [key, value] : entries.value()) shown += Shown(key) + Shown(value);
  return shown;
}
template <typename Number>
requires std::integral<Number> || std::is_enum_v<Number> std::string Shown(Number number) {
  return std::to_string(static_cast<int64_t>(number));
}
template <typename Number>
std::string Shown(const std::optional<Number>& number) {
  return number ? Shown(*number) : "none";
}

template <typename Request, typename... F>
std::string ShownAll(Request& request, FieldList<F...> /*fields*/) {
  std::string shown;
  ((shown += std::to_string(F::kNumber) + ": " + Shown(request.*F::kMember) + "\n"), ...);
  return shown;
}

// Says how the two readings of a payload differ, or nothing. `read` is whether it was read plainly.
template <typename Request>
std::string Difference(std::string_view payload, bool* read) {
  Request plain;
  *read = ReadPlain(payload, &plain);
  if (!*read) return "";  // Left to the generated class.
  typename Request::Message message;
  if (!wire::ParseMessage(payload, &message)) return "only the plain reading takes it";
  Request filled;
  FillPlain(message, &filled);
  const std::string was = ShownAll(plain, typename Request::Fields());
  const std::string wanted = ShownAll(filled, typename Request::Fields());
  return was == wanted ? "" : "it says\n" + was + "instead of\n" + wanted;
}

// The same of the first plain request that reads it differently.
template <typename... Request>
std::string AnyDifference(std::string_view payload, plain::RequestList<Request...> /*requests*/) {
  std::string difference;
  bool read = false;
  ((difference += difference.empty() ? Difference<Request>(payload, &read) : ""), ...);
  return difference;
}

}  // namespace coheld::engine::testing
