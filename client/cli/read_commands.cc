// get and len: what an object holds.
#include <memory>

#include "client/cli/command.h"
#include "client/cli/state.h"

namespace coheld::cli {
namespace {

int Get(const Globals& globals, const std::string& name, const std::optional<std::string>& place) {
  const Client client = globals.Connect();
  Print(globals, StateOf(client, Admin(client).describe(name).summary.type, name, place));
  return kOk;
}

int Len(const Globals& globals, const std::string& name) {
  Print(globals, Value(Admin(globals.Connect()).describe(name).summary.size));
  return kOk;
}

}  // namespace

void AddReadCommands(CLI::App& app, const Globals& globals, Action* action) {
  struct Words {
    std::string name;
    std::optional<std::string> place;
  };
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  CLI::App* get = app.add_subcommand(
      "get",
      "Prints what an object holds: a value, a collection or one place of it, a queue's next item "
      "(it "
      "stays), whether a lock is held, how many permits are free, and so on for every type");
  get->add_option("name", words->name, "The object's name")->required();
  get->add_option("place", words->place,
                  "A list's or array's index, a dict's key, a namespace's attribute, a set's item "
                  "(is it there?), a sorted set's member (its score)");
  get->callback([&globals, action, words] {
    *action = [&globals, words] { return Get(globals, words->name, words->place); };
  });
  CLI::App* len = app.add_subcommand("len", "Prints how many items or entries an object has");
  len->add_option("name", words->name, "The object's name")->required();
  len->callback([&globals, action, words] {
    *action = [&globals, words] { return Len(globals, words->name); };
  });
}

}  // namespace coheld::cli
