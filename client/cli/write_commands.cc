// set, push, pop and del: changes to objects.
#include <memory>
#include <vector>

#include "client/cli/command.h"

namespace coheld::cli {
namespace {

// What the command line said.
struct Words {
  std::string name;
  std::vector<std::string> values;
  std::optional<std::string> place;
  std::string value;
  std::optional<std::string> second;
  std::string type;
  double timeout_seconds = 0;
};

WaitTime Wait(const Words& words) { return std::chrono::duration<double>(words.timeout_seconds); }

[[noreturn]] void Refuse(const std::string& verb, const std::string& type) {
  throw UsageError("cannot " + verb + " a " + type + " so");
}

int Set(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  const Value value = ParseLiteral(words.second.value_or(words.value));
  if (!words.second) {
    SharedValue<Value>(client, words.name).set(value);
    return kOk;
  }
  const std::string type = TypeOf(client, words.name, words.type.empty() ? "dict" : words.type);
  if (type == "list") {
    List<Value>(client, words.name).set(ParseIndex(words.value), value);
  } else if (type == "dict") {
    Dict<Value, Value>(client, words.name).set(ParseLiteral(words.value), value);
  } else if (type == "namespace") {
    Namespace(client, words.name).set(words.value, value);
  } else if (type == "array") {
    Direct(client).run(ops::array_set(words.name, ParseIndex(words.value), value, {}));
  } else {
    Refuse("set a place of", type);
  }
  return kOk;
}

int Push(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  std::vector<Value> values;
  for (const std::string& word : words.values) values.push_back(ParseLiteral(RevealArray(word)));
  const std::string type = TypeOf(client, words.name, words.type.empty() ? "list" : words.type);
  if (type == "list") {
    Print(globals, Value(List<Value>(client, words.name).extend(std::move(values)).length));
  } else if (type == "queue") {
    Print(globals,
          Value(Queue<Value>(client, words.name).put_many(std::move(values), Wait(words))));
  } else if (type == "set") {
    Print(globals, Value(coheld::Set<Value>(client, words.name).insert_many(values).length));
  } else {
    Refuse("push to", type);
  }
  return kOk;
}

Value PopFromDict(const Dict<Value, Value>& dict, const std::optional<std::string>& place) {
  if (place) {
    std::optional<Value> value = dict.pop(ParseLiteral(*place));
    if (!value) throw KeyNotFound(Reason::kKeyNotFound, "the dict has no key \"" + *place + "\"");
    return *value;
  }
  const auto item = dict.pop_item();
  if (!item) throw KeyNotFound(Reason::kKeyNotFound, "the dict is empty");
  return Tuple{{item->first, item->second}};
}

int Pop(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  const std::string type = Admin(client).describe(words.name).summary.type;
  std::optional<int64_t> index;
  if (type == "list") {
    if (words.place) index = ParseIndex(*words.place);
    Print(globals, List<Value>(client, words.name).pop(index));
  } else if (type == "dict") {
    Print(globals, PopFromDict(Dict<Value, Value>(client, words.name), words.place));
  } else if (type == "queue" && !words.place) {
    const Queue<Value> queue(client, words.name);
    Print(globals, queue.get(Wait(words)));
    queue.task_done();
  } else if (type == "set" && !words.place) {
    std::optional<Value> item = coheld::Set<Value>(client, words.name).pop();
    if (!item) throw KeyNotFound(Reason::kKeyNotFound, "the set is empty");
    Print(globals, *item);
  } else {
    Refuse("pop from", type);
  }
  return kOk;
}

int Del(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  if (!words.place) {
    if (Admin(client).erase(words.name)) return kOk;
    throw ObjectNotFound(Reason::kObjectNotFound, "there is no object \"" + words.name + "\"");
  }
  const std::string type = Admin(client).describe(words.name).summary.type;
  if (type == "list") {
    List<Value>(client, words.name).erase(ParseIndex(*words.place));
  } else if (type == "dict") {
    Dict<Value, Value>(client, words.name).erase(ParseLiteral(*words.place));
  } else if (type == "set") {
    coheld::Set<Value>(client, words.name).remove(ParseLiteral(*words.place));
  } else if (type == "namespace") {
    Namespace(client, words.name).erase(*words.place);
  } else {
    Refuse("delete a place of", type);
  }
  return kOk;
}

}  // namespace

void AddWriteCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = VerbAdder(globals, action, words);
  CLI::App* set =
      add(&app, "set",
          "Sets a value, or one place of a list, array, dict or namespace: set NAME [PLACE] VALUE",
          Set);
  set->add_option("value", words->value, "The value; or, before it, a list's index or a dict's key")
      ->required();
  set->add_option("VALUE", words->second, "The value, after a place");
  set->add_option("--type", words->type,
                  "What a missing object with places becomes: dict (default) or namespace")
      ->check(CLI::IsMember({"dict", "namespace"}));
  CLI::App* push =
      add(&app, "push", "Adds items to the end of a list, to a queue or a set; prints the length",
          Push);
  push->add_option("values", words->values, "The items")->required();
  push->add_option("--type", words->type,
                   "What a missing object becomes: list (default), queue or set")
      ->check(CLI::IsMember({"list", "queue", "set"}));
  push->add_option("--timeout", words->timeout_seconds,
                   "How long to wait for room in a queue, seconds");
  CLI::App* pop = add(
      &app, "pop",
      "Removes and prints a list's last item, a dict's last entry, a queue's next item, some item "
      "of a set",
      Pop);
  pop->add_option("place", words->place, "A list's index or a dict's key");
  pop->add_option("--timeout", words->timeout_seconds,
                  "How long to wait for an item of a queue, seconds");
  add(&app, "del", "Deletes an object, or one place of a list, dict, set or namespace", Del)
      ->add_option("place", words->place,
                   "A list's index, a dict's key, a set's item, a namespace's attribute");
}

}  // namespace coheld::cli
