// The daemon's certificate and key, as they are in their files now: read at start and again on
// demand. What is done with them is wire/tls_stream.h's.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "proto/wire/tls_context.h"

namespace coheld::transport {

// Thread-safe: all listeners share one.
class TlsIdentity {
 public:
  // Reads nothing yet.
  explicit TlsIdentity(wire::TlsFiles files) : files_(std::move(files)) {}

  // Reads the files. New connections use what is there now, and none is dropped; tickets given
  // before resume nothing any more. If a file cannot be used returns false, with what is wrong in
  // *error, and all stays as it was. Logs warnings about what is used and should not be.
  bool Load(std::string* error);

  // What new connections use; null before the first Load that went well.
  std::shared_ptr<const wire::TlsContext> current() const;

 private:
  const wire::TlsFiles files_;
  mutable std::mutex mutex_;  // Short.
  std::shared_ptr<const wire::TlsContext> current_;
};

}  // namespace coheld::transport
