// coheldctl: looks at a coheld daemon and its objects, and changes them, from a shell. The command
// line only; the commands are in *_commands.cc.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "server/journal/failpoint.h"

namespace coheld::cli {
namespace {

constexpr char kAbout[] =
    "Looks at a coheld daemon and its objects, and changes them.\n\n"
    "A VALUE, KEY or item is read as JSON if it is JSON (5, -1.5, true, null, \"text\", [1, 2], "
    "{\"a\": 1}), else it is text as it stands. Text is printed as it stands, all else as Python "
    "prints it; with --json, as JSON.\n";

constexpr char kFooter[] =
    "Examples:\n"
    "  coheldctl push tasks a b '{\"n\": 3}'    a list of two texts and a map\n"
    "  coheldctl get tasks -1                 its last item\n"
    "  coheldctl set stock apples 5           a dict with one entry\n"
    "  coheldctl --json get stock | jq .apples\n"
    "  coheldctl push --type queue jobs 1 2 3\n"
    "  coheldctl pop --timeout 10 jobs        waits for a job\n"
    "  coheldctl queue work jobs -- ./run {}  no job is lost with a program that fails\n"
    "  coheldctl ls --type lock; coheldctl describe my-lock\n"
    "  coheldctl locks; coheldctl waits       who holds what, who waits for whom\n"
    "  coheldctl explain my-lock              why it is not to be had\n"
    "  coheldctl lock acquire backup -- rsync -a here there    one at a time, on all hosts\n"
    "  coheldctl semaphore create slots --permits 3; coheldctl semaphore acquire slots -- make\n"
    "  coheldctl event wait ready --timeout 60 && start\n"
    "  coheldctl topic subscribe news & coheldctl topic publish news hello\n"
    "  coheldctl watch stock                  its changes as they happen, until Ctrl-C\n"
    "  coheldctl ttl stock 3600               deletes it in an hour\n"
    "  coheldctl backup monday.coheld         all that it holds, while it works\n"
    "  coheldctl restore monday.coheld /var/lib/coheld; coheldctl verify /var/lib/coheld\n"
    "  coheldctl dump /var/lib/coheld --object stock    who did what to it, and when\n\n"
    "Exit codes: 0 done; 1 no such object, key, index or item, queue empty or full, or the time is "
    "over; 2 wrong command line; 3 no daemon answers; 4 the daemon refused the op, or a file could "
    "not be used; 5 what is on disk is "
    "damaged; 130 Ctrl-C. "
    "acquire and work with a program have the program's.";

// Returns the command line backwards, as CLI11 wants it; words of which there may be many are
// hidden from its splitting.
std::vector<std::string> Words(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  constexpr std::array kTakeMany = {"push", "publish", "call"};
  const auto verb =
      std::find_first_of(words.begin(), words.end(), kTakeMany.begin(), kTakeMany.end());
  if (words.end() - verb > 2) std::transform(verb + 2, words.end(), verb + 2, HideArray);
  std::reverse(words.begin(), words.end());
  return words;
}

// The core reads the environment itself.
void AddTlsFlags(CLI::App& app, TlsOptions* tls) {
  app.add_option("--tls-ca", tls->ca_file,
                 "The authorities that may have signed the daemon's certificate, a PEM file "
                 "(default: $COHELD_TLS_CA, or the system's)");
  app.add_option("--tls-cert", tls->cert_file,
                 "Our own certificate, a PEM file, for a daemon that wants one (default: "
                 "$COHELD_TLS_CERT)");
  app.add_option("--tls-key", tls->key_file, "The certificate's key (default: $COHELD_TLS_KEY)");
  app.add_option("--tls-server-name", tls->server_name,
                 "What the daemon's certificate has to be for (default: $COHELD_TLS_SERVER_NAME, "
                 "or the address's host)");
}

int Run(int argc, char** argv) {
  if (const std::string wrong = journal::ArmFailpoint(); !wrong.empty()) throw UsageError(wrong);
  CLI::App app(kAbout, "coheldctl");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  Globals globals;
  app.add_option("-a,--address,--connect", globals.address,
                 "The daemon: unix:/path, host:port, [v6]:port or tls://host:port (default: "
                 "$COHELD_ADDRESS, or where a daemon listens by default)")
      ->capture_default_str();
  app.add_option("--connect-timeout", globals.connect_seconds,
                 "How long to try to connect, seconds")
      ->capture_default_str();
  app.add_option("--key-file", globals.key_file, "The file with the daemon's key, if it has one")
      ->envname("COHELD_KEY_FILE");
  AddTlsFlags(app, &globals.tls);
  app.add_flag("--json", globals.json, "Print JSON");
  app.set_version_flag("--version", "coheldctl " COHELD_VERSION);
  Action action;
  AddAdminCommands(app, globals, &action);
  AddExplainCommands(app, globals, &action);
  AddReadCommands(app, globals, &action);
  AddWriteCommands(app, globals, &action);
  AddLockCommands(app, globals, &action);
  AddSignalCommands(app, globals, &action);
  AddStructureCommands(app, globals, &action);
  AddQueueCommands(app, globals, &action);
  AddFollowCommands(app, globals, &action);
  AddFolderCommands(app, globals, &action);
  AddDumpCommand(app, &action);
  try {
    app.parse(Words(argc, argv));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  return action();
}

}  // namespace

}  // namespace coheld::cli

int main(int argc, char** argv) {
  try {
    return coheld::cli::Run(argc, argv);
  } catch (...) {
    return coheld::cli::ReportException();
  }
}
