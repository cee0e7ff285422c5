// backup, restore, verify, compact, repair: on what a daemon keeps on disk.
#include <cstdio>
#include <iostream>
#include <memory>

#include "client/cli/backup.h"
#include "client/cli/data_folder.h"
#include "server/upkeep/compact.h"
#include "server/upkeep/repair.h"
#include "server/upkeep/restore.h"
#include "server/upkeep/verify.h"

namespace coheld::cli {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

// What the command line said.
struct Words {
  std::string from;
  std::string to;
  bool yes = false;
};

double SecondsSince(steady_clock::time_point start) {
  return duration<double>(steady_clock::now() - start).count();
}

std::string SecondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f s", seconds);
  return text;
}

// --- backup ---

int MakeBackup(const Globals& globals, const Words& words) {
  const auto start = steady_clock::now();
  const Backup backup = words.from.empty() ? BackUpDaemon(globals.Connect(), words.to)
                                           : BackUpFolder(words.from, words.to);
  const double seconds = SecondsSince(start);
  Print(globals,
        {{"path", backup.path},
         {"index", backup.index},
         {"bytes", backup.bytes},
         {"seconds", seconds}},
        backup.path + ": all up to record " + Grouped(backup.index) + ", " + Bytes(backup.bytes) +
            ", in " + SecondsText(seconds));
  return kOk;
}

// --- restore ---

int RestoreBackup(const Globals& globals, const Words& words) {
  const auto start = steady_clock::now();
  const upkeep::LoadedState backup = Load(words.from);
  journal::PosixFiles files;
  Check(files.MakeFolder(words.to));
  const auto lock = LockFolder(words.to);
  upkeep::Restored restored;
  const journal::Status fault = upkeep::Restore(files, backup, words.to, NowMs(), &restored);
  if (fault) throw std::runtime_error(fault->message);
  const double seconds = SecondsSince(start);
  Print(globals,
        {{"folder", words.to},
         {"backup", ToJson(restored.backup)},
         {"restored", ToJson(restored.state)},
         {"sessions_ended", restored.renewal.sessions_ended},
         {"numbers_from", restored.renewal.numbers_from},
         {"seconds", seconds}},
        words.to + ": " + ToText(restored.state) + ", as after record " +
            Grouped(restored.state.index) + ", in " + SecondsText(seconds) + "\n" +
            Counted(restored.renewal.sessions_ended, "session") +
            " of the backup ended; fencing tokens and ids continue above " +
            Grouped(restored.renewal.numbers_from));
  return kOk;
}

// --- verify ---

Json ToJson(const upkeep::Verdict& verdict) {
  Json json = {{"good", verdict.good()},
               {"segments", verdict.segments},
               {"journal_bytes", verdict.journal_bytes},
               {"first_record", verdict.first_record},
               {"last_record", verdict.last_record},
               {"replayed", verdict.replayed},
               {"tail_bytes", verdict.tail_bytes},
               {"state", cli::ToJson(verdict.figures)}};
  json["snapshots"] = Json::array();
  for (const upkeep::VerifiedSnapshot& snapshot : verdict.snapshots) {
    json["snapshots"].push_back({{"name", snapshot.name},
                                 {"good", !snapshot.fault},
                                 {"compared", snapshot.compared},
                                 {"state_bytes", snapshot.state_bytes},
                                 {"state", cli::ToJson(snapshot.figures)}});
  }
  json["others"] = verdict.others;
  json["faults"] = Json::array();
  for (const journal::Fault& fault : verdict.faults) json["faults"].push_back(fault.message);
  return json;
}

std::string ToText(const upkeep::VerifiedSnapshot& snapshot) {
  if (snapshot.fault) return snapshot.name + ": NOT GOOD";
  return snapshot.name + ": " + cli::ToText(snapshot.figures) + ", " + Bytes(snapshot.state_bytes) +
         (snapshot.compared ? "; the records before it make the same" : "");
}

