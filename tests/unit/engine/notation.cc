// See notation.h: the reader, and terms to values and messages. (notation_show.cc writes them.)
#include "tests/unit/engine/notation.h"

#include <cctype>
#include <charconv>
#include <cstdlib>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/stubs/strutil.h>

namespace coheld::engine::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

template <typename Number>
Number ToNumber(const Term& term) {
  Number number{};
  const char* const end = term.text.data() + term.text.size();
  const auto [stop, error] = std::from_chars(term.text.data(), end, number);
  if (term.kind != Term::Kind::kNumber || error != std::errc() || stop != end) {
    throw BadNotation("\"" + term.text + "\" is no number of the field's type");
  }
  return number;
}

bool IsReal(const Term& term) { return term.text.find_first_of(".einf") != std::string::npos; }

void SetNumber(const Term& term, v1::Value* value) {
  if (IsReal(term)) return value->set_real(std::strtod(term.text.c_str(), nullptr));
  int64_t number = 0;
  const char* const end = term.text.data() + term.text.size();
  const auto [stop, error] = std::from_chars(term.text.data(), end, number);
  if (error == std::errc() && stop == end) return value->set_integer(number);
  value->set_big_integer(term.text);
}

void SetWord(const Term& term, v1::Value* value) {
  if (term.text == "None") return value->set_null(v1::NULL_UNSPECIFIED);
  if (term.text == "True" || term.text == "False") return value->set_boolean(term.text == "True");
  throw BadNotation("\"" + term.text + "\" is no value");
}

void SetCall(const Term& term, v1::Value* value) {
  if (term.text == "set" && term.items.empty()) {
    value->mutable_set();
  } else if (term.text == "ref" && term.items.size() == 2) {
    value->mutable_ref()->set_name(term.items[0].text);
    value->mutable_ref()->set_type(term.items[1].text);
  } else if (term.text == "opaque" && term.items.size() >= 2) {
    value->mutable_opaque()->set_codec(term.items[0].text);
    value->mutable_opaque()->set_data(term.items[1].text);
    for (size_t i = 2; i < term.items.size(); ++i) {
      *value->mutable_opaque()->add_refs() = ToValue(term.items[i]).ref();
    }
  } else {
    throw BadNotation("\"" + term.text + "(...)\" is no value");
  }
}

void SetItems(const Term& term, v1::ValueList* list) {
  for (const Term& item : term.items) *list->add_items() = ToValue(item);
}

void SetEntries(const Term& term, v1::ValueMap* map) {
  for (size_t i = 0; i + 1 < term.items.size(); i += 2) {
    v1::Entry* entry = map->add_entries();
    *entry->mutable_key() = ToValue(term.items[i]);
    *entry->mutable_value() = ToValue(term.items[i + 1]);
  }
}

int EnumNumber(const Term& term, const FieldDescriptor& field) {
  const auto* type = field.enum_type();
  for (int i = 0; i < type->value_count(); ++i) {
    const std::string& name = type->value(i)->name();
    if (name == term.text || name.ends_with("_" + term.text)) return type->value(i)->number();
  }
  if (term.kind == Term::Kind::kNumber) return ToNumber<int>(term);
  throw BadNotation("\"" + term.text + "\" is no " + type->full_name());
}

const FieldDescriptor& FieldNamed(const std::string& name, const Message& message) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr) {
    throw BadNotation("no field \"" + name + "\" in " + message.GetDescriptor()->full_name());
  }
  return *field;
}

void FillMessage(const Term& term, Message* message) {
  if (auto* value = dynamic_cast<v1::Value*>(message)) {
    *value = ToValue(term);
  } else {
    Fill(term.fields, message);
  }
}

