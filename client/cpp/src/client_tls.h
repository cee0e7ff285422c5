// What a client's TLS connections are made with: the options, completed by the environment, and the
// files as they are now. Handshakes are link.h's.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "client/cpp/src/socket.h"
#include "coheld/client.h"
#include "proto/wire/tls_context.h"

namespace coheld::core {

// Returns the options for an address: what is missing is taken from the environment, and the name
// from the address. Throws InvalidArgument if there are any for an address without TLS.
TlsOptions CompleteTls(TlsOptions options, const Address& address);

// The context made from the files, which is made anew when one of them changed: certificates are
// renewed while programs run. Thread-safe; a child process needs one of its own.
class TlsFilesInUse {
 public:
  // Throws InvalidArgument if the files cannot be used, and never could.
  std::shared_ptr<const wire::TlsContext> Context(const TlsOptions& options);

 private:
  // When a file was written, and which it is.
  struct Stamp {
    int64_t seconds = 0;
    int64_t nanoseconds = 0;
    uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::array<Stamp, 3>;

  static Stamp StampOf(const std::string& path);

  std::mutex mutex_;
  Stamps stamps_{};
  std::shared_ptr<const wire::TlsContext> context_;
};

}  // namespace coheld::core
