// One side of a TLS connection as a pure byte machine over OpenSSL: the peer's bytes in, plain
// bytes out, and the other way round. No socket, no clock.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "proto/wire/tls_context.h"

struct bio_st;
struct ssl_st;
struct x509_st;
struct x509_store_ctx_st;

namespace coheld::wire {

// What one record holds at most: what is encrypted at once by pieces of this size arrives whole, or
// not at all.
inline constexpr size_t kTlsRecordBytes = 16384;

// Returns a certificate's subject and end, for people: "CN=host until 2030-01-31".
std::string DescribeCertificate(const x509_st* certificate);

// The byte machine. Used by one thread at a time.
class TlsStream {
 public:
  explicit TlsStream(const TlsContext& context);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Clients, before anything else: tells the daemon this name, or address, and accepts a
  // certificate for nothing else.
  void ExpectServer(const std::string& name);

  // Gives bytes that the peer sent. They have to stay valid until Read gave nothing more.
  void Feed(std::string_view cipher) { input_ = cipher; }
  // Goes on with the handshake, which a client's first call begins, without reading beyond it.
  // Returns established(). TakeOutput is to follow.
  bool Handshake();
  // Goes on with the handshake, and decrypts into the buffer. Returns the bytes; 0 when all that
  // was fed is used, or nothing follows: see ended() and error(). To be called until it is 0, and
  // then TakeOutput.
  size_t Read(char* buffer, size_t size);
  // What was fed and not used yet.
  std::string_view unread() const { return input_; }
  // Encrypts, appending to *cipher. Only once established. False if the connection is broken.
  bool Write(std::string_view plain, std::string* cipher);
  // Appends what TLS itself has for the peer: handshakes, alerts, answers.
  void TakeOutput(std::string* cipher);
  // Tells the peer that nothing follows (close_notify); TakeOutput has it.
  void Close();

  // True once the handshake is done, and for ever.
  bool established() const { return established_; }
  // True if the peer said that nothing follows: what came is complete.
  bool ended() const { return ended_; }
  // Why the connection is of no more use, about the peer: "it speaks no TLS". Empty: it is.
  const std::string& error() const { return error_; }
  // What kind of error() it is, where something can be done about it.
  enum class Trouble { kOther, kNoTls, kUnknownAuthority, kCertificateWanted };
  Trouble trouble() const { return trouble_; }

  // For the callbacks of tls_context.cc.
  static TlsStream& Of(const ssl_st* connection);
  // Says why the handshake is about to fail.
  void NoteFault(std::string fault) { fault_ = std::move(fault); }
  void NoteCertificate(x509_store_ctx_st* checked);

 private:
  struct Bytes;  // The BIO's side.

  bool LooksLikeTls();
  bool AgreedOnH2() const;
  // Takes the result of a call that failed: sets ended_ or error_, or neither.
  void Fail(int result);
  std::string Explain();

  ssl_st* const connection_;
  std::string_view input_;
  std::string output_;
  std::string* sink_ = &output_;  // Where the BIO writes to.
  std::string expected_name_;
  std::string fault_;
  std::string error_;
  bool begun_ = false;  // Its first byte came.
  bool established_ = false;
  bool ended_ = false;
  Trouble trouble_ = Trouble::kOther;
};

}  // namespace coheld::wire
