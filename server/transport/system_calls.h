// The system calls of every op, as they are. The C library's own of these names are points at which
// a thread can be cancelled, and each call pays for that once there is a second thread: some 50 ns
// an op here. Nobody cancels threads.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstddef>
#include <span>

namespace coheld::transport {

// As recv(2); errno is set.
inline ssize_t Receive(int descriptor, void* bytes, size_t size, int flags) {
  return ::syscall(SYS_recvfrom, descriptor, bytes, size, flags, nullptr, nullptr);
}

// As send(2); errno is set.
inline ssize_t Send(int descriptor, const void* bytes, size_t size, int flags) {
  return ::syscall(SYS_sendto, descriptor, bytes, size, flags, nullptr, 0);
}

// As sendmsg(2) with these parts; errno is set.
inline ssize_t SendParts(int descriptor, std::span<iovec> parts, int flags) {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::syscall(SYS_sendmsg, descriptor, &message, flags);
}

}  // namespace coheld::transport
