// Counts the words of files with a pool of worker processes and shared objects: the multiprocessing
// tutorial's task queue, made real. The producer puts paths on a queue; forked workers count the
// words of each file, fold the counts into one shared dict, append a line to a shared list and bump
// a shared value. The producer prints what came out and checks it against a count in one process:
// exit code 1 if they differ. Python workers (client/python/examples/word_count.py) can serve the
// same run.
//
//   word_count [--address ADDRESS] [--workers N] [--run NAME] [--worker-only] [FILE...]
//
// A word is a maximal run of ASCII letters, lower-cased, in the raw bytes of a file. The run's
// objects are {wc:RUN}/tasks (a queue of paths; null tells one worker to stop), /counts, /log and
// /done.
#include <getopt.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coheld/coheld.h"

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Seconds = std::chrono::duration<double>;
using Counts = std::map<std::string, int64_t>;

constexpr char kUsage[] =
    "usage: word_count [--address ADDRESS] [--workers N] [--run NAME] [--worker-only] [FILE...]\n"
    "Counts words with worker processes that share a queue, a dict, a list and a value.\n"
    "  --address ADDRESS  the daemon, unix:/path or host:port (default: $COHELD_ADDRESS, or the\n"
    "                     daemon's default)\n"
    "  --workers N        worker processes (default 2)\n"
    "  --run NAME         the run's name (default \"default\")\n"
    "  --worker-only      serve a run until its producer ends it\n"
    "  FILE...            default: /usr/share/common-licenses/* and python3's own library\n";

// What the command line said.
struct Options {
  std::string address = coheld::Client::default_address();
  int workers = 2;
  std::string run = "default";
  bool worker_only = false;
  std::vector<std::string> files;
};

// The shared objects of one run, found by their names; the {tag} keeps them together.
struct Run {
  Run(const coheld::Client& client, const std::string& name)
      : tasks(client, "{wc:" + name + "}/tasks"),
        counts(client, "{wc:" + name + "}/counts"),
        log(client, "{wc:" + name + "}/log"),
        done(client, "{wc:" + name + "}/done") {
    done.create({.typecode = "q", .initial = 0});
  }

  coheld::Queue<std::optional<std::string>> tasks;
  coheld::Dict<std::string, int64_t> counts;
  coheld::List<std::string> log;
  coheld::SharedValue<int64_t> done;
};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void CountWords(const std::string& path, Counts* counts) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (auto at = text.begin(); at != text.end();) {
    at = std::find_if(at, text.end(), IsLetter);
    const auto end = std::find_if_not(at, text.end(), IsLetter);
    if (at == end) break;
    std::string word(at, end);
    for (char& c : word) c = static_cast<char>(c | 0x20);
    ++(*counts)[word];
    at = end;
  }
}

int64_t Total(const Counts& counts) {
  int64_t total = 0;
  for (const auto& [word, count] : counts) total += count;
  return total;
}

// Serves the queue until it gives null. The four changes of a task travel in one write.
void Work(const coheld::Client& client, const Run& run, const std::string& worker) {
  while (const std::optional<std::string> path = run.tasks.get()) {
    Counts counts;
    CountWords(*path, &counts);
    coheld::Batch batch = client.batch();
    const auto counted = batch.on(run.counts).increment_many({counts.begin(), counts.end()});
    const auto logged =
        batch.on(run.log).append(worker + " " + *path + " " + std::to_string(Total(counts)));
    const auto bumped = batch.on(run.done).fetch_add(1);
    const auto finished = batch.on(run.tasks).task_done();
    batch.run();
    counted.get();
    logged.get();
    bumped.get();
    finished.get();
  }
  run.tasks.task_done();
}

std::string PythonLibrary() {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(
      popen("python3 -c 'import os; print(os.path.dirname(os.__file__))' 2>/dev/null", "r"),
      pclose);
  std::string path(4096, '\0');
  if (!pipe || std::fgets(path.data(), static_cast<int>(path.size()), pipe.get()) == nullptr) {
    return "";
  }
  return path.substr(0, path.find('\n'));
}

std::vector<std::string> DefaultFiles() {
  std::vector<std::string> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/share/common-licenses", ignored)) {
    files.push_back(entry.path());
  }
  const fs::recursive_directory_iterator end;
  for (auto it = fs::recursive_directory_iterator(PythonLibrary(), ignored); it != end; ++it) {
    const std::string name = it->path().filename();
    if (name == "site-packages" || name == "dist-packages") it.disable_recursion_pending();
    if (name.ends_with(".py")) files.push_back(it->path());
  }
  return files;
}

// Keeps the regular files that can be read, each once, sorted.
std::vector<std::string> Readable(const std::vector<std::string>& files) {
  std::set<std::string> kept;
  for (const std::string& file : files) {
    if (fs::is_regular_file(file) && access(file.c_str(), R_OK) == 0) kept.insert(file);
  }
  return {kept.begin(), kept.end()};
}

// Forks a worker; it goes on with the client that it inherits, with a session of its own.
pid_t StartWorker(const coheld::Client& client, const Run& run, int number) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  try {
    Work(client, run, "cpp-" + std::to_string(getpid()) + "-" + std::to_string(number));
    client.close();
  } catch (const std::exception& error) {
    std::cerr << "worker " << number << ": " << error.what() << '\n';
    _exit(1);
  }
  _exit(0);
}

