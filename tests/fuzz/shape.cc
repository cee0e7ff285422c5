// See shape.h.
#include "tests/fuzz/shape.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/registry.h"

namespace coheld::fuzz {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

constexpr int kDepthMax = 5;

// What the names of a service's objects begin with.
struct Letters {
  const char* service;
  const char* letters;
};

// Of two services of which one begins as the other, the longer comes first. Those whose objects
// work together have a tag in common.
constexpr Letters kLetters[] = {
    {"Array", "Ar"},           //
    {"Barrier", "Ba"},         //
    {"Condition", "{t}Cn"},    //
    {"CountDownLatch", "Cd"},  //
    {"Counter", "{t}Co"},      //
    {"Dict", "{t}Di"},         //
    {"Event", "Ev"},           //
    {"Hosted", "Hd"},          //
    {"Host", "Ho"},            //
    {"List", "{t}Li"},         //
    {"Lock", "{t}Lo"},         //
    {"Namespace", "Na"},       //
    {"Queue", "{t}Qu"},        //
    {"RLock", "{t}Rl"},        //
    {"ReadWriteLock", "Rw"},   //
    {"Semaphore", "Se"},       //
    {"Set", "St"},             //
    {"SharedValue", "Sh"},     //
    {"SortedSet", "So"},       //
    {"Topic", "To"},           //
};

// A few names for each object type.
std::string Name(ByteSource& bytes, const Descriptor& type) {
  const size_t choice = bytes.Below(16);
  if (choice == 15) return "";
  if (choice == 14) return "~" + std::to_string(1 + bytes.Below(8));
  if (choice == 13) return "Name of no object";
  const auto* own = std::find_if(std::begin(kLetters), std::end(kLetters), [&](const auto& row) {
    return type.name().starts_with(row.service);
  });
  if (own == std::end(kLetters) || choice >= 12) own = &kLetters[bytes.Below(std::size(kLetters))];
  return own->letters + std::to_string(choice % 2);
}

// The name of another object that an op works on.
std::string OtherName(ByteSource& bytes) {
  const size_t choice = bytes.Below(16);
  if (choice >= 12) return "~" + std::to_string(1 + bytes.Below(8));
  return kLetters[bytes.Below(std::size(kLetters))].letters + std::to_string(choice % 2);
}

uint64_t Number(ByteSource& bytes) {
  const uint8_t choice = bytes.Byte();
  if (choice < 128) return choice % 8;
  if (choice < 160) return bytes.Short();
  if (choice < 192) return bytes.Long();
  static constexpr uint64_t kEdges[] = {uint64_t(-1),
                                        uint64_t(-2),
                                        uint64_t(-3),
                                        127,
                                        128,
                                        255,
                                        256,
                                        32767,
                                        32768,
                                        65536,
                                        INT32_MAX,
                                        uint64_t{INT32_MAX} + 1,
                                        UINT32_MAX,
                                        uint64_t{UINT32_MAX} + 1,
                                        uint64_t{1} << 53,
                                        (uint64_t{1} << 53) + 1,
                                        INT64_MAX,
                                        uint64_t(INT64_MAX) + 1,
                                        uint64_t(INT64_MIN) + 1,
                                        UINT64_MAX - 1};
  return kEdges[choice % std::size(kEdges)];
}

double Real(ByteSource& bytes) {
  using Limits = std::numeric_limits<double>;
  static constexpr double kEdges[] = {0,
                                      -0.0,
                                      1,
                                      -1,
                                      0.5,
                                      1.5,
                                      9007199254740992.0,
                                      9223372036854775808.0,
                                      -9223372036854775808.0,
                                      18446744073709551616.0,
                                      1e300,
                                      Limits::min(),
                                      Limits::denorm_min(),
                                      Limits::max(),
                                      Limits::infinity(),
                                      -Limits::infinity(),
                                      Limits::quiet_NaN()};
  const uint8_t choice = bytes.Byte();
  if (choice < 200) return kEdges[choice % std::size(kEdges)];
  const uint64_t bits = bytes.Long();
  double real = 0;
  std::memcpy(&real, &bits, sizeof real);
  return real;
}

// ASCII: what is not UTF-8 does not get past the parser, which raw payloads try.
std::string Text(ByteSource& bytes) {
  std::string text(bytes.Bytes(bytes.Below(8)));
  for (char& c : text) c = static_cast<char>(c & 0x7f);
  return text;
}

std::string Digits(ByteSource& bytes) {
  static constexpr const char* kEdges[] = {"9223372036854775808",
                                           "-9223372036854775809",
                                           "18446744073709551616",
                                           "0",
                                           "-0",
                                           "12",
                                           "",
                                           "-",
                                           "1x"};
  const size_t choice = bytes.Below(16);
  if (choice < std::size(kEdges)) return kEdges[choice];
  return (choice % 2 ? "-" : "") + std::string(1 + bytes.Short() % 5000, '7');
}

std::string TextOf(ByteSource& bytes, const FieldDescriptor& field) {
  const std::string& name = field.name();
  static constexpr const char* kOthers[] = {"dead_letter", "host", "lock", "others"};
  const bool is_other = std::any_of(std::begin(kOthers), std::end(kOthers),
                                    [&](const char* word) { return name == word; });
  if (is_other) return OtherName(bytes);
  static constexpr const char* kNames[] = {"after", "name", "names", "prefix", "target"};
  const bool is_name = std::any_of(std::begin(kNames), std::end(kNames),
                                   [&](const char* word) { return name == word; });
  if (is_name) return Name(bytes, *field.containing_type());
  if (name == "big_integer") return Digits(bytes);
  if (name == "typecode") {
    static constexpr char kCodes[] = "cubBhHiIlLqQfd?x";
    const size_t choice = bytes.Below(sizeof kCodes);
    return choice == sizeof kCodes - 1 ? "" : std::string(1, kCodes[choice]);
  }
  return Text(bytes);
}

// The ops that may be done together.
const std::vector<const wire::MethodRow*>& JointMethods() {
  static const std::vector<const wire::MethodRow*> rows = [] {
    std::vector<const wire::MethodRow*> found;
    for (const wire::MethodRow& row : wire::Methods()) {
      const engine::OpRow* op = engine::FindOp(row.number);
      if (op != nullptr && op->joint) found.push_back(&row);
    }
    return found;
  }();
  return rows;
}

class Shaper {
 public:
  explicit Shaper(ByteSource& bytes) : bytes_(bytes) {}

