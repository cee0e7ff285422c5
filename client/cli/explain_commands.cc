// locks, waits, explain: who holds what, who waits for whom, and why.
#include <memory>
#include <sstream>
#include <string>

#include "client/cli/command.h"
#include "client/cli/owners.h"

namespace coheld::cli {
namespace {

using cli::ToJson;
using cli::ToText;

Json ToJson(const Wait& wait) {
  Json json = {{"waiter", ToJson(wait.waiter)},
               {"object", wait.object},
               {"type", wait.type},
               {"holder", nullptr},
               {"deadlocked", wait.deadlocked}};
  if (wait.holder) json["holder"] = ToJson(*wait.holder);
  return json;
}

std::string ToText(const Wait& wait) {
  std::string text = ToText(wait.waiter) + "\n    for the " + wait.type + " " + wait.object;
  if (wait.holder) text += ", held by " + ToText(*wait.holder);
  return text;
}

template <typename T>
Json ToJson(const std::vector<T>& all) {
  Json json = Json::array();
  for (const T& one : all) json.push_back(ToJson(one));
  return json;
}

int Locks(const Globals& globals, const std::string& prefix) {
  Json json = Json::array();
  std::ostringstream text;
  for (const HeldObject& object : Admin(globals.Connect()).locks(prefix)) {
    json.push_back({{"name", object.summary.name},
                    {"type", object.summary.type},
                    {"waiters", object.summary.waiters},
                    {"holder_count", object.holder_count},
                    {"holders", ToJson(object.holders)}});
    text << (text.tellp() > 0 ? "\n" : "") << object.summary.type << "  " << object.summary.name;
    if (object.summary.waiters > 0) text << "  (" << object.summary.waiters << " waiting)";
    for (const Holder& holder : object.holders) text << "\n    " << ToText(holder);
    const uint64_t more = object.holder_count - object.holders.size();
    if (more > 0) text << "\n    and " << more << " more";
  }
  if (globals.json || text.tellp() > 0) Print(globals, json, text.str());
  return kOk;
}

int Waits(const Globals& globals) {
  Json json = Json::array();
  std::ostringstream text;
  for (const Wait& wait : Admin(globals.Connect()).waits()) {
    json.push_back(ToJson(wait));
    text << (text.tellp() > 0 ? "\n" : "") << ToText(wait);
    if (wait.deadlocked) text << "\n    DEADLOCK: that waits for this";
  }
  if (globals.json || text.tellp() > 0) Print(globals, json, text.str());
  return kOk;
}

std::string ToText(const Explanation& object) {
  std::ostringstream text;
  text << object.summary.type << " " << object.summary.name;
  if (!object.guard.empty()) {
    text << "\n  guarded by " << object.guard;
    if (object.guard_holder) text << ", held by " << ToText(*object.guard_holder);
  }
  if (object.holders.empty()) text << "\n  nobody holds it";
  for (const Holder& holder : object.holders) text << "\n  held by  " << ToText(holder);
  for (const Waiter& waiter : object.waiters) text << "\n  waiting  " << ToText(waiter);
  if (object.chain.empty()) return text.str();
  text << (object.deadlocked ? "\nDEADLOCK: these wait for each other"
                             : "\nWho holds it waits itself");
  for (const Wait& wait : object.chain) text << "\n  " << ToText(wait);
  return text.str();
}

int Explain(const Globals& globals, const std::string& name) {
  const Explanation object = Admin(globals.Connect()).explain(name);
  Json json = {{"name", object.summary.name},
               {"type", object.summary.type},
               {"holders", ToJson(object.holders)},
               {"waiting", ToJson(object.waiters)},
               {"chain", ToJson(object.chain)},
               {"deadlocked", object.deadlocked},
               {"guard", object.guard},
               {"guard_holder", nullptr}};
  if (object.guard_holder) json["guard_holder"] = ToJson(*object.guard_holder);
  Print(globals, json, ToText(object));
  return kOk;
}

}  // namespace

void AddExplainCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto name = std::make_shared<std::string>();  // Between the parser and the action.
  CLI::App* locks = app.add_subcommand(
      "locks", "Lists what is held, by whom, for how long and since which line of its program");
  locks->add_option("prefix", *name, "What the names begin with");
  locks->callback(
      [&globals, action, name] { *action = [&globals, name] { return Locks(globals, *name); }; });
  CLI::App* waits = app.add_subcommand(
      "waits", "Lists the calls that wait: who, where in its program, for what and for whom");
  waits->callback([&globals, action] { *action = [&globals] { return Waits(globals); }; });
  CLI::App* explain = app.add_subcommand(
      "explain",
      "Tells why those who wait on an object wait: who holds it, and what the holder itself waits\n"
      "for, and so on; and whether that is a deadlock");
  explain->add_option("name", *name, "The object's name")->required();
  explain->footer(
      "Example:\n"
      "  $ coheldctl explain B\n"
      "  lock B\n"
      "    held by  worker.py (pid 17, ann@h1), session 3, thread 0, token 5, for 9.1 s, since "
      "worker.py:21 run\n"
      "    waiting  report.py (pid 20, ann@h2), session 4, thread 0, in Lock.Acquire for 7.0 s, at "
      "report.py:8 main\n"
      "  Who holds it waits itself\n"
      "    worker.py (pid 17, ann@h1), session 3, thread 0, in Lock.Acquire for 8.9 s, at "
      "worker.py:22 run\n"
      "      for the lock A, held by backup.py (pid 9, bob@h1), session 2, thread 0, token 4, for "
      "60.3 s");
  explain->callback(
      [&globals, action, name] { *action = [&globals, name] { return Explain(globals, *name); }; });
}

}  // namespace coheld::cli
