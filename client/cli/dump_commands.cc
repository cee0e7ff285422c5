// dump: the records of a journal as JSON lines, also of one that a daemon writes to.
#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>

#include "client/cli/backup.h"
#include "client/cli/data_folder.h"
#include "client/cli/record_json.h"
#include "server/journal/reading.h"

namespace coheld::cli {
namespace {

constexpr int kTriesMax = 5;  // To read what is being written, or trimmed, at that moment.

// What the command line said.
struct Words {
  std::string path;
  uint64_t from = 1;
  uint64_t to = UINT64_MAX;
  std::string object;
  std::optional<uint64_t> session;
};

// True if some text in the request, other than in a value, is the name.
bool Names(const Json& json, const std::string& name) {
  if (json.is_string()) return json.get_ref<const std::string&>() == name;
  if (!json.is_structured()) return false;
  return std::any_of(json.begin(), json.end(), [&](const Json& part) { return Names(part, name); });
}

class Dump {
 public:
  // Of a folder, which is that of a shard if there are several.
  Dump(const Words& words, std::string path, std::optional<size_t> shard)
      : words_(words), path_(std::move(path)), shard_(shard) {}

  int Run() {
    if (!IsFolder(path_)) {
      PrintSnapshot(path_);
      return kOk;
    }
    upkeep::FolderContent content;
    Check(upkeep::ListFolder(files_, path_, &content));
    if (content.empty()) throw UsageError(path_ + " has no journal and no snapshot");
    for (const std::string& name : content.snapshots) PrintSnapshot(path_ + "/" + name);
    for (int tries = 1;; ++tries) {
      const uint64_t before = next_;
      const journal::Status fault = ReadOn();
      if (!fault || next_ > words_.to || !std::cout) break;
      if (next_ > before) tries = 0;
      if (tries >= kTriesMax) Check(fault);
    }
    std::cout.flush();
    return kOk;
  }

 private:
  void Write(Json json) {
    if (shard_) json["shard"] = *shard_;
    std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
  }

  void PrintSnapshot(const std::string& path) {
    upkeep::LoadedState loaded;
    if (journal::Status fault = upkeep::LoadStateFile(files_, path, &loaded)) {
      if (fault->code == ENOENT) return;  // A newer one took its place.
      Check(fault);
    }
    Write({{"snapshot", path},
           {"index", loaded.index},
           {"time", TimeText(loaded.engine->last_time())},
           {"objects", loaded.engine->store().objects().size()},
           {"sessions", loaded.engine->sessions().all().size()},
           {"waiting", loaded.engine->parked().size()},
           {"state_bytes", loaded.state_bytes}});
  }

  // Reads on from where the last try got to.
  journal::Status ReadOn() {
    upkeep::FolderContent content;
    if (journal::Status fault = upkeep::ListFolder(files_, path_, &content)) return fault;
    if (content.segments.empty()) return std::nullopt;
    const uint64_t first = *journal::FirstOf(content.segments.front());
    next_ = std::max({next_, words_.from, first});
    journal::Reading reading;
    return journal::ReadJournal(
        files_, {.folder = path_, .after = next_ - 1},
        [this](uint64_t index, std::string_view record) { return Visit(index, record); }, &reading);
  }

  journal::Status Visit(uint64_t index, std::string_view record) {
    next_ = index + 1;
    if (index > words_.to || !std::cout) return journal::Fault{0, "it is enough"};
    const Json json = RecordJson(index, record);
    if (IsWanted(json)) Write(json);
    return std::nullopt;
  }

  bool IsWanted(const Json& json) {
    if (words_.session && json.value("session", uint64_t{0}) != *words_.session) return false;
    if (words_.object.empty()) return true;
    const uint64_t call = json.value("call", uint64_t{0});
    if (!json.contains("request")) return calls_.contains(call);  // The end of a wait, perhaps.
    const bool wanted = Names(json["request"], words_.object);
    if (wanted) calls_.insert(call);
    return wanted;
  }

  const Words& words_;
  const std::string path_;
  const std::optional<size_t> shard_;
  journal::ReadOnlyPosixFiles files_;
  uint64_t next_ = 1;
  std::unordered_set<uint64_t> calls_;  // Of the records about the object.
};

int DumpAll(const Words& words) {
  const std::vector<std::string> parts = PartsOf(NewestIn(words.path));
  for (size_t part = 0; part < parts.size(); ++part) {
    const int code =
        Dump(words, parts[part], parts.size() > 1 ? std::optional(part) : std::nullopt).Run();
    if (code != kOk) return code;
  }
  return kOk;
}

}  // namespace

void AddDumpCommand(CLI::App& app, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  CLI::App* dump = app.add_subcommand("dump",
                                      "Prints the records of a data folder as JSON lines, shard by "
                                      "shard: what was done when, and by "
                                      "whom");
  dump->footer(
      "Examples:\n"
      "  coheldctl dump /var/lib/coheld --object stock    who did what to it, and when\n"
      "  coheldctl dump /var/lib/coheld --from 1000 --to 1999 | jq .method\n"
      "  coheldctl dump monday.coheld                     what a backup has, in numbers\n\n"
      "Exit codes: 0 done; 2 wrong command line; 4 a file could not be used; 5 what is on disk is "
      "damaged.");
  dump->add_option(
          "path", words->path,
          "A data folder (a daemon may use it), a backup, or a folder with some: the newest")
      ->required();
  dump->add_option("--from", words->from, "The index of the first record, of each shard");
  dump->add_option("--to", words->to, "The index of the last record, of each shard");
  dump->add_option("--object", words->object, "Only what names this object");
  dump->add_option("--session", words->session, "Only what this session did");
  dump->callback([action, words] { *action = [words] { return DumpAll(*words); }; });
}

}  // namespace coheld::cli