  void Fill(Message* message, int depth) {
    const Descriptor& type = *message->GetDescriptor();
    if (&type == v1::QueueWrite::descriptor()) {
      return FillWrite(static_cast<v1::QueueWrite*>(message), depth);
    }
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (field.real_containing_oneof() != nullptr) continue;
      FillField(message, field, depth);
    }
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
      const OneofDescriptor& oneof = *type.oneof_decl(i);
      const size_t choice = bytes_.Below(static_cast<size_t>(oneof.field_count()) + 1);
      if (choice < static_cast<size_t>(oneof.field_count())) {
        Set(message, *oneof.field(static_cast<int>(choice)), depth);
      }
    }
  }

 private:
  void FillWrite(v1::QueueWrite* write, int depth) {
    const wire::MethodRow& method = *JointMethods()[bytes_.Below(JointMethods().size())];
    const std::unique_ptr<Message> request(google::protobuf::MessageFactory::generated_factory()
                                               ->GetPrototype(method.descriptor->input_type())
                                               ->New());
    Fill(request.get(), depth + 1);
    write->set_method(method.number);
    write->set_payload(request->SerializeAsString());
  }

  void FillField(Message* message, const FieldDescriptor& field, int depth) {
    if (field.is_repeated()) {
      for (size_t count = bytes_.Below(5); count > 0 && depth < kDepthMax; --count) {
        Add(message, field, depth);
      }
      return;
    }
    const bool is_name = field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    // What is optional is left out more often than not; the rest is mostly there.
    const size_t absent = field.has_optional_keyword() ? 5 : is_name ? 0 : 1;
    if (bytes_.Below(8) >= absent) Set(message, field, depth);
  }

  void Add(Message* message, const FieldDescriptor& field, int depth) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.AddInt32(message, &field, static_cast<int32_t>(Number(bytes_)));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.AddInt64(message, &field, static_cast<int64_t>(Number(bytes_)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.AddUInt32(message, &field, static_cast<uint32_t>(Number(bytes_)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.AddUInt64(message, &field, Number(bytes_));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.AddDouble(message, &field, Real(bytes_));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.AddFloat(message, &field, static_cast<float>(Real(bytes_)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.AddBool(message, &field, bytes_.Below(2) == 1);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.AddEnumValue(message, &field, static_cast<int>(bytes_.Below(13)));
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(message, &field, StringOf(field));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(reflection.AddMessage(message, &field), depth + 1);
    }
  }

  std::string StringOf(const FieldDescriptor& field) {
    if (field.type() != FieldDescriptor::TYPE_BYTES) return TextOf(bytes_, field);
    return std::string(bytes_.Bytes(bytes_.Below(8)));
  }

  void Set(Message* message, const FieldDescriptor& field, int depth) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(message, &field, static_cast<int32_t>(Number(bytes_)));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(message, &field, static_cast<int64_t>(Number(bytes_)));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(message, &field, static_cast<uint32_t>(Number(bytes_)));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(message, &field, Number(bytes_));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(message, &field, Real(bytes_));
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.SetFloat(message, &field, static_cast<float>(Real(bytes_)));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(message, &field, bytes_.Below(2) == 1);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(message, &field, static_cast<int>(bytes_.Below(13)));
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(message, &field, StringOf(field));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth < kDepthMax) Fill(reflection.MutableMessage(message, &field), depth + 1);
        return;
    }
  }

  ByteSource& bytes_;
};

}  // namespace

void Shape(ByteSource& bytes, Message* message) { Shaper(bytes).Fill(message, 0); }

}  // namespace coheld::fuzz
