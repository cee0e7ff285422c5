// Values as people read them in messages. See value.h.
#include <charconv>
#include <cmath>

#include "server/engine/value.h"

namespace coheld::engine {
namespace {

constexpr size_t kShortTextBytesMax = 60;

void AppendQuoted(std::string_view text, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  *out += '\'';
  for (const char character : text) {
    if (out->size() >= kShortTextBytesMax) break;
    const auto byte = static_cast<unsigned char>(character);
    if (character == '\'' || character == '\\') {
      *out += '\\';
      *out += character;
    } else if (byte < 0x20 || byte >= 0x7f) {
      (*out += "\\x") += {kHex[byte >> 4], kHex[byte & 15]};
    } else {
      *out += character;
    }
  }
  *out += '\'';
}

void AppendReal(double real, std::string* out) {
  if (std::isnan(real)) {
    *out += "nan";
    return;
  }
  if (std::isinf(real)) {
    *out += real < 0 ? "-inf" : "inf";
    return;
  }
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), real);
  const std::string_view digits(buffer, static_cast<size_t>(end.ptr - buffer));
  *out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) *out += ".0";
}

void Append(const Value& value, std::string* out);

void AppendItems(const Value& value, std::string_view brackets, std::string* out) {
  *out += brackets.front();
  bool first = true;
  for (const Value& item : value.items()) {
    if (out->size() >= kShortTextBytesMax) break;
    if (!first) *out += ", ";
    first = false;
    Append(item, out);
  }
  if (value.kind() == ValueKind::kTuple && value.items().size() == 1) *out += ',';
  *out += brackets.back();
}

void AppendEntries(const Value& value, std::string* out) {
  *out += '{';
  bool first = true;
  for (const auto& [key, held] : value.entries()) {
    if (out->size() >= kShortTextBytesMax) break;
    if (!first) *out += ", ";
    first = false;
    Append(key, out);
    *out += ": ";
    Append(held, out);
  }
  *out += '}';
}

void AppendPair(const Value& value, std::string* out) {
  const auto [first, second] = value.pair();
  *out += value.kind() == ValueKind::kRef ? "ref(" : "opaque(";
  AppendQuoted(first, out);
  *out += ", ";
  AppendQuoted(second, out);
  *out += ')';
}

void Append(const Value& value, std::string* out) {
  switch (value.kind()) {
    case ValueKind::kNull:
      *out += "None";
      return;
    case ValueKind::kBoolean:
      *out += value.boolean() ? "True" : "False";
      return;
    case ValueKind::kInteger:
      *out += std::to_string(value.integer());
      return;
    case ValueKind::kBigInteger:
      *out += value.text().substr(0, kShortTextBytesMax);
      return;
    case ValueKind::kReal:
      return AppendReal(value.real(), out);
    case ValueKind::kBytes:
      *out += 'b';
      return AppendQuoted(value.text(), out);
    case ValueKind::kText:
      return AppendQuoted(value.text(), out);
    case ValueKind::kList:
      return AppendItems(value, "[]", out);
    case ValueKind::kTuple:
      return AppendItems(value, "()", out);
    case ValueKind::kSet:
      return AppendItems(value, "{}", out);
    case ValueKind::kMap:
      return AppendEntries(value, out);
    case ValueKind::kRef:
    case ValueKind::kOpaque:
      return AppendPair(value, out);
  }
}

}  // namespace

std::string ShortText(const Value& value) {
  std::string text;
  Append(value, &text);
  if (text.size() <= kShortTextBytesMax) return text;
  text.resize(kShortTextBytesMax);
  return text + "...";
}

}  // namespace coheld::engine
