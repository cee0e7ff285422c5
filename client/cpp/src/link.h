// A connected socket, encrypted or not: what a channel reads from and writes to. No HTTP.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/cpp/src/socket.h"
#include "proto/wire/tls_stream.h"

namespace coheld::core {

// Used by one thread at a time. In a child process a parent's Link may be destroyed, nothing else.
class Link {
 public:
  // Nothing is encrypted.
  explicit Link(Socket socket);
  // Makes the handshake as a client of the daemon with that name. Throws LinkBroken, Interrupted.
  Link(Socket socket, const wire::TlsContext& context, const std::string& server_name,
       const WaitLimits& limits);
  ~Link();
  Link(Link&&) noexcept = default;

  // Sends what the kernel takes at once and returns how much, 0 if it takes nothing now; nothing
  // when the connection is broken (errno tells why). Of bytes that were not taken nothing arrived;
  // with TLS the next call has to begin with them. Throws LinkBroken.
  std::optional<size_t> Send(std::string_view bytes);

  // Receives what is there: nothing now (0), or nothing ever again (no value; errno is 0 at the
  // end). The size is 32 KiB or more. Throws LinkBroken if the daemon refused us, or anything is
  // wrong with TLS.
  std::optional<size_t> Receive(char* buffer, size_t size);

  // Waits until bytes came and receives them: socket.h.
  WaitEnd WaitAndReceive(char* buffer, size_t size, const WaitLimits& limits,
                         std::optional<size_t>* received);

  // Waits until there may be something to receive, or to send if that is asked for too.
  WaitEnd Wait(bool also_writable, const WaitLimits& limits) const;

  bool encrypted() const { return tls_ != nullptr; }

  // True unless this process is a child of the one that made it.
  bool own() const { return socket_.own(); }

 private:
  // What TLS needs; null without.
  struct Tls {
    explicit Tls(const wire::TlsContext& context) : stream(context) {}

    wire::TlsStream stream;
    std::string early;        // What came with the end of the handshake.
    std::string cipher;       // What goes next ...
    size_t cipher_sent = 0;   // ... from here on ...
    size_t cipher_plain = 0;  // ... and how many bytes of the caller's that is.
  };

  void Handshake(const WaitLimits& limits);
  bool StepHandshake();
  // Throws what the stream's error is.
  [[noreturn]] void Break() const;
  std::optional<size_t> SendEncrypted(std::string_view bytes);
  std::optional<size_t> ReceiveEncrypted(char* buffer, size_t size);
  // Takes what the socket gave, and returns what Receive does.
  std::optional<size_t> Take(const char* cipher, std::optional<size_t> received, char* buffer,
                             size_t size);
  size_t Decrypt(char* buffer, size_t size);
  // Sends the rest of `cipher`: false if the kernel takes no more now; nothing when the connection
  // is broken.
  std::optional<bool> SendCipher();

  Socket socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace coheld::core