// Sets a singular field, or adds one item to a repeated one.
void FillOne(const Term& term, const FieldDescriptor& field, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  const bool many = field.is_repeated();
  const auto put = [&](auto set, auto add, auto item) {
    many ? (reflection.*add)(message, &field, item) : (reflection.*set)(message, &field, item);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return put(&Reflection::SetInt32, &Reflection::AddInt32, ToNumber<int32_t>(term));
    case FieldDescriptor::CPPTYPE_INT64:
      return put(&Reflection::SetInt64, &Reflection::AddInt64, ToNumber<int64_t>(term));
    case FieldDescriptor::CPPTYPE_UINT32:
      return put(&Reflection::SetUInt32, &Reflection::AddUInt32, ToNumber<uint32_t>(term));
    case FieldDescriptor::CPPTYPE_UINT64:
      return put(&Reflection::SetUInt64, &Reflection::AddUInt64, ToNumber<uint64_t>(term));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return put(&Reflection::SetDouble, &Reflection::AddDouble, std::stod(term.text));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return put(&Reflection::SetFloat, &Reflection::AddFloat, std::stof(term.text));
    case FieldDescriptor::CPPTYPE_BOOL:
      return put(&Reflection::SetBool, &Reflection::AddBool, ToValue(term).boolean());
    case FieldDescriptor::CPPTYPE_ENUM:
      return put(&Reflection::SetEnumValue, &Reflection::AddEnumValue, EnumNumber(term, field));
    case FieldDescriptor::CPPTYPE_STRING:
      return put(&Reflection::SetString, &Reflection::AddString, term.text);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return FillMessage(term, many ? reflection.AddMessage(message, &field)
                                    : reflection.MutableMessage(message, &field));
  }
}

std::string MismatchOfMessage(const Term& term, const Message& actual) {
  if (dynamic_cast<const v1::Value*>(&actual) == nullptr) return Mismatch(term.fields, actual);
  const std::string wanted = Show(ToValue(term));
  const std::string is = Show(actual);
  return wanted == is ? "" : is + " instead of " + wanted;
}

std::string MismatchOfField(const Term& term, const FieldDescriptor& field, const Message& actual) {
  const Reflection& reflection = *actual.GetReflection();
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (is_message && !field.is_repeated()) {
    if (!reflection.HasField(actual, &field)) return "absent";
    return MismatchOfMessage(term, reflection.GetMessage(actual, &field));
  }
  if (is_message) {
    const auto count = static_cast<size_t>(reflection.FieldSize(actual, &field));
    if (count != term.items.size()) return "has " + std::to_string(count) + " items";
    for (size_t i = 0; i < count; ++i) {
      const Message& item = reflection.GetRepeatedMessage(actual, &field, static_cast<int>(i));
      const std::string difference = MismatchOfMessage(term.items[i], item);
      if (!difference.empty()) return "item " + std::to_string(i) + ": " + difference;
    }
    return "";
  }
  // Scalars: compare as if only this field were in both.
  const std::unique_ptr<Message> wanted(actual.New());
  Fill({{field.name(), term}}, wanted.get());
  const std::unique_ptr<Message> is(actual.New());
  is->CopyFrom(actual);
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(actual, &set);
  for (const FieldDescriptor* other : set) {
    if (other != &field) reflection.ClearField(is.get(), other);
  }
  const std::string difference = Show(*is);
  return difference == Show(*wanted) ? "" : difference.empty() ? "default" : difference;
}

}  // namespace

bool Reader::AtEnd() {
  while (!rest_.empty() && std::isspace(static_cast<unsigned char>(rest_.front())) != 0) {
    rest_.remove_prefix(1);
  }
  return rest_.empty();
}

bool Reader::Sees(std::string_view token) { return !AtEnd() && rest_.starts_with(token); }

bool Reader::Take(std::string_view token) {
  if (!Sees(token)) return false;
  rest_.remove_prefix(token.size());
  return true;
}

std::string Reader::Word() {
  if (AtEnd()) throw BadNotation("a word is missing at the end");
  if (Sees("\"")) return Quoted();
  const size_t end = std::min(rest_.find_first_of(" \t\n"), rest_.size());
  std::string word(rest_.substr(0, end));
  rest_.remove_prefix(end);
  return word;
}

std::string Reader::Identifier() {
  AtEnd();
  size_t end = 0;
  while (end < rest_.size() && IsWordByte(rest_[end])) ++end;
  std::string word(rest_.substr(0, end));
  rest_.remove_prefix(end);
  return word;
}

std::string Reader::Quoted() {
  size_t end = 1;
  while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
  if (end >= rest_.size()) throw BadNotation("a \" is not closed");
  const std::string text =
      google::protobuf::UnescapeCEscapeString(std::string(rest_.substr(1, end - 1)));
  rest_.remove_prefix(end + 1);
  return text;
}

