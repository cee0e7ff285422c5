// The connection to a coheld daemon: sessions, calls, forks, reconnects. The typed handles (list.h,
// dict.h, queue.h, shared_value.h, lock.h) are built on it; bindings for other languages use call()
// and call_many() directly.
//
// There are no background threads. Each call takes a connection from a pool, sends its frame, and
// waits for its own reply, so an op that is parked for hours holds up nobody else.
//
// Threads: any number may use one Client, and copies of it, at once.
// Fork: a child may go on using the clients it inherited; it gets connections and a session of its
// own, and never disturbs those of its parent. Locks stay with the parent.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coheld/error.h"

namespace coheld {

namespace core {
class Core;
}

// TLS, for an address tls://host:port. What is missing is taken from the environment's
// COHELD_TLS_CA, COHELD_TLS_CERT and COHELD_TLS_KEY, COHELD_TLS_SERVER_NAME. The files are PEM
// files; one that changes is read again for the next connection.
struct TlsOptions {
  // Certificates of the authorities that may have signed the daemon's. Empty: the system's.
  std::string ca_file;
  // The client's own certificate, followed by what leads to its authority, and its key, for a
  // daemon that wants one (coheld --tls-client-ca). Both or neither.
  std::string cert_file;
  std::string key_file;
  // The name, or address, that the daemon's certificate has to be for. Empty: the address's host.
  std::string server_name;

  bool operator==(const TlsOptions&) const = default;
};

// How a client connects. The defaults suit most programs.
struct ClientOptions {
  // How long connect() may take. Where nobody listens it fails at once; a daemon that is there but
  // cuts the connection, as it does when it ends, is tried again.
  std::chrono::milliseconds connect_timeout{5000};
  // Whether connect() also waits, up to connect_timeout, for a daemon that does not listen yet.
  bool wait_for_daemon = false;
  // How long an op goes on trying to reach a daemon that went away, with jittered pauses of up to
  // half a second, before it throws ConnectFailed, or OutcomeUnknown; the deadline of a call ends
  // that earlier. Absent: as long as it pays. A daemon with a data directory keeps its sessions
  // over a restart and gives each a full TTL after it: then the session's TTL, and 20 s for the
  // restart. Any other daemon: connect_timeout, as its restart ends all sessions.
  std::optional<std::chrono::milliseconds> reconnect_timeout = {};
  // How long the session, and with it every lock held, outlives its last connection. 0: the
  // daemon's default (10 s).
  std::chrono::milliseconds session_ttl{0};
  // The secret that the daemon shares with its clients (coheld --key-file). It is never sent: both
  // sides prove to know it, on each new connection. Empty: the daemon has to have none.
  std::string key;
  // How connections are encrypted; only for an address tls://host:port.
  TlsOptions tls = {};
  // Who this is, for people who look at the daemon; empty: the name of the running program.
  std::string program;
  // The largest reply accepted, in bytes.
  size_t message_bytes_max = size_t{64} << 20;
  // How many idle connections are kept; more are closed when they become idle. A process has as
  // many connections as threads that call at the same time; to make a new one takes several ops.
  size_t idle_channels_max = 256;
  // What CallOptions::on_interrupt is where none is given, as with all methods of handles.
  std::function<bool()> on_interrupt = {};
  // How long a wait may look for the reply again and again before it sleeps, giving its core to
  // whoever wants it meanwhile: where the machine is idle that saves the time of waking up, and
  // where it fails it is tried ever less often. At most 1 ms; 0: never. Absent: the environment's
  // COHELD_SPIN_US, or else 60 us. A process that may use one CPU only never does it.
  std::optional<std::chrono::microseconds> spin = {};
};

// Returns the key in a file, without a newline at its end. Throws InvalidArgument if the file is
// missing, empty, over 4096 bytes, or open to others than its owner.
std::string read_key_file(const std::string& path);

// Returns the calling thread's number: unique in the process, never reused, never 0. Together with
// the session it is the owner of locks.
uint64_t this_thread_id();

// Returns the fencing token that the ops of the calling thread carry; 0 but in the scope of a
// UsingToken (guard.h).
uint64_t this_thread_token();

// How one call is made.
struct CallOptions {
  // The logical thread that owns the op.
  uint64_t thread = this_thread_id();
  // How long the op may be parked, over all its connections; then Timeout is thrown and it did not
  // happen. OutcomeUnknown if the daemon is out of reach then, and it may have happened. Rounded up
  // to whole milliseconds; absent: for ever.
  std::optional<std::chrono::milliseconds> deadline;
  // Called when a signal interrupts the wait, and about four times a second while it lasts. When it
  // returns true the op is cancelled and Interrupted thrown; the client stays usable.
  std::function<bool()> on_interrupt;
  // The token of the lock that guards the object (guard.h); 0: the caller holds the lock, if need
  // be.
  uint64_t token = this_thread_token();
  // Where in the program the call is, as "file:line function", for people who ask who holds what
  // and who waits (admin.h). What is beyond 200 bytes is not sent. The bytes must stay valid during
  // the call.
  std::string_view site = {};
};

// One op of a pipeline: a method number of the protos, and its serialised request. The bytes must
// stay valid during the call.
struct PipelinedCall {
  uint32_t method = 0;
  std::string_view request;
};

// The answer to one op of a pipeline.
struct CallResult {
  // The serialised reply; empty if the op failed.
  std::string reply;
  // Why the op failed, or kUnspecified if it did not, and the message for people.
  Reason reason = Reason::kUnspecified;
  std::string message;

