// What the template in coheld/array.h shares for all types.
#include "coheld/array.h"

#include "coheld/error.h"

namespace coheld::core {
namespace {

// One of the type codes that are laid out alike.
char LayoutOf(char typecode) {
  switch (typecode) {
    case 'l':
      return 'q';
    case 'L':
      return 'Q';
    case 'u':
      return 'w';
    default:
      return typecode;
  }
}

// Returns the bits of a UTF-8 byte after the first, or nothing if it is none.
std::optional<char32_t> Continued(unsigned char byte) {
  if ((byte & 0xC0) != 0x80) return std::nullopt;
  return byte & 0x3F;
}

}  // namespace

std::string text_of(char32_t code_point) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  const auto rest = [&](int shift) { return byte(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | (code_point >> 6)), rest(0)};
  if (code_point < 0x10000) return {byte(0xE0 | (code_point >> 12)), rest(6), rest(0)};
  return {byte(0xF0 | ((code_point >> 18) & 0x07)), rest(12), rest(6), rest(0)};
}

char32_t code_point_of(const Value& value) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr || text->empty()) refuse_conversion(value, "one code point");
  const auto first = static_cast<unsigned char>(text->front());
  const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text->size() != length) refuse_conversion(value, "one code point");
  char32_t code_point = length == 1 ? first : first & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    const std::optional<char32_t> bits = Continued(static_cast<unsigned char>((*text)[i]));
    if (!bits) refuse_conversion(value, "one code point");
    code_point = (code_point << 6) | *bits;
  }
  return code_point;
}

void check_typecode(const std::string& name, std::string_view typecode, std::string_view wanted) {
  if (typecode.empty() || LayoutOf(typecode[0]) == wanted[0]) return;
  throw TypecodeMismatch(Reason::kTypecodeMismatch,
                         "the array \"" + name + "\" has the type code " + std::string(typecode) +
                             ", not " + std::string(wanted));
}

}  // namespace coheld::core
