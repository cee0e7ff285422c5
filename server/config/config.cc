// See config.h.
#include "server/config/config.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <limits>

#include "server/config/key_file.h"

namespace coheld::config {
namespace {

constexpr char kDescription[] =
    "coheld holds lists, dicts, values, queues and locks for processes on this and other hosts, "
    "and\n"
    "serves them over gRPC. Clients: the Python package coheld, the C++ SDK, coheldctl, any gRPC "
    "client.";

constexpr char kFooter[] =
    "Examples:\n"
    "  coheld                                          listen on the default Unix socket\n"
    "  coheld --listen unix:/run/coheld.sock --listen 127.0.0.1:7420\n"
    "  coheld --data-dir /var/lib/coheld                keep everything there\n"
    "  coheld --config /etc/coheld.toml\n"
    "\n"
    "Without --data-dir everything is held in memory and ends with the daemon. With it nothing "
    "that\n"
    "was acknowledged is lost, whatever becomes of the daemon or the host: sync waits for the "
    "disk,\n"
    "async for the system only, so that a power cut may take the last 100 ms.\n"
    "\n"
    "Without --key-file whoever can open the socket can use it. With one a client has to prove "
    "that it knows the key. Without --tls-cert nothing on TCP is encrypted, so listen only where "
    "the\n"
    "network is trusted.\n"
    "\n"
    "A key:  (umask 077; head -c 32 /dev/urandom | base64 > coheld.key)\n"
    "\n"
    "SIGTERM or SIGINT: no new connections, waiting calls end with UNAVAILABLE, the rest is "
    "finished.\n"
    "SIGHUP: the files of --tls-cert, --tls-key and --tls-client-ca are read again; connections "
    "stay.\n"
    "Exit codes: 0 clean end, 1 could not run (address in use, ...), 2 bad flags or config file,\n"
    "3 the disk failed, 4 another daemon uses the data folder.";

// What an idle daemon needs, and room to work.
constexpr uint64_t kMemoryMaxMin = uint64_t{16} << 20;
constexpr uint64_t kMaxUint32 = std::numeric_limits<uint32_t>::max();

void AddTransportFlags(CLI::App& app, transport::TransportLimits& limits) {
  const auto group = app.add_option_group("Connections");
  group
      ->add_option("--message-bytes-max", limits.session.message_bytes_max,
                   "Largest message taken, in bytes")
      ->check(CLI::Range(size_t{1024}, size_t{1} << 30))
      ->capture_default_str();
  group->add_option("--connections-max", limits.connections_max, "Most connections open at once")
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}))
      ->capture_default_str();
  group
      ->add_option("--streams-max", limits.session.streams_max,
                   "Most calls open at once on a connection")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1'000'000}))
      ->capture_default_str();
  group
      ->add_option("--queued-bytes-max", limits.queued_bytes_max,
                   "A connection with more unsent output is not read from")
      ->check(CLI::Range(size_t{64} << 10, size_t{1} << 40))
      ->capture_default_str();
  group
      ->add_option("--write-stall-ms-max", limits.write_stall_ms_max,
                   "A peer that reads nothing for so long is dropped")
      ->check(CLI::Range(uint64_t{100}, kMaxUint32))
      ->capture_default_str();
  group
      ->add_option("--keepalive-interval-ms", limits.keepalive_interval_ms,
                   "PING a connection after so much silence; 0 never")
      ->check(CLI::Range(uint64_t{0}, kMaxUint32))
      ->capture_default_str();
  group
      ->add_option("--keepalive-timeout-ms", limits.keepalive_timeout_ms,
                   "A TCP peer whose host acknowledges nothing for so long is dropped")
      ->check(CLI::Range(uint64_t{100}, kMaxUint32))
      ->capture_default_str();
}

// Returns the policy that a word, which is one, stands for.
engine::DeadlockPolicy DeadlockPolicyOf(const std::string& word) {
  if (word == "closer") return engine::DeadlockPolicy::kCloser;
  if (word == "youngest") return engine::DeadlockPolicy::kYoungest;
  return engine::DeadlockPolicy::kReport;
}

