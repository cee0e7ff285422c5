// What TLS connections have in common: certificate, key, authorities, and the rules (TLS 1.2 and
// later, ALPN h2). Made from PEM files, for either side. Connections are tls_stream.h's.
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace coheld::wire {

// PEM files; empty: none.
struct TlsFiles {
  std::string certificate;  // Our own, followed by what leads to its authority.
  std::string key;          // Of `certificate`; not encrypted.
  std::string authorities;  // Who signs the certificates of peers.

  bool empty() const { return certificate.empty() && key.empty() && authorities.empty(); }
};

// Immutable: threads may share one. A connection keeps what it needs of it alive.
class TlsContext {
 public:
  // For a daemon: needs certificate and key; with authorities clients must have a certificate.
  // Returns null, and what was wrong in *error, if a file cannot be used.
  static std::shared_ptr<const TlsContext> ForServer(const TlsFiles& files, std::string* error);
  // For a client: without authorities those of the system are trusted; certificate and key are for
  // daemons that ask for them.
  static std::shared_ptr<const TlsContext> ForClient(const TlsFiles& files, std::string* error);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  bool server() const { return server_; }
  // What our certificate says, for a log: "CN=host until 2030-01-31". Empty without one.
  std::string Describe() const;
  // True if our certificate is not valid now: not yet, or no more.
  bool OutOfDate() const;

  ssl_ctx_st* native() const { return context_; }

 private:
  explicit TlsContext(bool server);
  // All return what was wrong, or nothing.
  std::string Load(const TlsFiles& files);
  std::string LoadOwn(const TlsFiles& files);
  std::string LoadAuthorities(const std::string& path);

  ssl_ctx_st* const context_;
  const bool server_;
};

}  // namespace coheld::wire
