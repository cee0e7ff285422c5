// See client_tls.h.
#include "client/cpp/src/client_tls.h"

#include <sys/stat.h>

#include <cstdlib>
#include <utility>

#include "client/cpp/src/fork_guard.h"

namespace coheld::core {
namespace {

void TakeFromEnvironment(const char* variable, std::string* option) {
  const char* const value = std::getenv(variable);
  if (option->empty() && value != nullptr) *option = value;
}

}  // namespace

TlsOptions CompleteTls(TlsOptions options, const Address& address) {
  if (!address.has_tls()) {
    if (options == TlsOptions{}) return options;
    throw InvalidArgument(
        Reason::kInvalidArgument,
        "options for TLS, but the address \"" + address.text() + "\" is not tls://host:port");
  }
  TakeFromEnvironment("COHELD_TLS_CA", &options.ca_file);
  // A certificate and its key come from one place.
  if (options.cert_file.empty() && options.key_file.empty()) {
    TakeFromEnvironment("COHELD_TLS_CERT", &options.cert_file);
    TakeFromEnvironment("COHELD_TLS_KEY", &options.key_file);
  }
  TakeFromEnvironment("COHELD_TLS_SERVER_NAME", &options.server_name);
  if (options.server_name.empty()) options.server_name = address.host();
  return options;
}

TlsFilesInUse::Stamp TlsFilesInUse::StampOf(const std::string& path) {
  struct stat status {};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {.seconds = status.st_mtim.tv_sec,
          .nanoseconds = status.st_mtim.tv_nsec,
          .inode = status.st_ino};
}

std::shared_ptr<const wire::TlsContext> TlsFilesInUse::Context(const TlsOptions& options) {
  const Stamps now = {StampOf(options.ca_file), StampOf(options.cert_file),
                      StampOf(options.key_file)};
  const std::lock_guard guard(mutex_);
  if (context_ != nullptr && now == stamps_) return context_;
  std::string error;
  const CryptoLock computing;
  auto made = wire::TlsContext::ForClient(
      {.certificate = options.cert_file, .key = options.key_file, .authorities = options.ca_file},
      &error);
  if (made == nullptr && context_ == nullptr) {
    throw InvalidArgument(Reason::kInvalidArgument, "TLS: " + error);
  }
  // Files that are just being replaced: the old ones may do for once.
  if (made == nullptr) return context_;
  stamps_ = now;
  context_ = std::move(made);
  return context_;
}

}  // namespace coheld::core
