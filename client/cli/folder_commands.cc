// backup, restore, verify, compact, repair: on what a daemon keeps on disk.
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "client/cli/backup.h"
#include "client/cli/data_folder.h"
#include "server/store/shard_folders.h"
#include "server/upkeep/compact.h"
#include "server/upkeep/repair.h"
#include "server/upkeep/restore.h"
#include "server/upkeep/verify.h"

namespace coheld::cli {
namespace {

using std::chrono::duration;
using std::chrono::steady_clock;

constexpr char kFolderExitCodes[] =
    "\nExit codes: 0 done; 2 wrong command line; 3 no daemon answers; 4 the daemon refused it, or "
    "a file could not be used; 5 what is on disk is damaged; 130 Ctrl-C.";

// What the command line said.
struct Words {
  std::string from;
  std::string to;
  bool yes = false;
};

// What a command did, or found.
struct Told {
  Json json;
  std::string text;
  int code = kOk;
};

// Tells of several shards what was told of each. The worst code counts.
Told TellOfShards(std::vector<Told> each) {
  Told all{.json = {{"shards", Json::array()}}};
  for (size_t shard = 0; shard < each.size(); ++shard) {
    each[shard].json["shard"] = shard;
    all.json["shards"].push_back(std::move(each[shard].json));
    if (shard > 0) all.text += "\n";
    all.text += "shard " + std::to_string(shard) + ": " + each[shard].text;
    all.code = std::max(all.code, each[shard].code);
  }
  return all;
}

int Print(const Globals& globals, const Told& told) {
  cli::Print(globals, told.json, told.text);
  return told.code;
}

double SecondsSince(steady_clock::time_point start) {
  return duration<double>(steady_clock::now() - start).count();
}

std::string SecondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f s", seconds);
  return text;
}

// "record 1,200"; of several shards, as each has its own journal, "records 700, 500 of 2 shards".
std::string UpTo(uint64_t index, const std::vector<uint64_t>& shards) {
  if (shards.empty()) return "record " + Grouped(index);
  std::string text;
  for (const uint64_t each : shards) text += (text.empty() ? "records " : ", ") + Grouped(each);
  return text + " of " + Counted(shards.size(), "shard");
}

// --- backup ---

int MakeBackup(const Globals& globals, const Words& words) {
  const auto start = steady_clock::now();
  const Backup backup = words.from.empty() ? BackUpDaemon(globals.Connect(), words.to)
                                           : BackUpFolder(words.from, words.to);
  const double seconds = SecondsSince(start);
  Json json = {{"path", backup.path},
               {"index", backup.index},
               {"bytes", backup.bytes},
               {"seconds", seconds}};
  if (!backup.shards.empty()) json["shards"] = backup.shards;
  cli::Print(globals, json,
             backup.path + ": all up to " + UpTo(backup.index, backup.shards) + ", " +
                 Bytes(backup.bytes) + ", in " + SecondsText(seconds));
  return kOk;
}

// --- restore ---

// Restores a backup, or a shard's part of one.
Told RestoreInto(const std::string& from, const std::string& folder) {
  const auto start = steady_clock::now();
  const upkeep::LoadedState backup = Load(from);
  journal::PosixFiles files;
  Check(files.MakeFolder(folder));
  const auto lock = LockFolder(folder);
  upkeep::Restored restored;
  const journal::Status fault = upkeep::Restore(files, backup, folder, NowMs(), &restored);
  if (fault) throw std::runtime_error(fault->message);
  const double seconds = SecondsSince(start);
  return {.json = {{"folder", folder},
                   {"backup", cli::ToJson(restored.backup)},
                   {"restored", cli::ToJson(restored.state)},
                   {"sessions_ended", restored.renewal.sessions_ended},
                   {"numbers_from", restored.renewal.numbers_from},
                   {"seconds", seconds}},
          .text = folder + ": " + cli::ToText(restored.state) + ", as after record " +
                  Grouped(restored.state.index) + ", in " + SecondsText(seconds) + "\n" +
                  Counted(restored.renewal.sessions_ended, "session") +
                  " of the backup ended; fencing tokens and ids continue above " +
                  Grouped(restored.renewal.numbers_from)};
}

// The file that says how many shards there are comes last: no daemon starts on less than all.
Told RestoreShards(const std::vector<std::string>& parts, const std::string& folder) {
  journal::PosixFiles files;
  Check(files.MakeFolder(folder));
  const journal::Status fault = upkeep::RequireEmpty(files, folder);
  if (fault) throw std::runtime_error(fault->message);
  std::vector<Told> each;
  for (uint32_t shard = 0; shard < parts.size(); ++shard) {
    each.push_back(RestoreInto(parts[shard], store::ShardFolder(folder, shard)));
  }
  Check(files.SyncFolder(folder));
  Check(store::WriteShards(files, folder, static_cast<uint32_t>(parts.size())));
  Told all = TellOfShards(std::move(each));
  all.json["folder"] = folder;
  all.text += "\nstart the daemon with --shards " + std::to_string(parts.size());
  return all;
}

int RestoreBackup(const Globals& globals, const Words& words) {
  const std::string from = NewestIn(words.from);
  const std::vector<std::string> parts = PartsOf(from);
  return Print(globals,
               parts.size() > 1 ? RestoreShards(parts, words.to) : RestoreInto(from, words.to));
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

Told VerifyOne(const std::string& path) {
  const auto start = steady_clock::now();
  journal::ReadOnlyPosixFiles files;
  const bool is_folder = IsFolder(path);
  const auto lock = is_folder ? LockToRead(path) : nullptr;
  const upkeep::Verdict verdict =
      is_folder ? upkeep::VerifyFolder(files, path) : upkeep::VerifyFile(files, path);
  Told told{.json = ToJson(verdict), .text = ToText(verdict, SecondsSince(start))};
  if (!verdict.good()) told.code = kDamaged;
  for (const journal::Fault& fault : verdict.faults) {
    if (fault.code != 0) told.code = kFailed;  // Not damage: it could not be read.
  }
  return told;
}

Told VerifyAll(const std::string& path) {
  const std::vector<std::string> parts = PartsOf(path);
  if (parts.size() == 1) return VerifyOne(path);
  std::vector<Told> each;
  for (const std::string& part : parts) each.push_back(VerifyOne(part));
  Told all = TellOfShards(std::move(each));
  all.json["good"] = all.code == kOk;
  return all;
}

int Verify(const Globals& globals, const Words& words) {
  const std::string path = NewestIn(words.from);
  Told told = VerifyAll(path);
  told.json["path"] = path;
  if (path != words.from) told.text = "the newest backup there, " + path + ":\n" + told.text;
  return Print(globals, told);
}

// --- compact ---

Told CompactOne(const std::string& folder) {
  const auto start = steady_clock::now();
  journal::PosixFiles files;
  upkeep::Compacted compacted;
  Check(upkeep::Compact(files, folder, &compacted));
  const double seconds = SecondsSince(start);
  return {
      .json = {{"index", compacted.state.index},
               {"records", compacted.records},
               {"state", cli::ToJson(compacted.state)},
               {"seconds", seconds}},
      .text =
          compacted.records == 0
              ? "nothing to do: the snapshot has all up to record " + Grouped(compacted.state.index)
              : "the snapshot has all up to record " + Grouped(compacted.state.index) +
                    " now: " + cli::ToText(compacted.state) + ", " + Grouped(compacted.records) +
                    " records replayed, in " + SecondsText(seconds)};
}

int CompactOffline(const Globals& globals, const std::string& folder) {
  if (!IsFolder(folder)) throw UsageError(folder + " is no folder");
  const std::vector<std::string> parts = PartsOf(folder);
  const Locks locks = LockFolders(parts);
  std::vector<Told> each;
  for (const std::string& part : parts) each.push_back(CompactOne(part));
  return Print(globals, parts.size() > 1 ? TellOfShards(std::move(each)) : each.front());
}

int CompactDaemon(const Globals& globals) {
  const SnapshotMade made = Admin(globals.Connect()).snapshot();
  const double seconds = duration<double>(made.took).count();
  Json json = {{"index", made.index}, {"bytes", made.bytes}, {"seconds", seconds}};
  std::vector<uint64_t> shards;
  for (const ShardSnapshot& shard : made.shards) shards.push_back(shard.index);
  if (!shards.empty()) json["shards"] = shards;
  cli::Print(globals, json,
             (shards.empty() ? "the snapshot has" : "the snapshots have") +
                 std::string(" all up to ") + UpTo(made.index, shards) +
                 " now: " + Bytes(made.bytes) + ", in " + SecondsText(seconds));
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

std::string ToText(const upkeep::Renewal& renewal) {
  return Counted(renewal.sessions_ended, "session") +
         " ended; fencing tokens and ids continue above " + Grouped(renewal.numbers_from);
}

// A folder, or a shard's, and what is to be done about it.
struct Patient {
  std::string folder;
  uint32_t shard = 0;
  upkeep::RepairPlan plan;
  upkeep::Renewal renewal;

  bool is_good() const { return plan.faults.empty() && !plan.ends_sessions; }
};

Told TellOf(const Patient& patient, bool repaired) {
  const upkeep::RepairPlan& plan = patient.plan;
  if (patient.is_good()) {
    return {.json = ToJson(plan), .text = patient.folder + " is good: nothing to repair"};
  }
  Told told{.json = ToJson(plan), .code = repaired ? kOk : kDamaged};
  if (plan.faults.empty()) {
    told.text = patient.folder + " is good, but its sessions end: another shard loses records";
  } else {
    told.text = ToText(plan);
  }
  if (!repaired) return told;
  told.json["repaired"] = true;
  told.json["sessions_ended"] = patient.renewal.sessions_ended;
  told.text += "\nrepaired";
  if (plan.loses || plan.ends_sessions) told.text += ": " + ToText(patient.renewal);
  return told;
}

// A shard without a file is new, if no shard has a record yet: a daemon crashed at its first start.
// Else it had records as well, and they are gone.
void JudgeEmpty(std::vector<Patient>& patients) {
  const bool are_new = std::all_of(patients.begin(), patients.end(), [](const Patient& patient) {
    return patient.plan.last_seen == 0;
  });
  for (Patient& patient : patients) {
    if (patient.plan.is_empty) patient.plan.loses = !are_new;
  }
}

// Finds out what to do. What is lost on one shard was told to clients who go on on the others, so
// their sessions end everywhere.
std::vector<Patient> Examine(const std::vector<std::string>& parts) {
  journal::PosixFiles files;
  std::vector<Patient> patients;
  for (const std::string& part : parts) {
    const auto shard = static_cast<uint32_t>(patients.size());
    patients.push_back({.folder = part, .shard = shard});
    Check(upkeep::PlanRepair(files, part, shard, &patients.back().plan));
  }
  if (patients.size() == 1 && patients.front().plan.is_empty) {
    throw DamageFound(parts.front() +
                      " cannot be repaired: it has no journal and no snapshot. Restore a backup");
  }
  JudgeEmpty(patients);
  const bool loses = std::any_of(patients.begin(), patients.end(),
                                 [](const Patient& patient) { return patient.plan.loses; });
  for (Patient& patient : patients) {
    if (!loses || patient.plan.loses) continue;
    if (patient.plan.faults.empty()) {
      Check(upkeep::PlanRepair(files, patient.folder, patient.shard, &patient.plan, true));
    }
    patient.plan.ends_sessions = true;
  }
  return patients;
}

// Those that lose something come last: a repair that does not get to its end is found unfinished.
void Treat(std::vector<Patient>& patients) {
  journal::PosixFiles files;
  for (const bool loses : {false, true}) {
    for (Patient& patient : patients) {
      if (patient.is_good() || patient.plan.loses != loses) continue;
      Check(upkeep::Repair(files, patient.folder, NowMs(), &patient.plan, &patient.renewal));
    }
  }
}

int Repair(const Globals& globals, const Words& words) {
  if (!IsFolder(words.from)) throw UsageError(words.from + " is no folder");
  const std::vector<std::string> parts = PartsOf(words.from);
  journal::PosixFiles files;
  for (const std::string& part : parts) Check(files.MakeFolder(part));  // As a daemon would.
  const Locks locks = LockFolders(parts);
  std::vector<Patient> patients = Examine(parts);
  const bool good = std::all_of(patients.begin(), patients.end(),
                                [](const Patient& patient) { return patient.is_good(); });
  if (words.yes) Treat(patients);
  std::vector<Told> each;
  for (const Patient& patient : patients) each.push_back(TellOf(patient, words.yes));
  Told all = parts.size() > 1 ? TellOfShards(std::move(each)) : std::move(each.front());
  if (!good && !words.yes) all.text += "\nnothing was changed: say --yes to repair";
  return Print(globals, all);
}

}  // namespace

void AddFolderCommands(CLI::App& app, const Globals& globals, Action* action) {
  const auto words = std::make_shared<Words>();  // Between the parser and the action.
  const auto add = [&](const std::string& name, const std::string& help,
                       const std::string& examples, auto work) {
    CLI::App* command = app.add_subcommand(name, help);
    command->footer("Examples:\n" + examples + kFolderExitCodes);
    command->callback([&globals, action, words, work] {
      *action = [&globals, words, work] { return work(globals, *words); };
    });
    return command;
  };
  CLI::App* backup =
      add("backup",
          "Copies all that the daemon holds into one file; of several shards into a folder with "
          "one for each",
          "  coheldctl backup monday.coheld       while the daemon works; replaces a backup of "
          "this name\n"
          "  coheldctl backup /var/backups/coheld    one more in this folder, if it is there\n"
          "  coheldctl backup monday.coheld --data-dir /var/lib/coheld    no daemon runs\n",
          MakeBackup);
  backup->add_option("file", words->to, "The file, or a folder for it")->required();
  backup->add_option("--data-dir", words->from, "Of this folder, which no daemon uses");

  CLI::App* restore = add("restore",
                          "Makes a data folder from a backup. Its sessions end, and tokens and ids "
                          "continue above all that were ever given out",
                          "  coheldctl restore monday.coheld /var/lib/coheld\n"
                          "  coheldctl restore /var/backups/coheld /var/lib/coheld    the newest "
                          "backup there\n"
                          "A backup of several shards is for a daemon with as many (--shards).\n",
                          RestoreBackup);
  restore->add_option("backup", words->from, "The backup, or a folder with some: the newest")
      ->required();
  restore->add_option("folder", words->to, "The new data folder; empty, or not there")->required();

  add("verify", "Checks and replays all that is in a data folder or a backup",
      "  coheldctl verify /var/lib/coheld\n  coheldctl verify monday.coheld\n", Verify)
      ->add_option("path", words->from,
                   "A data folder that no daemon uses, a backup, or a folder with some: the newest")
      ->required();

  add("compact", "Has a snapshot made in place of the journal",
      "  coheldctl compact                    of the daemon that runs\n"
      "  coheldctl compact /var/lib/coheld    no daemon runs\n",
      Compact)
      ->add_option("folder", words->from,
                   "A data folder that no daemon uses (default: the daemon's, while it runs)");

  CLI::App* repair = add("repair",
                         "Makes a damaged data folder usable with what is good of it, and tells "
                         "what is lost",
                         "  coheldctl repair /var/lib/coheld          what is damaged, and what "
                         "would be lost\n"
                         "  coheldctl repair /var/lib/coheld --yes    does it\n",
                         Repair);
  repair->add_option("folder", words->from, "A data folder that no daemon uses")->required();
  repair->add_flag("--yes", words->yes, "Do it; without this it only tells");
}

}  // namespace coheld::cli
