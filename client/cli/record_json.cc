// See record_json.h.
#include "client/cli/record_json.h"

#include <array>
#include <ctime>
#include <memory>

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "coheld/v1/session.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/input_log.h"

namespace coheld::cli {
namespace {

using engine::Input;

std::string_view KindText(Input::Kind kind) {
  switch (kind) {
    case Input::Kind::kOp:
      return "op";
    case Input::Kind::kCancel:
      return "cancel";
    case Input::Kind::kAbandon:
      return "abandon";
    case Input::Kind::kAdvance:
      return "advance";
    case Input::Kind::kRearm:
      return "rearm";
    case Input::Kind::kOpenSession:
      return "open_session";
    case Input::Kind::kEndSession:
      return "end_session";
    case Input::Kind::kBegin:
      return "begin";
    case Input::Kind::kResume:
      return "resume";
    case Input::Kind::kAcknowledge:
      return "acknowledge";
  }
  return "";
}

// Returns a message as JSON, with the proto's names.
Json MessageJson(const google::protobuf::Descriptor* type, std::string_view payload) {
  auto* const factory = google::protobuf::MessageFactory::generated_factory();
  const std::unique_ptr<google::protobuf::Message> message(factory->GetPrototype(type)->New());
  if (!message->ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return "no valid " + type->full_name();
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(*message, &text, options).ok()) {
    return "a " + type->full_name() + " that cannot be printed";
  }
  return Json::parse(text);
}

void AddOp(const Input& input, Json* json) {
  const wire::MethodRow* const method = wire::FindMethod(input.code);
  if (method == nullptr) {
    (*json)["method"] = input.code;
    return;
  }
  (*json)["method"] = method->name;
  Json request = MessageJson(method->descriptor->input_type(), input.payload);
  if (request.is_object() && request.contains("name")) (*json)["object"] = request["name"];
  (*json)["request"] = std::move(request);
}

// Adds what only some records have.
void AddStamp(const engine::Stamp& stamp, Json* json) {
  const auto add = [json](const char* name, uint64_t number) {
    if (number != 0) (*json)[name] = number;
  };
  add("call", static_cast<uint64_t>(stamp.call));
  add("session", static_cast<uint64_t>(stamp.owner.session));
  add("thread", stamp.owner.thread);
  add("lane", stamp.lane);
  add("seq", stamp.seq);
  add("acked", stamp.acked);
  add("token", stamp.token);
  if (!stamp.site.empty()) (*json)["site"] = stamp.site;
}

}  // namespace

std::string TimeText(engine::TimeMs time) {
  const auto ms = static_cast<int64_t>(time);
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms % 1000));
  return std::string(text.data(), size) + fraction.data();
}

Json RecordJson(uint64_t index, std::string_view record) {
  Input input;
  if (!engine::DecodeInput(record, &input)) {
    throw std::runtime_error("record " + std::to_string(index) +
                             " is none that this program knows; use the coheld that wrote it, or a "
                             "newer one");
  }
  Json json = {
      {"index", index}, {"time", TimeText(input.stamp.now)}, {"kind", KindText(input.kind)}};
  AddStamp(input.stamp, &json);
  switch (input.kind) {
    case Input::Kind::kOp:
      AddOp(input, &json);
      break;
    case Input::Kind::kCancel:
      json["reason"] = v1::ErrorReason_Name(static_cast<v1::ErrorReason>(input.code));
      json["message"] = input.payload;
      break;
    case Input::Kind::kOpenSession:
      json["ttl_ms"] = input.ms;
      json["label"] = MessageJson(v1::SessionLabel::descriptor(), input.payload);
      break;
    case Input::Kind::kRearm:
      json["stalled_ms"] = input.ms;
      break;
    case Input::Kind::kBegin:
      json["first_anonymous"] = input.ms;
      break;
    case Input::Kind::kAbandon:
    case Input::Kind::kAdvance:
    case Input::Kind::kEndSession:
    case Input::Kind::kResume:
    case Input::Kind::kAcknowledge:
      break;
  }
  return json;
}

}  // namespace coheld::cli
