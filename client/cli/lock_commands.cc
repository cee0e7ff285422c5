// lock, rlock, rwlock and semaphore: holds one while a program runs, or until Ctrl-C. A shell has
// no session of its own, so what it would acquire by one command and release by the next goes back
// in between.
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/program.h"

namespace coheld::cli {
namespace {

// What the command line said.
struct Words {
  std::string name;
  std::vector<std::string> program;
  std::optional<double> timeout_seconds;
  uint64_t count = 1;
  uint64_t permits = 1;
  bool bounded = false;
  bool shared = false;
  bool anyone = false;
};

// Tells that it is held, and runs the program.
int Run(const Globals& globals, const Words& words, uint64_t token) {
  if (words.program.empty()) {
    Json json = {{"name", words.name}, {"held", true}};
    std::string text = "holding " + words.name;
    if (token != 0) {
      json["token"] = token;
      text += ", token " + std::to_string(token);
    }
    Print(globals, json, text + "; Ctrl-C lets it go");
  }
  return RunProgram(words.program);
}

// `Guard` holds a lock for a scope.
template <template <typename> typename Guard, typename L>
int AcquireBy(const Globals& globals, const Words& words, L& lock) {
  Guard<L> guard(lock, std::defer_lock);
  if (!words.timeout_seconds) {
    guard.lock();
  } else if (!guard.try_lock_for(std::chrono::duration<double>(*words.timeout_seconds))) {
    return TimedOut(words.name);
  }
  return Run(globals, words, lock.token());
}

int AcquireLock(const Globals& globals, const Words& words) {
  Lock lock(globals.Connect(), words.name);
  return AcquireBy<std::unique_lock>(globals, words, lock);
}

int AcquireRecursiveLock(const Globals& globals, const Words& words) {
  RecursiveLock lock(globals.Connect(), words.name);
  return AcquireBy<std::unique_lock>(globals, words, lock);
}

int AcquireSharedLock(const Globals& globals, const Words& words) {
  SharedLock lock(globals.Connect(), words.name);
  if (words.shared) return AcquireBy<std::shared_lock>(globals, words, lock);
  return AcquireBy<std::unique_lock>(globals, words, lock);
}

int AcquireSemaphore(const Globals& globals, const Words& words) {
  const Semaphore semaphore(globals.Connect(), words.name);
  if (!semaphore.try_acquire_for(WaitOf(words.timeout_seconds), words.count)) {
    return TimedOut(words.name);
  }
  const int code = Run(globals, words, 0);
  semaphore.release(words.count);
  return code;
}

int CreateLock(const Globals& globals, const Words& words) {
  const auto release = words.anyone ? LockRelease::kAnyone : LockRelease::kOwner;
  PrintCreated(globals, Lock(globals.Connect(), words.name).create({.release = release}));
  return kOk;
}

int ReleaseLock(const Globals& globals, const Words& words) {
  Lock(globals.Connect(), words.name).release();
  return kOk;
}

int CreateSemaphore(const Globals& globals, const Words& words) {
  PrintCreated(globals, Semaphore(globals.Connect(), words.name)
                            .create({.permits = words.permits, .bounded = words.bounded}));
  return kOk;
}

int ReleaseSemaphore(const Globals& globals, const Words& words) {
  Print(globals, Value(Semaphore(globals.Connect(), words.name).release(words.count)));
  return kOk;
}

}  // namespace

void AddLockCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = VerbAdder(globals, action, words);
  const auto add_acquire = [&](CLI::App* group, auto work) {
    CLI::App* command = add(group, "acquire",
                            "Holds it while PROGRAM runs, whose exit code it has, or until Ctrl-C: "
                            "acquire NAME [-- PROGRAM ARGUMENT...]",
                            work);
    command->add_option("program", words->program, "The program and its arguments, after --");
    command->add_option("--timeout", words->timeout_seconds,
                        "How long to wait for it, seconds (default: for ever)");
    return command;
  };
  CLI::App* lock = AddGroup(app, "lock", "Holds a lock, makes one, releases anybody's");
  add_acquire(lock, AcquireLock);
  add(lock, "create", "Makes the lock if it is not there", CreateLock)
      ->add_flag("--anyone", words->anyone, "Anyone may release it");
  add(lock, "release", "Releases a lock that was made with --anyone", ReleaseLock);
  add_acquire(AddGroup(app, "rlock", "Holds a re-entrant lock"), AcquireRecursiveLock);
  add_acquire(AddGroup(app, "rwlock", "Holds a read-write lock"), AcquireSharedLock)
      ->add_flag("--shared", words->shared, "To read, with others");
  CLI::App* semaphore = AddGroup(app, "semaphore", "Holds, makes and releases permits");
  add_acquire(semaphore, AcquireSemaphore)
      ->add_option("--count", words->count, "How many permits")
      ->check(CLI::PositiveNumber);
  add(semaphore, "release", "Gives permits back, or adds new ones; prints how many are free",
      ReleaseSemaphore)
      ->add_option("--count", words->count, "How many permits")
      ->check(CLI::PositiveNumber);
  CLI::App* create =
      add(semaphore, "create", "Makes the semaphore if it is not there", CreateSemaphore);
  create->add_option("--permits", words->permits, "How many there are at first");
  create->add_flag("--bounded", words->bounded, "Refuses to release above that number");
}

}  // namespace coheld::cli