  bool ok() const { return reason == Reason::kUnspecified; }
  // Returns the reply, or throws what Client::call would have thrown.
  const std::string& value() const {
    if (!ok()) throw_error(reason, message);
    return reply;
  }
  // The same, moving the reply out.
  std::string take() {
    (void)value();
    return std::move(reply);
  }
};

// What the daemon said when the session was opened.
struct SessionDetails {
  uint64_t id = 0;
  std::chrono::milliseconds ttl{0};
  std::string durability;  // "memory", "async" or "sync".
  std::string version;     // The daemon's.
};

class Batch;

// A handle on the connection; copies share it. The session ends when the last copy is gone.
class Client {
 public:
  // Connects to "unix:/path", "host:port" or "[v6]:port", or the latter two after "tls://", and
  // opens a session. Throws ConnectFailed (also if the daemon's certificate is not accepted, or it
  // does not accept ours), InvalidArgument for an address of another form or files that cannot be
  // used, TooMany, Unauthenticated if the daemon's key is
  // another than options.key, or only one of the two has any.
  static Client connect(const std::string& address = default_address(), ClientOptions options = {});

  // Returns the environment's COHELD_ADDRESS, or else the address on which a daemon listens by
  // default: $XDG_RUNTIME_DIR/coheld.sock, or /tmp/coheld-<uid>/coheld.sock without that variable.
  static std::string default_address();

  // Makes one op: serialised request of the method in, serialised reply out. Throws what the op's
  // reason maps to (error.h); ConnectFailed if the op did not happen because no connection could be
  // made. When the connection breaks, the op is sent again over a new one, and the daemon does it
  // once: nobody notices but by the time it takes. If the session ended before that, or the daemon
  // is not reached in time, nobody can tell whether a changing op happened: OutcomeUnknown. An op
  // that surely did not happen in a session that is gone is made in a new one, but for the release
  // of a lock, which throws SessionExpired.
  std::string call(uint32_t method, std::string_view request,
                   const CallOptions& options = {}) const;

  // The same, but a failure that the daemon answered is returned instead of thrown.
  CallResult try_call(uint32_t method, std::string_view request,
                      const CallOptions& options = {}) const;

  // Makes many ops with one write; they are applied in order, while replies of parked ones do not
  // hold up the others. Returns one answer for each, in order. Throws only if nothing was sent, or
  // Interrupted (the ops that were still parked are cancelled). When the connection breaks, ops
  // without an answer are sent again, as call does; reads among them may see later ops of the same
  // batch. Where that ends, a changing op that may have happened is OUTCOME_UNKNOWN, others are
  // CONNECTION_LOST.
  std::vector<CallResult> call_many(std::span<const PipelinedCall> calls,
                                    const CallOptions& options = {}) const;

  // Collects ops and makes them with one write (batch.h).
  Batch batch() const;

  // The address it was connected with.
  const std::string& address() const;
  // The options it was connected with.
  const ClientOptions& options() const;
  // The session in use now; opens one if there is none.
  SessionDetails session() const;
  // The id of the session in use now; 0 if there is none. Sends nothing.
  uint64_t session_id() const noexcept;

  // Ends the session at once: its locks are released and its anonymous objects freed. All copies
  // are closed too; a later call opens a new session. Must not run during calls of other threads.
  // Never throws: without a connection the session ends by its TTL.
  void close() const noexcept;

  // Makes an op whose answer nobody wants, if that session is still in use: what destructors do. It
  // waits for no answer and never throws. It is made before the ops of later calls, once, also if
  // the connection breaks; it is lost with the session only.
  void post(uint64_t session, uint32_t method, std::string request) const noexcept;
  // The same for ops to be made in this order, in whichever session is in use now.
  void post(std::span<const PipelinedCall> calls) const noexcept;

  // For the SDK itself.
  core::Core& core() const { return *core_; }

 private:
  explicit Client(std::shared_ptr<core::Core> core) : core_(std::move(core)) {}

  std::shared_ptr<core::Core> core_;  // Between the copies of the handle.
};

}  // namespace coheld
