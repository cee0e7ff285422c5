// ping, status, ls, type, describe, sessions: what the daemon and its objects are.
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>

#include "client/cli/command.h"
#include "client/cli/owners.h"

namespace coheld::cli {
namespace {

using cli::ToJson;
using cli::ToText;
using std::chrono::duration;

Json ToJson(const ObjectSummary& object) {
  return {{"name", object.name},
          {"type", object.type},
          {"size", object.size},
          {"version", object.version},
          {"waiters", object.waiters}};
}

std::string Line(const ObjectSummary& object) {
  std::ostringstream out;
  out << std::left << std::setw(10) << object.type << std::right << std::setw(9) << object.size
      << "  " << object.name;
  if (object.waiters > 0) out << "  (" << object.waiters << " waiting)";
  return out.str();
}

int Ping(const Globals& globals) {
  const Client client = globals.Connect();
  const auto micros = duration<double, std::micro>(Admin(client).ping()).count();
  std::ostringstream text;
  text << "pong from " << client.address() << " in " << std::fixed << std::setprecision(0) << micros
       << " us";
  Print(globals, {{"address", client.address()}, {"microseconds", micros}}, text.str());
  return kOk;
}

std::string Mebibytes(uint64_t bytes) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << static_cast<double>(bytes) / (1 << 20) << " MiB";
  return text.str();
}

std::string Line(const MemoryUse& memory) {
  std::string line = Mebibytes(memory.used_bytes);
  if (memory.max_bytes == 0) return line + ", no limit";
  line += " of " + Mebibytes(memory.max_bytes) + ", nothing is added from " +
          Mebibytes(memory.growth_max_bytes) + " on";
  if (memory.refused > 0) line += ", " + std::to_string(memory.refused) + " ops refused";
  return line;
}

Json ToJson(const MemoryUse& memory) {
  return {{"used_bytes", memory.used_bytes},
          {"growth_max_bytes", memory.growth_max_bytes},
          {"max_bytes", memory.max_bytes},
          {"refused", memory.refused}};
}

int Status(const Globals& globals) {
  const DaemonStatus status = Admin(globals.Connect()).status();
  std::ostringstream text;
  text << "version      " << status.version << "\npid          " << status.pid << "\nuptime       "
       << Seconds(status.uptime) << "\ndurability   " << status.durability << "\nobjects      "
       << status.objects << "\nsessions     " << status.sessions << "\nconnections  "
       << status.connections << "\nparked ops   " << status.parked << "\nops applied  "
       << status.ops << "\nmemory       " << Line(status.memory);
  if (status.disk_full) text << "\ndisk         full: nothing is added";
  Print(globals,
        {{"version", status.version},
         {"pid", status.pid},
         {"uptime_ms", status.uptime.count()},
         {"durability", status.durability},
         {"objects", status.objects},
         {"sessions", status.sessions},
         {"connections", status.connections},
         {"parked", status.parked},
         {"ops", status.ops},
         {"memory", ToJson(status.memory)},
         {"disk_full", status.disk_full}},
        text.str());
  return kOk;
}

int Ls(const Globals& globals, const ObjectFilter& filter) {
  Json json = Json::array();
  std::string text;
  for (const ObjectSummary& object : Admin(globals.Connect()).objects(filter)) {
    json.push_back(ToJson(object));
    text += (text.empty() ? "" : "\n") + Line(object);
  }
  if (globals.json || !text.empty()) Print(globals, json, text);
  return kOk;
}

int Type(const Globals& globals, const std::string& name) {
  const std::string type = Admin(globals.Connect()).describe(name).summary.type;
  Print(globals, type, type);
  return kOk;
}

int Describe(const Globals& globals, const std::string& name) {
  const ObjectDescription object = Admin(globals.Connect()).describe(name);
  Json json = ToJson(object.summary);
  json["holders"] = Json::array();
  json["waiting"] = Json::array();
  std::ostringstream text;
  text << object.summary.name << "\n  type     " << object.summary.type << "\n  size     "
       << object.summary.size << "\n  version  " << object.summary.version;
  for (const Holder& holder : object.holders) {
    text << "\n  held by  " << ToText(holder);
    json["holders"].push_back(ToJson(holder));
  }
  for (const Waiter& waiter : object.waiters) {
    text << "\n  waiting  " << ToText(waiter);
    json["waiting"].push_back(ToJson(waiter));
  }
  Print(globals, json, text.str());
  return kOk;
}

int Sessions(const Globals& globals) {
  Json json = Json::array();
  std::ostringstream text;
  for (const SessionSummary& session : Admin(globals.Connect()).sessions()) {
    json.push_back({{"session", session.session},
                    {"ttl_ms", session.ttl.count()},
                    {"age_ms", session.age.count()},
                    {"connections", session.connections},
                    {"label", ToJson(session.label)}});
    text << (text.tellp() > 0 ? "\n" : "") << std::setw(6) << session.session << "  "
         << Who(session.label) << ", open for " << Seconds(session.age) << ", "
         << session.connections << " connection" << (session.connections == 1 ? "" : "s");
  }
  Print(globals, json, text.str());
  return kOk;
}

}  // namespace

void AddAdminCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto add = [&](const std::string& name, const std::string& help, auto work) {
    CLI::App* command = app.add_subcommand(name, help);
    command->callback(
        [&globals, action, work] { *action = [&globals, work] { return work(globals); }; });
  };
  add("ping", "Asks the daemon for an answer and tells how long it took", Ping);
  add("status", "Tells how the daemon is", Status);
  add("sessions", "Lists the clients that have a session", Sessions);

  const auto filter = std::make_shared<ObjectFilter>();  // Between the parser and the action.
  CLI::App* ls = app.add_subcommand("ls", "Lists objects: type, size, name");
  ls->add_option("prefix", filter->prefix, "What the names begin with");
  ls->add_option("--type", filter->type, "Only objects of this type")
      ->check(CLI::IsMember({"list",   "dict",  "value",     "queue",      "lock",
                             "event",  "rlock", "semaphore", "barrier",    "condition",
                             "rwlock", "latch", "set",       "sorted_set", "counter",
                             "array",  "topic", "namespace", "host",       "hosted"}));
  ls->add_flag("--anonymous", filter->anonymous, "Anonymous objects too");
  ls->callback([&globals, action, filter] {
    *action = [&globals, filter] { return Ls(globals, *filter); };
  });

  const auto add_named = [&](const std::string& name, const std::string& help, auto work) {
    const auto object = std::make_shared<std::string>();  // Between the parser and the action.
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("name", *object, "The object's name")->required();
    command->callback([&globals, action, object, work] {
      *action = [&globals, object, work] { return work(globals, *object); };
    });
  };
  add_named("type", "Prints the type of an object", Type);
  add_named("describe", "Tells all about an object: who holds it and who waits for it", Describe);
}

}  // namespace coheld::cli
