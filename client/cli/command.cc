// See command.h.
#include "client/cli/command.h"

#include <iostream>

#include "client/cli/interrupt.h"

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
  NoteInterrupts();
  return Client::connect(address, {.connect_timeout = timeout,
                                   .key = KeyIn(key_file),
                                   .tls = tls,
                                   .program = "coheldctl",
                                   .on_interrupt = cli::Interrupted});
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

void PrintCreated(const Globals& globals, const Created& created) {
  Print(globals, {{"name", created.name}, {"created", created.created}},
        created.name + (created.created ? " was made" : " was there"));
}

int TimedOut(const std::string& name) {
  std::cerr << "coheldctl: the time is over, waiting for " << name << '\n';
  return kNotFound;
}

WaitTime WaitOf(const std::optional<double>& seconds) {
  return seconds ? WaitTime(std::chrono::duration<double>(*seconds)) : WaitTime();
}

std::string TypeOf(const Client& client, const std::string& name, const std::string& missing) {
  try {
    return Admin(client).describe(name).summary.type;
  } catch (const ObjectNotFound&) {
    return missing;
  }
}

CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App* group = app.add_subcommand(name, help);
  group->require_subcommand(1);
  group->fallthrough();
  return group;
}

int64_t ParseIndex(const std::string& word) {
  const Value value = ParseLiteral(word);
  const auto* index = value.get_if<int64_t>();
  if (index == nullptr) throw UsageError("\"" + word + "\" is no index of a list; give an integer");
  return *index;
}

}  // namespace coheld::cli