std::vector<Term> Reader::ItemsUntil(std::string_view close) {
  std::vector<Term> items;
  while (!Take(close)) {
    items.push_back(ReadTerm());
    if (!Take(",") && !Sees(close)) throw BadNotation("\"" + std::string(close) + "\" is missing");
  }
  return items;
}

Term Reader::Braces() {
  Term term{.kind = Term::Kind::kBraces, .pairs = true};
  Reader ahead = *this;
  if (!ahead.Identifier().empty() && ahead.Take("=")) {
    term.fields = ReadFields();
    if (!Take("}")) throw BadNotation("\"}\" is missing");
    return term;
  }
  while (!Take("}")) {
    term.items.push_back(ReadTerm());
    term.pairs = Take(":");
    if (term.pairs) term.items.push_back(ReadTerm());
    if (!Take(",") && !Sees("}")) throw BadNotation("\"}\" is missing");
  }
  return term;
}

Term Reader::ReadTerm() {
  if (Take("[")) return {.kind = Term::Kind::kList, .items = ItemsUntil("]")};
  if (Take("(")) return {.kind = Term::Kind::kTuple, .items = ItemsUntil(")")};
  if (Take("{")) return Braces();
  if (Sees("\"")) return {.kind = Term::Kind::kText, .text = Quoted()};
  if (Sees("b\"")) {
    Take("b");
    return {.kind = Term::Kind::kBytes, .text = Quoted()};
  }
  const bool negative = Take("-");
  std::string word = Identifier();
  const bool number = !word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0;
  if (number && rest_.starts_with(".")) {
    rest_.remove_prefix(1);
    word += "." + Identifier();
  }
  if (number && word.ends_with("e") && (rest_.starts_with("-") || rest_.starts_with("+"))) {
    word += rest_.front();
    rest_.remove_prefix(1);
    word += Identifier();
  }
  if (number || word == "inf" || word == "nan") {
    return {.kind = Term::Kind::kNumber, .text = (negative ? "-" : "") + word};
  }
  if (word.empty()) throw BadNotation("a term is missing before \"" + std::string(rest_) + "\"");
  if (rest_.starts_with("(")) {
    Take("(");
    return {.kind = Term::Kind::kCall, .text = word, .items = ItemsUntil(")")};
  }
  return {.kind = Term::Kind::kWord, .text = word};
}

Fields Reader::ReadFields() {
  Fields fields;
  while (true) {
    Reader ahead = *this;
    const std::string name = ahead.Identifier();
    if (name.empty() || !ahead.Take("=")) return fields;
    *this = ahead;
    fields.emplace_back(name, ReadTerm());
  }
}

v1::Value ToValue(const Term& term) {
  v1::Value value;
  switch (term.kind) {
    case Term::Kind::kWord:
      SetWord(term, &value);
      break;
    case Term::Kind::kNumber:
      SetNumber(term, &value);
      break;
    case Term::Kind::kText:
      value.set_text(term.text);
      break;
    case Term::Kind::kBytes:
      value.set_bytes(term.text);
      break;
    case Term::Kind::kList:
      SetItems(term, value.mutable_list());
      break;
    case Term::Kind::kTuple:
      SetItems(term, value.mutable_tuple());
      break;
    case Term::Kind::kBraces:
      if (term.pairs) {
        SetEntries(term, value.mutable_map());
      } else {
        SetItems(term, value.mutable_set());
      }
      break;
    case Term::Kind::kCall:
      SetCall(term, &value);
      break;
  }
  return value;
}

void Fill(const Fields& fields, Message* message) {
  for (const auto& [name, term] : fields) {
    const FieldDescriptor& field = FieldNamed(name, *message);
    if (!field.is_repeated()) {
      FillOne(term, field, message);
      continue;
    }
    if (term.kind != Term::Kind::kList) throw BadNotation("\"" + name + "\" needs a [list]");
    for (const Term& item : term.items) FillOne(item, field, message);
  }
}

std::string Mismatch(const Fields& expected, const Message& message) {
  for (const auto& [name, term] : expected) {
    const FieldDescriptor& field = FieldNamed(name, message);
    std::string difference;
    if (term.kind == Term::Kind::kWord && term.text == "absent") {
      if (message.GetReflection()->HasField(message, &field)) difference = "present";
    } else {
      difference = MismatchOfField(term, field, message);
    }
    if (!difference.empty()) return name + ": " + difference;
  }
  return "";
}

}  // namespace coheld::engine::testing
