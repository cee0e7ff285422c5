// See time_left.h.
#include "client/cpp/src/time_left.h"

#include <algorithm>
#include <array>

#include "proto/wire/fields.h"
#include "proto/wire/methods.h"

namespace coheld::core {

std::optional<std::string> WithTimeLeft(uint32_t method, std::string_view request,
                                        uint64_t passed_ms) {
  if (passed_ms == 0) return std::nullopt;
  const wire::MethodRow* const row = wire::FindMethod(method);
  if (row == nullptr) return std::nullopt;
  const auto* const field = row->descriptor->input_type()->FindFieldByName("timeout_ms");
  if (field == nullptr) return std::nullopt;
  const uint32_t tag =
      wire::FieldTag(static_cast<uint32_t>(field->number()), wire::WireType::kVarint);
  std::optional<uint64_t> timeout;
  wire::FieldReader fields(request);
  while (fields.Next()) {
    if (fields.tag() == tag) timeout = fields.number();
  }
  if (!timeout || !fields.valid()) return std::nullopt;
  // Of a field that comes twice the last counts.
  std::array<char, 2 * wire::kVarintBytesMax> bytes;
  char* end = wire::WriteVarint(tag, bytes.data());
  end = wire::WriteVarint(*timeout - std::min(*timeout, passed_ms), end);
  return std::string(request).append(bytes.data(), end);
}

}  // namespace coheld::core
