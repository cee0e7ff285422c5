// See literal.h.
#include "client/cli/literal.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "client/cli/base64.h"

namespace coheld::cli {
namespace {

using Json = nlohmann::ordered_json;

// Turns the objects that stand for what JSON lacks into values; all other maps stay.
Value Resolve(Map map) {
  if (map.entries.size() != 1) return map;
  const std::string* key = map.entries[0].key.get_if<std::string>();
  if (key == nullptr || !key->starts_with('$')) return map;
  const Value& value = map.entries[0].value;
  const auto* text = value.get_if<std::string>();
  if (*key == "$bytes" && text != nullptr) return Bytes{DecodeBase64(*text)};
  if (*key == "$big_integer" && text != nullptr) return BigInteger{*text};
  if (*key == "$ref" && text != nullptr) return Ref{*text, ""};
  if (*key == "$real" && text != nullptr) return std::strtod(text->c_str(), nullptr);
  const auto* list = value.get_if<ValueList>();
  if (*key == "$map" && list != nullptr) {
    Map resolved;
    for (const Value& pair : list->items) {
      const auto* items = pair.get_if<ValueList>();
      if (items == nullptr || items->items.size() != 2) return map;
      resolved.entries.push_back({items->items[0], items->items[1]});
    }
    return resolved;
  }
  return map;
}

// Builds a Value from a JSON text, so that order and big integers survive.
class Builder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    const bool integer = text.find_first_of(".eE") == std::string::npos;
    return integer ? Add(BigInteger{text}) : Add(value);
  }
  bool string(string_t& text) override { return Add(std::move(text)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(Map{}); }
  bool end_object() override {
    Value done = Resolve(std::move(std::get<Map>(open_.back().value.variant())));
    open_.pop_back();
    return Add(std::move(done));
  }
  bool start_array(size_t) override { return Open(ValueList{}); }
  bool end_array() override {
    Value done = std::move(open_.back().value);
    open_.pop_back();
    return Add(std::move(done));
  }
  bool key(string_t& text) override {
    open_.back().key = std::move(text);
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  Value Take() { return std::move(result_); }

 private:
  struct Container {
    Value value;
    std::string key;  // For a map: of the value to come.
  };

  bool Open(Value container) {
    open_.push_back({std::move(container), ""});
    return true;
  }
  bool Add(Value value) {
    if (open_.empty()) {
      result_ = std::move(value);
      return true;
    }
    Container& parent = open_.back();
    if (auto* list = std::get_if<ValueList>(&parent.value.variant())) {
      list->items.push_back(std::move(value));
    } else {
      std::get<Map>(parent.value.variant())
          .entries.push_back({std::move(parent.key), std::move(value)});
    }
    return true;
  }

  std::vector<Container> open_;
  Value result_;
};

Json Items(const std::vector<Value>& items) {
  Json array = Json::array();
  for (const Value& item : items) array.push_back(ToJson(item));
  return array;
}

// Makes the JSON of one alternative after another.
struct JsonMaker {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(bool boolean) const { return boolean; }
  Json operator()(int64_t integer) const { return integer; }
  Json operator()(const BigInteger& integer) const { return {{"$big_integer", integer.digits}}; }
  Json operator()(double real) const {
    if (std::isfinite(real)) return real;
    return {{"$real", to_string(Value(real))}};
  }
  Json operator()(const std::string& text) const { return text; }
  Json operator()(const Bytes& bytes) const { return {{"$bytes", EncodeBase64(bytes.data)}}; }
  Json operator()(const ValueList& list) const { return Items(list.items); }
  Json operator()(const Tuple& tuple) const { return Items(tuple.items); }
  Json operator()(const ValueSet& set) const { return Items(set.items); }
  Json operator()(const Map& map) const {
    Json object = Json::object();
    Json pairs = Json::array();
    bool all_text = true;
    for (const Entry& entry : map.entries) {
      const auto* key = entry.key.get_if<std::string>();
      all_text = all_text && key != nullptr;
      if (all_text) object[*key] = ToJson(entry.value);
      pairs.push_back(Json::array({ToJson(entry.key), ToJson(entry.value)}));
    }
    return all_text ? object : Json{{"$map", pairs}};
  }
  Json operator()(const Ref& ref) const { return {{"$ref", ref.name}}; }
  Json operator()(const Opaque& opaque) const {
    return {{"$opaque", {{"codec", opaque.codec}, {"data", EncodeBase64(opaque.data)}}}};
  }
};

}  // namespace

Value ParseLiteral(const std::string& word) {
  Builder builder;
  if (!nlohmann::json::sax_parse(word, &builder)) return word;
  return builder.Take();
}

std::string HideArray(const std::string& word) {
  const size_t first = word.find_first_not_of(' ');
  return first != std::string::npos && word[first] == '[' ? ' ' + word : word;
}

std::string RevealArray(const std::string& word) {
  return word.starts_with(' ') && HideArray(word) != word ? word.substr(1) : word;
}

Json ToJson(const Value& value) { return std::visit(JsonMaker{}, value.variant()); }

std::string ToText(const Value& value) {
  const auto* text = value.get_if<std::string>();
  return text != nullptr ? *text : to_string(value);
}

}  // namespace coheld::cli