std::string ToText(const upkeep::Verdict& verdict, double seconds) {
  std::string text;
  for (const upkeep::VerifiedSnapshot& snapshot : verdict.snapshots)
    text += ToText(snapshot) + "\n";
  if (verdict.segments > 0) {
    text +=
        "journal: " + Counted(verdict.segments, "segment") + ", " + Bytes(verdict.journal_bytes);
    if (verdict.first_record > 0) {
      text += ", records " + Grouped(verdict.first_record) + " to " + Grouped(verdict.last_record);
    }
    text += ", " + Grouped(verdict.replayed) + " replayed\n";
  }
  if (verdict.tail_bytes > 0) {
    text += "a tail of " + Bytes(verdict.tail_bytes) +
            " that was never confirmed: a daemon will cut it\n";
  }
  for (const std::string& name : verdict.others) text += name + ": not looked at\n";
  text += "state after record " + Grouped(verdict.figures.index) + ": " +
          cli::ToText(verdict.figures) + ", digest " + engine::ToText(verdict.figures.digest) +
          "\n";
  for (const journal::Fault& fault : verdict.faults) text += "WRONG: " + fault.message + "\n";
  return text + (verdict.good() ? "all is good" : "not good") + ", " + SecondsText(seconds);
}

int Verify(const Globals& globals, const Words& words) {
  const auto start = steady_clock::now();
  journal::ReadOnlyPosixFiles files;
  const bool is_folder = IsFolder(words.from);
  const auto lock = is_folder ? LockToRead(words.from) : nullptr;
  const upkeep::Verdict verdict =
      is_folder ? upkeep::VerifyFolder(files, words.from) : upkeep::VerifyFile(files, words.from);
  Print(globals, ToJson(verdict), ToText(verdict, SecondsSince(start)));
  if (verdict.good()) return kOk;
  for (const journal::Fault& fault : verdict.faults) {
    if (fault.code != 0) return kFailed;  // Not damage: it could not be read.
  }
  return kDamaged;
}

// --- compact ---

int CompactOffline(const Globals& globals, const std::string& folder) {
  const auto start = steady_clock::now();
  if (!IsFolder(folder)) throw UsageError(folder + " is no folder");
  const auto lock = LockFolder(folder);
  journal::PosixFiles files;
  upkeep::Compacted compacted;
  Check(upkeep::Compact(files, folder, &compacted));
  const double seconds = SecondsSince(start);
  Print(globals,
        {{"index", compacted.state.index},
         {"records", compacted.records},
         {"state", cli::ToJson(compacted.state)},
         {"seconds", seconds}},
        compacted.records == 0
            ? "nothing to do: the snapshot has all up to record " + Grouped(compacted.state.index)
            : "the snapshot has all up to record " + Grouped(compacted.state.index) +
                  " now: " + cli::ToText(compacted.state) + ", " + Grouped(compacted.records) +
                  " records replayed, in " + SecondsText(seconds));
  return kOk;
}

int CompactDaemon(const Globals& globals) {
  const SnapshotMade made = Admin(globals.Connect()).snapshot();
  const double seconds = duration<double>(made.took).count();
  Print(globals, {{"index", made.index}, {"bytes", made.bytes}, {"seconds", seconds}},
        "the snapshot has all up to record " + Grouped(made.index) + " now: " + Bytes(made.bytes) +
            ", in " + SecondsText(seconds));
  return kOk;
}

int Compact(const Globals& globals, const Words& words) {
  return words.from.empty() ? CompactDaemon(globals) : CompactOffline(globals, words.from);
}

// --- repair ---

Json ToJson(const upkeep::RepairPlan& plan) {
  Json json = {{"needed", !plan.faults.empty()}, {"repaired", false}};
  json["faults"] = Json::array();
  for (const journal::Fault& fault : plan.faults) json["faults"].push_back(fault.message);
  if (plan.faults.empty()) return json;
  json["kept_up_to"] = plan.good_index;
  json["loses"] = plan.loses;
  json["lost_from"] = plan.loses ? Json(plan.good_index + 1) : Json();
  json["lost_records"] = plan.lost();
  json["aside"] = plan.aside_folder;
  json["files_aside"] = plan.aside;
  return json;
}

