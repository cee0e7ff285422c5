// See command.h.
#include "client/cli/command.h"

#include <iostream>

namespace coheld::cli {

namespace {

std::string KeyIn(const std::string& path) {
  try {
    return path.empty() ? "" : read_key_file(path);
  } catch (const InvalidArgument& error) {
    throw UsageError(error.what());
  }
}

}  // namespace

Client Globals::Connect() const {
  const auto timeout = std::chrono::milliseconds(static_cast<int64_t>(connect_seconds * 1000));
  return Client::connect(
      address, {.connect_timeout = timeout, .key = KeyIn(key_file), .program = "coheldctl"});
}

void Print(const Globals& globals, const Value& value) {
  Print(globals, ToJson(value), ToText(value));
}

void Print(const Globals& globals, const Json& json, const std::string& text) {
  if (globals.json) {
    std::cout << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  } else {
    std::cout << text << '\n';
  }
}

int64_t ParseIndex(const std::string& word) {
  const Value value = ParseLiteral(word);
  const auto* index = value.get_if<int64_t>();
  if (index == nullptr) throw UsageError("\"" + word + "\" is no index of a list; give an integer");
  return *index;
}

}  // namespace coheld::cli
