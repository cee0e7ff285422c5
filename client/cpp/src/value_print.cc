// Values as Python prints them. See coheld/value.h.
#include <array>
#include <charconv>
#include <cmath>
#include <ostream>

#include "coheld/value.h"

namespace coheld {
namespace {

constexpr std::array<std::string_view, 13> kKindWords = {
    "null", "boolean", "integer", "big_integer", "real", "text",  "bytes",
    "list", "tuple",   "set",     "map",         "ref",  "opaque"};

void AppendEscaped(std::string_view bytes, bool ascii_only, std::string* out) {
  const bool double_quotes =
      bytes.find('\'') != std::string_view::npos && bytes.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  constexpr std::string_view kHex = "0123456789abcdef";
  out->push_back(quote);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      *out += {'\\', c};
    } else if (c == '\n' || c == '\r' || c == '\t') {
      *out += {'\\', c == '\n' ? 'n' : c == '\r' ? 'r' : 't'};
    } else if (byte < 0x20 || byte == 0x7f || (ascii_only && byte > 0x7f)) {
      *out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out->push_back(c);
    }
  }
  out->push_back(quote);
}

std::string RealText(double real) {
  if (std::isnan(real)) return "nan";
  if (std::isinf(real)) return real > 0 ? "inf" : "-inf";
  const double size = std::fabs(real);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);  // As Python's repr.
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), real,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer.data(), end.ptr);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

void AppendItems(const std::vector<Value>& items, std::string* out) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) *out += ", ";
    *out += to_string(items[i]);
  }
}

// Prints one alternative after another.
struct Printer {
  std::string* out;

  void operator()(std::monostate) const { *out += "None"; }
  void operator()(bool boolean) const { *out += boolean ? "True" : "False"; }
  void operator()(int64_t integer) const { *out += std::to_string(integer); }
  void operator()(const BigInteger& integer) const { *out += integer.digits; }
  void operator()(double real) const { *out += RealText(real); }
  void operator()(const std::string& text) const { AppendEscaped(text, false, out); }
  void operator()(const Bytes& bytes) const {
    out->push_back('b');
    AppendEscaped(bytes.data, true, out);
  }
  void operator()(const ValueList& list) const {
    out->push_back('[');
    AppendItems(list.items, out);
    out->push_back(']');
  }
  void operator()(const Tuple& tuple) const {
    out->push_back('(');
    AppendItems(tuple.items, out);
    *out += tuple.items.size() == 1 ? ",)" : ")";
  }
  void operator()(const ValueSet& set) const {
    if (set.items.empty()) {
      *out += "set()";
      return;
    }
    out->push_back('{');
    AppendItems(set.items, out);
    out->push_back('}');
  }
  void operator()(const Map& map) const {
    out->push_back('{');
    for (size_t i = 0; i < map.entries.size(); ++i) {
      if (i > 0) *out += ", ";
      *out += to_string(map.entries[i].key) + ": " + to_string(map.entries[i].value);
    }
    out->push_back('}');
  }
  void operator()(const Ref& ref) const { *out += "<" + ref.type + " " + ref.name + ">"; }
  void operator()(const Opaque& opaque) const {
    *out += "<" + opaque.codec + " of " + std::to_string(opaque.data.size()) + " bytes>";
  }
};

}  // namespace

std::string_view to_string(Value::Kind kind) { return kKindWords[static_cast<size_t>(kind)]; }

std::string to_string(const Value& value) {
  std::string out;
  std::visit(Printer{&out}, value.variant());
  return out;
}

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << to_string(value); }

}  // namespace coheld