// Reaps the workers that ended; false if one failed.
bool ReapEnded(std::set<pid_t>* workers) {
  int status = 0;
  while (const pid_t pid = waitpid(-1, &status, WNOHANG)) {
    if (pid < 0) break;
    workers->erase(pid);
    if (status != 0) return false;
  }
  return true;
}

// Puts all files on the queue and waits until they are finished. False if a worker failed.
bool Produce(const Run& run, const std::vector<std::string>& files, std::set<pid_t>* workers) {
  run.tasks.put_many({files.begin(), files.end()});
  while (!run.tasks.join(1s)) {
    if (!ReapEnded(workers)) return false;
  }
  return true;
}

std::map<std::string, int> TasksPerWorker(const Run& run) {
  std::map<std::string, int> tasks;
  for (const std::string& line : run.log) ++tasks[line.substr(0, line.find(' '))];
  return tasks;
}

// Sends one stop to each worker, also to those that were started elsewhere.
bool EndWorkers(const Run& run, std::set<pid_t> workers) {
  const size_t stops = std::max(workers.size(), TasksPerWorker(run).size());
  run.tasks.put_many(std::vector<std::optional<std::string>>(stops));
  while (true) {
    const bool taken = run.tasks.join(1s);
    if (!ReapEnded(&workers)) return false;
    if (workers.empty()) return true;
    if (taken) run.tasks.put(std::nullopt);  // Another worker took the stop of one of these.
  }
}

bool Report(const Run& run, const std::vector<std::string>& files, Seconds elapsed) {
  const auto items = run.counts.items();
  const Counts counts(items.begin(), items.end());
  std::vector<std::pair<std::string, int64_t>> top(counts.begin(), counts.end());
  std::stable_sort(top.begin(), top.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::printf("%zu files, %ld words, %zu different, in %.2f s\ntop words:", files.size(),
              static_cast<long>(Total(counts)), counts.size(), elapsed.count());
  for (size_t i = 0; i < std::min<size_t>(10, top.size()); ++i) {
    std::printf("%s %s %ld", i > 0 ? "," : "", top[i].first.c_str(),
                static_cast<long>(top[i].second));
  }
  std::printf("\n");
  for (const auto& [worker, tasks] : TasksPerWorker(run)) {
    std::printf("  %s: %d tasks\n", worker.c_str(), tasks);
  }
  const auto started = std::chrono::steady_clock::now();
  Counts expected;
  for (const std::string& file : files) CountWords(file, &expected);
  const Seconds alone = std::chrono::steady_clock::now() - started;
  const bool same = counts == expected && run.done.get() == static_cast<int64_t>(files.size()) &&
                    run.log.size() == files.size();
  std::printf("one process alone: %.2f s, its counts are %s\n", alone.count(),
              same ? "the same" : "DIFFERENT");
  return same;
}

int ProduceAndReport(const coheld::Client& client, const Run& run, const Options& options) {
  const std::vector<std::string> files =
      Readable(options.files.empty() ? DefaultFiles() : options.files);
  if (!options.files.empty() &&
      files.size() != std::set(options.files.begin(), options.files.end()).size()) {
    std::cerr << "word_count: some of the files cannot be read\n";
    return 2;
  }
  run.tasks.purge();
  run.counts.clear();
  run.log.clear();
  run.done.set(0);
  std::set<pid_t> workers;
  for (int number = 0; number < options.workers; ++number) {
    workers.insert(StartWorker(client, run, number));
  }
  const auto started = std::chrono::steady_clock::now();
  const bool served = Produce(run, files, &workers);
  const Seconds elapsed = std::chrono::steady_clock::now() - started;
  if (!served || !EndWorkers(run, workers)) {
    std::cerr << "word_count: a worker failed and left its task unfinished\n";
    return 1;
  }
  return Report(run, files, elapsed) ? 0 : 1;
}

// Exits when the command line says so, or is wrong.
Options Parse(int argc, char** argv) {
  const option known[] = {
      {"address", required_argument, nullptr, 'a'}, {"connect", required_argument, nullptr, 'a'},
      {"workers", required_argument, nullptr, 'w'}, {"run", required_argument, nullptr, 'r'},
      {"worker-only", no_argument, nullptr, 'o'},   {"worker", no_argument, nullptr, 'o'},
      {"help", no_argument, nullptr, 'h'},          {nullptr, 0, nullptr, 0}};
  Options options;
  while (true) {
    switch (getopt_long(argc, argv, "", known, nullptr)) {
      case 'a':
        options.address = optarg;
        continue;
      case 'w':
        options.workers = std::max(1, std::atoi(optarg));
        continue;
      case 'r':
        options.run = optarg;
        continue;
      case 'o':
        options.worker_only = true;
        continue;
      case 'h':
        std::cout << kUsage;
        std::exit(0);
      case -1:
        options.files.assign(argv + optind, argv + argc);
        return options;
      default:
        std::cerr << kUsage;
        std::exit(2);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  try {
    const auto client = coheld::Client::connect(options.address, {.program = "word_count"});
    const Run run(client, options.run);
    if (!options.worker_only) return ProduceAndReport(client, run, options);
    Work(client, run, "cpp-" + std::to_string(getpid()) + "-0");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "word_count: " << error.what() << '\n';
    return 3;
  }
}