std::string ToText(const upkeep::RepairPlan& plan) {
  std::string text;
  for (const journal::Fault& fault : plan.faults) text += "WRONG: " + fault.message + "\n";
  text += "kept: all up to record " + Grouped(plan.good_index) + ": " +
          cli::ToText(upkeep::FiguresOf(*plan.state.engine, plan.good_index)) + "\n";
  if (plan.lost() > 0) {
    text += "lost: records " + Grouped(plan.good_index + 1) + " to " + Grouped(plan.last_seen) +
            ", " + Grouped(plan.lost()) + " in all, and any after those that left no trace\n";
  } else if (plan.loses) {
    text += "lost: whatever came after record " + Grouped(plan.good_index) +
            "; no trace of it is left\n";
  } else {
    text += "lost: nothing\n";
  }
  return text + "aside: " + Counted(plan.aside.size(), "file") + ", in " + plan.aside_folder;
}

int Repair(const Globals& globals, const Words& words) {
  if (!IsFolder(words.from)) throw UsageError(words.from + " is no folder");
  const auto lock = LockFolder(words.from);
  journal::PosixFiles files;
  upkeep::RepairPlan plan;
  Check(upkeep::PlanRepair(files, words.from, &plan));
  Json json = ToJson(plan);
  if (plan.faults.empty()) {
    Print(globals, json, words.from + " is good: nothing to repair");
    return kOk;
  }
  std::string text = ToText(plan);
  if (!words.yes) {
    Print(globals, json, text + "\nnothing was changed: say --yes to repair");
    return kDamaged;
  }
  upkeep::Renewal renewal;
  Check(upkeep::Repair(files, words.from, NowMs(), &plan, &renewal));
  json["repaired"] = true;
  json["sessions_ended"] = renewal.sessions_ended;
  text += "\nrepaired";
  if (plan.loses) {
    text += ": " + Counted(renewal.sessions_ended, "session") +
            " ended; fencing tokens and ids continue above " + Grouped(renewal.numbers_from);
  }
  Print(globals, json, text);
  return kOk;
}

}  // namespace

void AddFolderCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = [&](const std::string& name, const std::string& help, auto work) {
    CLI::App* command = app.add_subcommand(name, help);
    command->callback([&globals, action, words, work] {
      *action = [&globals, words, work] { return work(globals, *words); };
    });
    return command;
  };
  CLI::App* backup = add("backup", "Copies all that the daemon holds into one file", MakeBackup);
  backup->add_option("file", words->to, "The file, or a folder for it")->required();
  backup->add_option("--data-dir", words->from, "Of this folder, which no daemon uses");

  CLI::App* restore = add("restore",
                          "Makes a data folder from a backup. Its sessions end, and tokens and ids "
                          "continue above all that were ever given out",
                          RestoreBackup);
  restore->add_option("backup", words->from, "The backup, or a folder with one")->required();
  restore->add_option("folder", words->to, "The new data folder; empty, or not there")->required();

  add("verify", "Checks and replays all that is in a data folder or a backup", Verify)
      ->add_option("path", words->from, "A data folder that no daemon uses, or a backup")
      ->required();

  add("compact", "Has a snapshot made in place of the journal", Compact)
      ->add_option("folder", words->from,
                   "A data folder that no daemon uses (default: the daemon's, while it runs)");

  CLI::App* repair = add("repair",
                         "Makes a damaged data folder usable with what is good of it, and tells "
                         "what is lost",
                         Repair);
  repair->add_option("folder", words->from, "A data folder that no daemon uses")->required();
  repair->add_flag("--yes", words->yes, "Do it; without this it only tells");
}

}  // namespace coheld::cli