void AddDispatchFlags(CLI::App& app, dispatch::DispatchLimits& limits) {
  const auto group = app.add_option_group("Sessions and calls");
  group
      ->add_option(
          "--session-ttl-ms", limits.session_ttl_ms,
          "How long a session outlives its last connection, unless the client asks otherwise")
      ->check(CLI::Range(limits.session_ttl_ms_min, limits.session_ttl_ms_max))
      ->capture_default_str();
  group->add_option("--sessions-max", limits.sessions_max, "Most sessions open at once")
      ->check(CLI::Range(size_t{1}, size_t{10'000'000}))
      ->capture_default_str();
  group
      ->add_option_function<std::string>(
          "--deadlock",
          [&limits](const std::string& word) { limits.deadlock = DeadlockPolicyOf(word); },
          "Which call fails (DEADLOCK) of those that wait for each other in a ring:\n"
          "closer: the one that closes it; youngest: the one whose owner has had for the\n"
          "shortest time what the others wait for; report: none, the log tells")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"closer", "youngest", "report"}))
      ->default_str("closer");
  group->add_option("--parked-max", limits.parked_max, "Most calls waiting at once")
      ->check(CLI::Range(size_t{1}, size_t{100'000'000}))
      ->capture_default_str();
  group
      ->add_option("--parked-per-connection-max", limits.parked_per_connection_max,
                   "Most calls waiting at once on one connection")
      ->check(CLI::Range(size_t{1}, size_t{100'000'000}))
      ->capture_default_str();
}

void AddDurabilityFlags(CLI::App& app, Config& config, std::string* durability) {
  const auto group = app.add_option_group("Durability");
  group
      ->add_option("--data-dir", config.data_dir,
                   "Keep everything in this folder, which is made if need be")
      ->type_name("DIR");
  group
      ->add_option("--durability", *durability,
                   "What a reply waits for. memory: nothing; async: its records survive the\n"
                   "daemon; sync: they are on the disk. Default: sync with --data-dir, else memory")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"memory", "async", "sync"}));
  group
      ->add_option("--segment-bytes", config.segment_bytes,
                   "Size of the journal's files; k, m and g are understood")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(uint64_t{64} << 10, uint64_t{1} << 30))
      ->default_str("64m");
  group
      ->add_option(
          "--snapshot-after", config.snapshot_after,
          "Write a snapshot, and let go of the journal before it, when the journal has grown by\n"
          "so much, and by as much as the last snapshot is large; 0: only on demand")
      ->transform(CLI::AsSizeValue(false))
      ->default_str("256m");
}

void AddMemoryFlag(CLI::App& app, uint64_t* memory_max) {
  app.add_option_group("Memory")
      ->add_option("--memory-max", *memory_max,
                   "Most memory for objects, kept replies, buffers and connections together; k, m\n"
                   "and g are understood. What adds something is refused near it (MEMORY_FULL),\n"
                   "nothing is ever dropped for it. 0: no limit")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(kMemoryMaxMin, uint64_t{1} << 50) | CLI::IsMember({0}))
      ->default_str("0");
}

void AddTlsFlags(CLI::App& app, wire::TlsFiles* files) {
  const auto group = app.add_option_group("TLS");
  group
      ->add_option(
          "--tls-cert", files->certificate,
          "Encrypt all TCP connections (clients: tls://host:port): the daemon's\n"
          "certificate and what leads to its authority, in a PEM file. The files are read\n"
          "again on SIGHUP")
      ->type_name("FILE");
  group->add_option("--tls-key", files->key, "The certificate's key, in a PEM file")
      ->type_name("FILE");
  group
      ->add_option("--tls-client-ca", files->authorities,
                   "Serve only TCP clients that have a certificate of one of these authorities")
      ->type_name("FILE");
}

// Takes the level that the word says; returns what is wrong with it, or nothing.
std::string SetDurability(const std::string& word, Config* config) {
  const bool keeps = !config->data_dir.empty();
  if (word.empty()) {
    config->durability = keeps ? journal::Level::kSync : journal::Level::kMemory;
    return "";
  }
  if (!keeps && word != "memory") {
    return "--durability " + word + " needs a --data-dir to keep anything in";
  }
  if (keeps && word == "memory") {
    return "--durability memory keeps nothing in --data-dir \"" + config->data_dir +
           "\"; leave one of them out";
  }
  if (keeps) config->durability = word == "sync" ? journal::Level::kSync : journal::Level::kAsync;
  return "";
}

