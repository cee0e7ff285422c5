// A TLS client that can be made to misbehave, over OpenSSL itself, and a server that says nothing.
// Tests only.
#pragma once

#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace coheld::testing {

enum class TlsVersion { k11, k12, k13 };

// One connection to 127.0.0.1. Trusts everybody. Throws std::runtime_error when anything fails.
class TlsPeer {
 public:
  struct Options {
    std::string protocol = "h2";  // Offered by ALPN; empty: no ALPN.
    TlsVersion newest = TlsVersion::k13;
    bool handshake = true;  // False: only connects the socket.
  };

  TlsPeer(const std::string& port, const Options& options);
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  // The handshake in two steps: what goes before the daemon's first answer, and all that follows.
  void Begin();
  void Finish();
  // The daemon's certificate's common name.
  std::string PeerSubject() const;
  std::string Version() const;
  // Asks for a renegotiation; true if the daemon agrees.
  bool Renegotiates();
  // Sends bytes beside TLS.
  void SendRaw(std::string_view bytes);

 private:
  int socket_ = -1;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* connection_ = nullptr;
};

// Accepts connections, in the kernel only.
class SilentServer {
 public:
  SilentServer();
  ~SilentServer();
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  const std::string& address() const { return address_; }

 private:
  int socket_;
  std::string address_;
};

}  // namespace coheld::testing
