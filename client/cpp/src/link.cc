// See link.h. OpenSSL computes under CryptoLock, so that a child inherits none of its locks.
#include "client/cpp/src/link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "client/cpp/src/fork_guard.h"
#include "client/cpp/src/frame.h"
#include "proto/wire/check.h"

namespace coheld::core {
namespace {

constexpr size_t kHandshakeBytes = 16 << 10;
constexpr size_t kReceiveBytes = 64 << 10;
// So much of a record may have come before, beyond what is received now.
constexpr size_t kReceiveRoom = wire::kTlsRecordBytes + 1024;

// How much may be received for a buffer of that size.
size_t CipherFor(size_t size) {
  COHELD_CHECK(size > kReceiveRoom);
  return std::min(kReceiveBytes, size - kReceiveRoom);
}

// What to do about it.
std::string Advice(const wire::TlsStream& stream) {
  using Trouble = wire::TlsStream::Trouble;
  switch (stream.trouble()) {
    case Trouble::kNoTls:
      return "; connect to host:port without tls://, or start it with --tls-cert";
    case Trouble::kUnknownAuthority:
      return "; name a file with its authority's certificate as the CA file";
    case Trouble::kCertificateWanted:
      return "; it serves only clients with a certificate: name the files of one and of its key";
    case Trouble::kOther:
      return "";
  }
  return "";
}

}  // namespace

Link::Link(Socket socket) : socket_(std::move(socket)) {}

Link::Link(Socket socket, const wire::TlsContext& context, const std::string& server_name,
           const WaitLimits& limits)
    : socket_(std::move(socket)) {
  {
    const CryptoLock computing;
    tls_ = std::make_unique<Tls>(context);
    tls_->stream.ExpectServer(server_name);
  }
  Handshake(limits);
}

Link::~Link() {
  if (tls_ == nullptr) return;
  const CryptoLock computing;
  // Bytes that are half out would be broken by what follows them.
  if (own() && tls_->cipher.empty()) {
    tls_->stream.Close();
    tls_->stream.TakeOutput(&tls_->cipher);
    if (!tls_->cipher.empty()) (void)socket_.Send(tls_->cipher);
  }
  tls_.reset();
}

void Link::Handshake(const WaitLimits& limits) {
  std::array<char, kHandshakeBytes> buffer;
  while (!StepHandshake()) {
    const WaitEnd end = socket_.Wait(!tls_->cipher.empty(), limits);
    if (end == WaitEnd::kInterrupted) throw Interrupted("interrupted while connecting");
    if (end == WaitEnd::kTimeout) {
      throw LinkBroken{"the peer did not answer the TLS handshake in time", ETIMEDOUT};
    }
    const std::optional<size_t> received = socket_.Receive(buffer.data(), buffer.size());
    if (!received) {
      const int failure = errno;
      throw LinkBroken{failure == 0 ? "the peer closed the connection during the TLS handshake"
                                    : std::strerror(failure),
                       failure, true};
    }
    tls_->stream.Feed({buffer.data(), *received});
  }
  // What follows the handshake waits for the first Receive.
  tls_->early = tls_->stream.unread();
  tls_->stream.Feed(tls_->early);
}

bool Link::StepHandshake() {
  {
    const CryptoLock computing;
    tls_->stream.Handshake();
    tls_->stream.TakeOutput(&tls_->cipher);
  }
  (void)SendCipher();  // If that fails, receiving says why.
  if (!tls_->stream.error().empty()) Break();
  return tls_->stream.established();
}

void Link::Break() const { throw LinkBroken{tls_->stream.error() + Advice(tls_->stream)}; }

std::optional<size_t> Link::Send(std::string_view bytes) {
  return tls_ == nullptr ? socket_.Send(bytes) : SendEncrypted(bytes);
}

std::optional<size_t> Link::Receive(char* buffer, size_t size) {
  return tls_ == nullptr ? socket_.Receive(buffer, size) : ReceiveEncrypted(buffer, size);
}

WaitEnd Link::WaitAndReceive(char* buffer, size_t size, const WaitLimits& limits,
                             std::optional<size_t>* received) {
  if (tls_ == nullptr) return socket_.WaitAndReceive(buffer, size, limits, received);
  if (!tls_->early.empty() || !tls_->cipher.empty()) {
    const WaitEnd end = Wait(/*also_writable=*/false, limits);
    if (end == WaitEnd::kReady) *received = Receive(buffer, size);
    return end;
  }
  std::array<char, kReceiveBytes> cipher;
  std::optional<size_t> came;
  const WaitEnd end = socket_.WaitAndReceive(cipher.data(), CipherFor(size), limits, &came);
  if (end == WaitEnd::kReady) *received = Take(cipher.data(), came, buffer, size);
  return end;
}

WaitEnd Link::Wait(bool also_writable, const WaitLimits& limits) const {
  if (tls_ != nullptr && !tls_->early.empty()) return WaitEnd::kReady;
  return socket_.Wait(also_writable || (tls_ != nullptr && !tls_->cipher.empty()), limits);
}

// One record at a time: as long as a part of it is missing the daemon has nothing of it.
std::optional<size_t> Link::SendEncrypted(std::string_view bytes) {
  if (tls_->cipher.empty()) {
    const CryptoLock computing;
    const std::string_view record = bytes.substr(0, wire::kTlsRecordBytes);
    if (!tls_->stream.Write(record, &tls_->cipher)) throw LinkBroken{tls_->stream.error()};
    tls_->cipher_plain = record.size();
  }
  const std::optional<bool> sent = SendCipher();
  if (!sent) return std::nullopt;
  return *sent ? std::exchange(tls_->cipher_plain, 0) : 0;
}

std::optional<bool> Link::SendCipher() {
  Tls& tls = *tls_;
  while (tls.cipher_sent < tls.cipher.size()) {
    const std::optional<size_t> sent =
        socket_.Send(std::string_view(tls.cipher).substr(tls.cipher_sent));
    if (!sent) return std::nullopt;
    if (*sent == 0) return false;
    tls.cipher_sent += *sent;
  }
  tls.cipher.clear();
  tls.cipher_sent = 0;
  return true;
}

std::optional<size_t> Link::ReceiveEncrypted(char* buffer, size_t size) {
  if (!tls_->early.empty()) {
    const size_t ready = Decrypt(buffer, size);
    std::string().swap(tls_->early);
    if (ready > 0) return ready;
  }
  std::array<char, kReceiveBytes> cipher;
  return Take(cipher.data(), socket_.Receive(cipher.data(), CipherFor(size)), buffer, size);
}

std::optional<size_t> Link::Take(const char* cipher, std::optional<size_t> received, char* buffer,
                                 size_t size) {
  if (!received || *received == 0) return received;
  tls_->stream.Feed({cipher, *received});
  const size_t ready = Decrypt(buffer, size);
  if (ready == 0 && !tls_->stream.error().empty()) Break();
  if (ready == 0 && tls_->stream.ended()) {
    errno = 0;
    return std::nullopt;
  }
  return ready;
}

size_t Link::Decrypt(char* buffer, size_t size) {
  const CryptoLock computing;
  size_t filled = 0;
  while (const size_t read = tls_->stream.Read(buffer + filled, size - filled)) filled += read;
  COHELD_CHECK(filled < size);
  return filled;
}

}  // namespace coheld::core