// Returns what is wrong with the values together, or nothing.
std::string Complaint(const Config& config) {
  for (const std::string& address : config.listen) {
    if (address.starts_with("tls://")) {
      return "--listen: \"" + address + "\": TLS on host:port is made by --tls-cert and --tls-key";
    }
    const bool unix_path = address.starts_with("unix:") && address.size() > 5;
    if (!unix_path && address.rfind(':') == std::string::npos) {
      return "--listen: \"" + address + "\" is neither unix:/path nor host:port";
    }
  }
  const wire::TlsFiles& tls = config.tls;
  if (tls.certificate.empty() != tls.key.empty()) {
    return tls.key.empty() ? "--tls-cert needs --tls-key, the certificate's key"
                           : "--tls-key needs --tls-cert, the key's certificate";
  }
  if (!tls.authorities.empty() && tls.certificate.empty()) {
    return "--tls-client-ca needs --tls-cert and --tls-key: without TLS nobody shows a certificate";
  }
  return "";
}

}  // namespace

DurabilityWords WordsOf(journal::Level level) {
  switch (level) {
    case journal::Level::kMemory:
      return {"memory", "what is held ends with the daemon"};
    case journal::Level::kAsync:
      return {"async", "a power cut may take the last 100 ms"};
    case journal::Level::kSync:
      return {"sync", "nothing that was acknowledged is lost"};
  }
  return {};
}

std::string DefaultAddress() {
  const char* runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir != nullptr && *runtime_dir != '\0') {
    return std::string("unix:") + runtime_dir + "/coheld.sock";
  }
  return "unix:/tmp/coheld-" + std::to_string(getuid()) + "/coheld.sock";
}

std::variant<Config, Exit> Parse(int argc, const char* const* argv) {
  Config config;
  std::string durability;
  std::string key_file;
  pid_t exit_with_pid = 0;
  uint64_t memory_max = 0;
  CLI::App app(kDescription, "coheld");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("coheld ") + COHELD_VERSION);
  app.set_config("--config", "",
                 "Read flags from a TOML file, such as listen=[\"unix:/run/coheld.sock\"]");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--listen", config.listen,
                 "unix:/path or host:port (port 0: any free one); may be given more than once\n"
                 "default: " +
                     DefaultAddress())
      ->type_name("ADDRESS");
  app.add_option("--key-file", key_file,
                 "Serve only clients that prove to know the secret in this file,\n"
                 "which nobody but its owner may read")
      ->type_name("PATH");
  app.add_option("--log-level", config.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--shards", config.shards,
                 "Threads that serve connections, each with its part of the objects: an object's\n"
                 "{tag}, or its whole name, decides which. Ops on several objects need them on "
                 "one:\n"
                 "give them the same {tag}. A data folder keeps the number that it was made with")
      ->check(CLI::Range(uint32_t{1}, engine::kShardsMax))
      ->capture_default_str();
  app.add_option("--spin-us", config.spin_us,
                 "How long to look for work before sleeping, as long as some comes soon; 0: never")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--drain-ms", config.drain_ms, "How long SIGTERM waits for calls in flight")
      ->check(CLI::Range(uint64_t{0}, kMaxUint32))
      ->capture_default_str();
  app.add_option("--ready-fd", config.ready_fd,
                 "Write \"ready ADDRESS...\" to this descriptor when listening, then close it");
  app.add_option("--exit-with-pid", exit_with_pid,
                 "End when this process ends (for private daemons)")
      ->check(CLI::PositiveNumber);
  AddDurabilityFlags(app, config, &durability);
  AddMemoryFlag(app, &memory_max);
  AddTlsFlags(app, &config.tls);
  AddTransportFlags(app, config.transport);
  AddDispatchFlags(app, config.dispatch);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const int code = app.exit(error, out, err);
    return Exit{.code = code == 0 ? 0 : 2, .text = code == 0 ? out.str() : err.str()};
  }
  if (config.listen.empty()) config.listen.push_back(DefaultAddress());
  if (exit_with_pid > 0) config.exit_with_pid = exit_with_pid;
  config.dispatch.memory.max = config.transport.session.memory.max = memory_max;
  std::string complaint = Complaint(config);
  if (complaint.empty()) complaint = SetDurability(durability, &config);
  if (complaint.empty() && !key_file.empty()) {
    std::string error;
    if (!ReadKeyFile(key_file, &config.key, &error)) complaint = "--key-file: " + error;
  }
  if (!complaint.empty()) return Exit{.code = 2, .text = complaint + "\n"};
  return config;
}

}  // namespace coheld::config
