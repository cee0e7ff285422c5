// Everything the daemon can be told, from flags and a file, validated once and immutable after.
// Every limit of the daemon is in here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/dispatch/dispatcher.h"
#include "server/transport/listener.h"

namespace coheld::config {

struct Config {
  std::vector<std::string> listen;  // "unix:/path" or "host:port"; at least one.
  uint32_t shards = 1;              // Threads, each with its part of the objects.
  std::string data_dir;             // Where everything is kept; empty: in memory only.
  journal::Level durability = journal::Level::kMemory;  // What a reply waits for.
  uint64_t segment_bytes = uint64_t{64} << 20;          // Of the journal's files.
  uint64_t snapshot_after = uint64_t{256}
                            << 20;  // Journal bytes that make a snapshot due; 0: never.
  wire::TlsFiles tls;               // Of TCP connections; empty: they are not encrypted.
  std::string key;                  // The secret of --key-file; empty: everybody is served.
  std::string log_level = "info";
  uint32_t spin_us = 60;               // How long the loop looks for work before it sleeps.
  uint32_t drain_ms = 5000;            // What calls in flight get at SIGTERM.
  int ready_fd = -1;                   // Gets the ready line when the daemon listens; -1 for none.
  std::optional<pid_t> exit_with_pid;  // The daemon ends when this process does.
  transport::TransportLimits transport;
  dispatch::DispatchLimits dispatch;
};

// A word and a line for each level of durability.
struct DurabilityWords {
  std::string_view word;
  std::string_view meaning;
};
DurabilityWords WordsOf(journal::Level level);

// Ends the program at once: after --help or --version (code 0), or on bad usage (code 2).
struct Exit {
  int code = 0;
  std::string text;  // For stdout if the code is 0, else for stderr.
};

// Reads flags and, with --config, a TOML file whose keys are the flags' names; flags win.
std::variant<Config, Exit> Parse(int argc, const char* const* argv);

// Where the daemon listens and clients connect unless told otherwise: coheld.sock in
// XDG_RUNTIME_DIR, or in /tmp/coheld-UID.
std::string DefaultAddress();

}  // namespace coheld::config
