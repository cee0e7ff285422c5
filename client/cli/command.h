// What all of coheldctl's commands share: the connection, the output, and how they are registered.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "client/cli/exit_code.h"
#include "client/cli/literal.h"
#include "coheld/coheld.h"

namespace coheld::cli {

using Json = nlohmann::ordered_json;

// The command line is wrong in a way that only the daemon's answer shows.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What is on disk is damaged.
class DamageFound : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What stands before the command.
struct Globals {
  std::string address = Client::default_address();
  double connect_seconds = 5;
  std::string key_file;  // Empty: no key.
  TlsOptions tls;        // For an address tls://host:port.
  bool json = false;

  // Throws ConnectFailed, Unauthenticated, UsageError for a key file that is none, InvalidArgument
  // for another file or an address that cannot be used.
  Client Connect() const;
};

// Prints a value: JSON with --json, else text as it stands and all else as Python does.
void Print(const Globals& globals, const Value& value);
// Prints JSON with --json, else the text.
void Print(const Globals& globals, const Json& json, const std::string& text);

// Prints what was created, or that it was there.
void PrintCreated(const Globals& globals, const Created& created);

// Says on standard error that a wait took too long. Returns the exit code.
int TimedOut(const std::string& name);

// Returns how long an option says to wait; for ever without it.
WaitTime WaitOf(const std::optional<double>& seconds);

// Returns the type of an object, or the word for a missing one.
std::string TypeOf(const Client& client, const std::string& name, const std::string& missing);

// Returns the list index that a word gives. Throws UsageError.
int64_t ParseIndex(const std::string& word);

// A command's work; returns the exit code.
using Action = std::function<int()>;

// Each adds its commands to the app; the chosen one's callback sets *action. `globals` and `action`
// must outlive the app.
void AddAdminCommands(CLI::App& app, const Globals& globals, Action* action);
void AddExplainCommands(CLI::App& app, const Globals& globals, Action* action);
void AddReadCommands(CLI::App& app, const Globals& globals, Action* action);
void AddWriteCommands(CLI::App& app, const Globals& globals, Action* action);
void AddLockCommands(CLI::App& app, const Globals& globals, Action* action);
void AddSignalCommands(CLI::App& app, const Globals& globals, Action* action);
void AddStructureCommands(CLI::App& app, const Globals& globals, Action* action);
void AddQueueCommands(CLI::App& app, const Globals& globals, Action* action);
void AddFollowCommands(CLI::App& app, const Globals& globals, Action* action);
void AddFolderCommands(CLI::App& app, const Globals& globals, Action* action);
void AddDumpCommand(CLI::App& app, Action* action);

// Adds a command that has commands of its own.
CLI::App* AddGroup(CLI::App& app, const std::string& name, const std::string& help);

// Returns what adds verbs for named objects to an app or a group: add(group, verb, help, work),
// where work(globals, words) is the action. The parser fills in `words`, whose `name` is the
// object's.
template <typename Words>
auto VerbAdder(const Globals& globals, Action* action, std::shared_ptr<Words> words) {
  return [&globals, action, words](CLI::App* group, const std::string& verb,
                                   const std::string& help, auto work) {
    CLI::App* command = group->add_subcommand(verb, help);
    command->add_option("name", words->name, "The object's name")->required();
    command->callback([&globals, action, words, work] {
      *action = [&globals, words, work] { return work(globals, *words); };
    });
    return command;
  };
}

}  // namespace coheld::cli
