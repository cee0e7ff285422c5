// counter, array and sorted-set: what get, set, push, pop and del cannot say of them.
#include <memory>
#include <vector>

#include "client/cli/command.h"

namespace coheld::cli {
namespace {

// What the command line said.
struct Words {
  std::string name;
  int64_t amount = 1;
  std::string typecode;
  uint64_t length = 0;
  int64_t index = 0;
  std::string member;
  double score = 1;
  std::optional<double> min;
  std::optional<double> max;
  std::optional<double> timeout_seconds;
  uint32_t limit = 0;
  bool reverse = false;
};

int AddToCounter(const Globals& globals, const Words& words) {
  Print(globals, Value(Counter(globals.Connect(), words.name).add(words.amount)));
  return kOk;
}

int SetCounter(const Globals& globals, const Words& words) {
  Print(globals, Value(Counter(globals.Connect(), words.name).exchange(words.amount)));
  return kOk;
}

int CreateArray(const Globals& globals, const Words& words) {
  PrintCreated(globals, Direct(globals.Connect())
                            .run(ops::array_create(
                                words.name, {.typecode = words.typecode, .length = words.length})));
  return kOk;
}

int AddToArray(const Globals& globals, const Words& words) {
  Print(globals, Direct(globals.Connect())
                     .run(ops::array_add(words.name, words.index, ParseLiteral(words.member))));
  return kOk;
}

int AddToSortedSet(const Globals& globals, const Words& words) {
  const bool added =
      SortedSet<Value>(globals.Connect(), words.name).add(ParseLiteral(words.member), words.score);
  Print(globals, Value(added));
  return kOk;
}

int Increment(const Globals& globals, const Words& words) {
  Print(globals, Value(SortedSet<Value>(globals.Connect(), words.name)
                           .increment(ParseLiteral(words.member), words.score)));
  return kOk;
}

int Remove(const Globals& globals, const Words& words) {
  const SortedSet<Value> set(globals.Connect(), words.name);
  return set.erase(ParseLiteral(words.member)) ? kOk : kNotFound;
}

int Rank(const Globals& globals, const Words& words) {
  const SortedSet<Value> set(globals.Connect(), words.name);
  const Value member = ParseLiteral(words.member);
  const std::optional<uint64_t> rank = words.reverse ? set.reverse_rank(member) : set.rank(member);
  if (!rank) throw KeyNotFound(Reason::kKeyNotFound, "there is no member " + words.member);
  Print(globals, Value(*rank));
  return kOk;
}

Value Pairs(std::vector<Scored<Value>> members) {
  ValueList list;
  for (auto& [member, score] : members) list.items.push_back(Tuple{{std::move(member), score}});
  return list;
}

int Range(const Globals& globals, const Words& words) {
  const SortedSet<Value> set(globals.Connect(), words.name);
  Print(globals, Pairs(set.range_by_score({.bounds = {.min = words.min, .max = words.max},
                                           .reverse = words.reverse,
                                           .limit = words.limit})));
  return kOk;
}

int PopFromSortedSet(const Globals& globals, const Words& words) {
  const SortedSet<Value> set(globals.Connect(), words.name);
  const WaitTime time = WaitOf(words.timeout_seconds.value_or(0));
  const auto popped = words.reverse ? set.pop_max(time) : set.pop_min(time);
  if (!popped) return kNotFound;
  Print(globals, Value(Tuple{{popped->member, popped->score}}));
  return kOk;
}

}  // namespace

void AddStructureCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = VerbAdder(globals, action, words);
  CLI::App* counter = AddGroup(app, "counter", "Adds to and sets a 64-bit number");
  add(counter, "add", "Adds to the number; prints it", AddToCounter)
      ->add_option("amount", words->amount, "What to add (default 1)");
  add(counter, "set", "Sets the number; prints the one before", SetCounter)
      ->add_option("number", words->amount, "The new number")
      ->required();

  CLI::App* array = AddGroup(app, "array", "Makes an array of numbers, and adds to an item");
  CLI::App* create =
      add(array, "create", "Makes the array, of zeros, if it is not there", CreateArray);
  create->add_option("typecode", words->typecode, "b B h H i I l L q Q f d u w, as Python's array")
      ->required();
  create->add_option("length", words->length, "How many items")->required();
  CLI::App* add_item = add(array, "add", "Adds to an item; prints it", AddToArray);
  add_item->add_option("index", words->index, "Which; negative ones count from the end")
      ->required();
  add_item->add_option("amount", words->member, "What to add")->required();

  CLI::App* set = AddGroup(app, "sorted-set", "Members in order of their scores");
  const auto add_member = [&](const std::string& verb, const std::string& help, auto work) {
    CLI::App* command = add(set, verb, help, work);
    command->add_option("member", words->member, "The member")->required();
    return command;
  };
  add_member("add", "Adds a member, or gives it another score; prints whether it is new",
             AddToSortedSet)
      ->add_option("score", words->score, "Its score")
      ->required();
  add_member("incr", "Adds to a member's score; prints it", Increment)
      ->add_option("amount", words->score, "What to add (default 1)");
  add_member("remove", "Removes a member", Remove);
  add_member("rank", "Prints a member's place, 0 for the first", Rank)
      ->add_flag("--reverse", words->reverse, "Counts from the highest score");
  CLI::App* range = add(set, "range", "Prints members with their scores", Range);
  range->add_option("--min", words->min, "The lowest score");
  range->add_option("--max", words->max, "The highest score");
  range->add_option("--limit", words->limit, "The most members wanted");
  range->add_flag("--reverse", words->reverse, "From the highest score");
  CLI::App* pop =
      add(set, "pop", "Removes and prints the member with the lowest score", PopFromSortedSet);
  pop->add_flag("--max", words->reverse, "That with the highest");
  pop->add_option("--timeout", words->timeout_seconds, "How long to wait for one, seconds");
}

}  // namespace coheld::cli
