// See tls_identity.h.
#include "server/transport/tls_identity.h"

#include <sys/stat.h>

#include <cstdio>
#include <utility>

#include <spdlog/spdlog.h>

namespace coheld::transport {
namespace {

// Orchestrators mount keys with modes that nobody can choose, so this is no error.
void WarnOfReaders(const std::string& key) {
  struct stat status {};
  if (::stat(key.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return;
  spdlog::warn("tls_key_readable path={} mode={:04o} hint=\"others can read it; chmod 600 it\"",
               key, status.st_mode & 07777);
}

}  // namespace

bool TlsIdentity::Load(std::string* error) {
  auto loaded = wire::TlsContext::ForServer(files_, error);
  if (loaded == nullptr) return false;
  WarnOfReaders(files_.key);
  if (loaded->OutOfDate()) {
    spdlog::warn(
        "tls_certificate_out_of_date path={} certificate=\"{}\" hint=\"clients refuse it\"",
        files_.certificate, loaded->Describe());
  }
  spdlog::info("tls_loaded certificate=\"{}\" clients={}", loaded->Describe(),
               files_.authorities.empty() ? "any" : "with a certificate");
  const std::lock_guard guard(mutex_);
  current_ = std::move(loaded);
  return true;
}

std::shared_ptr<const wire::TlsContext> TlsIdentity::current() const {
  const std::lock_guard guard(mutex_);
  return current_;
}

}  // namespace coheld::transport
