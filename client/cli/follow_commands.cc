// watch, topic, ttl, lifetime and call: follows what happens, until Ctrl-C, and what concerns any
// object.
#include <iostream>
#include <memory>
#include <vector>

#include "client/cli/command.h"

namespace coheld::cli {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

// What the command line said.
struct Words {
  std::string name;
  std::vector<std::string> values;
  std::optional<uint64_t> from;
  std::optional<double> timeout_seconds;
  std::string seconds;
  std::string method;
  std::string target;
  uint64_t count = 0;
  uint32_t buffer = 0;
};

// Prints one line at once, for programs that read along.
void PrintLine(const Globals& globals, const Json& json, const std::string& text) {
  if (globals.json) {
    std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  } else {
    std::cout << text << std::endl;
  }
}

// Calls `next`, which returns false when the time is over, so many times; 0 for ever.
template <typename Next>
int Follow(const Words& words, const Next& next) {
  for (uint64_t seen = 0; words.count == 0 || seen < words.count; ++seen) {
    if (!next()) return TimedOut(words.name);
  }
  return kOk;
}

int WatchObject(const Globals& globals, const Words& words) {
  Watch changes(globals.Connect(), words.name, words.from);
  return Follow(words, [&] {
    const std::optional<Change> change = changes.next(WaitOf(words.timeout_seconds));
    if (!change) return false;
    const Value request = change->request();
    PrintLine(globals,
              {{"version", change->version},
               {"method", change->method},
               {"request", ToJson(request)},
               {"session", change->session}},
              std::to_string(change->version) + "  " +
                  (change->method_number == 0 ? "(a session ended, or a waiter left)"
                                              : change->method + " " + to_string(request)));
    return true;
  });
}

int Publish(const Globals& globals, const Words& words) {
  std::vector<Value> values;
  for (const std::string& word : words.values) values.push_back(ParseLiteral(RevealArray(word)));
  Print(globals,
        Value(Topic<Value>(globals.Connect(), words.name).publish_many(std::move(values))));
  return kOk;
}

int Subscribe(const Globals& globals, const Words& words) {
  const Topic<Value> topic(globals.Connect(), words.name);
  Subscription<Value> subscription = topic.subscribe({.buffer_max = words.buffer});
  uint64_t lost = 0;
  return Follow(words, [&] {
    const std::optional<Value> value = subscription.receive(WaitOf(words.timeout_seconds));
    if (subscription.lost() > lost) {
      lost = subscription.lost();
      std::cerr << "coheldctl: too slow: " << lost << " values were lost\n";
    }
    if (!value) return false;
    PrintLine(globals, ToJson(*value), ToText(*value));
    return true;
  });
}

int Ttl(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  if (words.seconds.empty()) {
    const std::optional<milliseconds> ttl = lifetime(client, words.name).ttl;
    if (!ttl) {
      Print(globals, nullptr, "never");
    } else {
      Print(globals, Value(duration<double>(*ttl).count()));
    }
    return kOk;
  }
  std::optional<milliseconds> ttl;
  if (words.seconds != "never") {
    const Value seconds = ParseLiteral(words.seconds);
    if (seconds.get_if<std::string>() != nullptr) {
      throw UsageError("\"" + words.seconds + "\" is no number of seconds; give one, or never");
    }
    ttl = duration_cast<milliseconds>(duration<double>(Codec<double>::decode(seconds)));
  }
  set_ttl(client, words.name, ttl);
  return kOk;
}

int PrintLifetime(const Globals& globals, const Words& words) {
  const Lifetime life = lifetime(globals.Connect(), words.name);
  Json json = {{"type", life.type}, {"anonymous", life.anonymous}};
  std::string text = words.name + ", a " + life.type;
  if (life.anonymous) {
    json["handles"] = life.handles;
    json["references"] = life.references;
    json["grace_ms"] = life.grace.count();
    text += ", is kept by " + std::to_string(life.handles) + " handles, " +
            std::to_string(life.references) + " references, and " +
            std::to_string(life.grace.count()) + " ms of grace";
  } else if (life.ttl) {
    json["ttl_ms"] = life.ttl->count();
    text += ", is deleted in " + std::to_string(life.ttl->count()) + " ms";
  } else {
    text += ", lives until it is deleted";
  }
  Print(globals, json, text);
  return kOk;
}

int Call(const Globals& globals, const Words& words) {
  Tuple arguments;
  for (const std::string& word : words.values) {
    arguments.items.push_back(ParseLiteral(RevealArray(word)));
  }
  Print(globals, Host(globals.Connect(), words.name)
                     .call_values(words.target, words.method, std::move(arguments), {},
                                  WaitOf(words.timeout_seconds)));
  return kOk;
}

}  // namespace

void AddFollowCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = VerbAdder(globals, action, words);
  const auto add_follow = [&](CLI::App* command) {
    command->add_option("--count", words->count, "How many to print (default: until Ctrl-C)");
    command->add_option("--timeout", words->timeout_seconds,
                        "How long to wait for each, seconds (default: for ever)");
    return command;
  };
  add_follow(add(&app, "watch", "Prints the changes of an object, a line each, as they happen",
                 WatchObject))
      ->add_option("--from", words->from, "Begins after this version (default: from now on)");

  CLI::App* topic = AddGroup(app, "topic", "Publishes values, and prints what is published");
  add(topic, "publish", "Gives values to all who are subscribed; prints how many", Publish)
      ->add_option("values", words->values, "The values")
      ->required();
  add_follow(
      add(topic, "subscribe", "Prints what is published from now on, a line each", Subscribe))
      ->add_option("--buffer", words->buffer, "How many values may wait (default 1,024)");

  add(&app, "ttl",
      "Sets in how many seconds a named object is deleted, or prints it: ttl NAME [SECONDS]", Ttl)
      ->add_option("seconds", words->seconds, "A number, or \"never\"");
  add(&app, "lifetime", "Tells what keeps an object", PrintLifetime);

  CLI::App* call =
      add(&app, "call",
          "Calls a method of a program that serves a host: call HOST METHOD [ARGUMENT...]", Call);
  call->add_option("method", words->method, "What to call")->required();
  call->add_option("arguments", words->values, "The arguments");
  call->add_option("--target", words->target,
                   "Which object in the host (default: the host itself)");
  call->add_option("--timeout", words->timeout_seconds,
                   "How long to wait for the answer, seconds (default: for ever)");
}

}  // namespace coheld::cli
