// get and len: what an object holds.
#include <memory>

#include "client/cli/command.h"

namespace coheld::cli {
namespace {

void RefusePlace(const std::optional<std::string>& place, const std::string& type) {
  if (place)
    throw UsageError("a " + type + " has no keys or indices; leave out \"" + *place + "\"");
}

Value GetFromList(const Client& client, const std::string& name,
                  const std::optional<std::string>& place) {
  const List<Value> list(client, name);
  if (place) return list.get(ParseIndex(*place));
  return ValueList{list.values()};
}

Value GetFromDict(const Client& client, const std::string& name,
                  const std::optional<std::string>& place) {
  const Dict<Value, Value> dict(client, name);
  if (place) return dict.at(ParseLiteral(*place));
  Map map;
  for (auto& [key, value] : dict.items()) map.entries.push_back({key, value});
  return map;
}

Value PeekAtQueue(const Client& client, const std::string& name) {
  std::optional<Value> next = Queue<Value>(client, name).peek();
  if (!next) throw QueueEmpty(Reason::kQueueEmpty, "the queue \"" + name + "\" is empty");
  return *next;
}

int Get(const Globals& globals, const std::string& name, const std::optional<std::string>& place) {
  const Client client = globals.Connect();
  const std::string type = Admin(client).describe(name).summary.type;
  if (type == "list") {
    Print(globals, GetFromList(client, name, place));
  } else if (type == "dict") {
    Print(globals, GetFromDict(client, name, place));
  } else {
    RefusePlace(place, type);
    if (type == "queue") {
      Print(globals, PeekAtQueue(client, name));
    } else if (type == "value") {
      Print(globals, SharedValue<Value>(client, name).get());
    } else {
      Print(globals, Value(Lock(client, name).inspect().locked));
    }
  }
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
  CLI::App* get = app.add_subcommand("get",
                                     "Prints what an object holds: a value, a list or dict or one "
                                     "place of it, a queue's next item (it "
                                     "stays), whether a lock is held");
  get->add_option("name", words->name, "The object's name")->required();
  get->add_option("place", words->place, "A list's index or a dict's key");
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
