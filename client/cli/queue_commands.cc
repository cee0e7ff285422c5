// queue: leases items to a program, tells and ends what is leased, and makes queues. (push and pop
// put and take for good.) A shell has no session of its own, so that a lease from one command to
// the next would need a time; a program's does not.
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/program.h"

namespace coheld::cli {
namespace {

// What the command line said.
struct Words {
  std::string name;
  std::string value;
  std::string key;
  std::vector<std::string> program;
  uint64_t delivery = 0;
  std::optional<double> timeout_seconds;
  double delay_seconds = 0;
  double visibility_seconds = 0;
  QueueOptions options;
};

const std::map<std::string, QueueKind> kKinds = {
    {"fifo", QueueKind::kFifo}, {"lifo", QueueKind::kLifo}, {"priority", QueueKind::kPriority}};

std::chrono::milliseconds ToMs(double seconds) {
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

Queue<Value> QueueOf(const Globals& globals, const Words& words) {
  return Queue<Value>(globals.Connect(), words.name);
}

int Create(const Globals& globals, const Words& words) {
  PrintCreated(globals, QueueOf(globals, words).create(words.options));
  return kOk;
}

int Put(const Globals& globals, const Words& words) {
  const PutReply reply =
      QueueOf(globals, words)
          .put_with(ParseLiteral(words.value), {.time = WaitOf(words.timeout_seconds),
                                                .delay = ToMs(words.delay_seconds),
                                                .dedup_key = words.key});
  Print(globals, {{"length", reply.length}, {"duplicate", reply.duplicate}},
        reply.duplicate ? "was put before" : std::to_string(reply.length));
  return kOk;
}

int Work(const Globals& globals, const Words& words) {
  const Queue<Value> queue = QueueOf(globals, words);
  std::optional<Task<Value>> task =
      queue.try_lease_for(WaitOf(words.timeout_seconds), ToMs(words.visibility_seconds));
  if (!task) return TimedOut(words.name);
  const std::string item = ToText(task->value());
  setenv("COHELD_ITEM", item.c_str(), 1);
  setenv("COHELD_DELIVERY", std::to_string(task->number()).c_str(), 1);
  setenv("COHELD_ATTEMPT", std::to_string(task->attempt()).c_str(), 1);
  std::vector<std::string> program = words.program;
  for (std::string& word : program) {
    if (word == "{}") word = item;
  }
  const int code = RunProgram(program);
  if (code == 0) {
    task->ack();
  } else {
    task->nack(ToMs(words.delay_seconds));
  }
  return code;
}

int Ack(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  Print(globals, Value(Direct(client).run(ops::queue_ack(words.name, words.delivery))));
  return kOk;
}

int Nack(const Globals& globals, const Words& words) {
  const Client client = globals.Connect();
  const bool dead =
      Direct(client).run(ops::queue_nack(words.name, words.delivery, ToMs(words.delay_seconds)));
  Print(globals, {{"dead", dead}}, dead ? "went to the dead letters" : "went back");
  return kOk;
}

int Deliveries(const Globals& globals, const Words& words) {
  Json json = Json::array();
  std::string text = "DELIVERY\tSESSION\tATTEMPT\tHELD\tLEFT";
  for (const QueueLease& lease : QueueOf(globals, words).deliveries()) {
    const std::string held = std::to_string(lease.held.count()) + " ms";
    const std::string left =
        lease.left ? std::to_string(lease.left->count()) + " ms" : "the session's life";
    json.push_back({{"delivery", lease.number},
                    {"session", lease.session},
                    {"thread", lease.thread},
                    {"attempt", lease.attempt},
                    {"held_ms", lease.held.count()},
                    {"left_ms", lease.left ? Json(lease.left->count()) : Json()},
                    {"dropped", lease.dropped}});
    text += "\n" + std::to_string(lease.number) + "\t" + std::to_string(lease.session) + "\t" +
            std::to_string(lease.attempt) + "\t" + held + "\t" + left +
            (lease.dropped ? "\tpurged" : "");
  }
  Print(globals, json, text);
  return kOk;
}

}  // namespace

void AddQueueCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = VerbAdder(globals, action, words);
  CLI::App* queue = AddGroup(app, "queue", "Leases items to a program, and makes queues");
  const auto add_wait = [&](CLI::App* command, const std::string& what) {
    command->add_option("--timeout", words->timeout_seconds,
                        "How long to wait for " + what + ", seconds (default: for ever)");
  };
  const auto add_delay = [&](CLI::App* command, const std::string& help) {
    command->add_option("--delay", words->delay_seconds, help)->check(CLI::NonNegativeNumber);
  };
  CLI::App* create = add(queue, "create", "Makes the queue if it is not there", Create);
  create->add_option("--kind", words->options.kind, "fifo (default), lifo or priority")
      ->transform(CLI::CheckedTransformer(kKinds));
  create->add_option("--maxsize", words->options.maxsize, "The most items it holds");
  create->add_option("--deliveries-max", words->options.deliveries_max,
                     "How often an item is leased before it goes to the dead letters (default 20)");
  create->add_option("--dead-letter", words->options.dead_letter,
                     "The queue of the dead letters (default: the name with .dead)");

  CLI::App* put = add(queue, "put", "Adds an item; prints the length", Put);
  put->add_option("value", words->value, "The item")->required();
  put->add_option("--key", words->key, "Adds nothing if the last puts had one with this key");
  add_delay(put, "How long nobody can take it, seconds");
  add_wait(put, "room");

  CLI::App* work =
      add(queue, "work",
          "Leases an item while PROGRAM runs, whose exit code it has: with 0 the item "
          "is done, else it goes back. PROGRAM finds the item in an argument {} and in "
          "COHELD_ITEM: work NAME -- PROGRAM ARGUMENT...",
          Work);
  work->add_option("program", words->program, "The program and its arguments, after --")
      ->required();
  work->add_option("--for", words->visibility_seconds,
                   "How long PROGRAM may take, seconds (default: as long as it lives)")
      ->check(CLI::PositiveNumber);
  add_delay(work, "When the item goes back: after how long, seconds");
  add_wait(work, "an item");

  const auto add_delivery = [&](const std::string& verb, const std::string& help, auto action_of) {
    CLI::App* command = add(queue, verb, help, action_of);
    command->add_option("delivery", words->delivery, "The number of the delivery")->required();
    return command;
  };
  add_delivery("ack", "Tells that a leased item is done; prints how many are left unfinished", Ack);
  add_delay(add_delivery("nack", "Gives a leased item back", Nack), "After how long, seconds");
  add(queue, "deliveries", "Prints what is leased, by whom and for how long", Deliveries);
}

}  // namespace coheld::cli
