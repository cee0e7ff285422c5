// Bytes on their way from a session to its socket: what is small is copied into one buffer, large
// payloads are lent. Written with as few system calls as the socket allows.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coheld::transport {

// Smaller payloads are copied: a part of its own costs more.
inline constexpr size_t kLentBytesMin = 16 << 10;

// A part of a payload that goes out without being copied.
struct LentBytes {
  size_t at = 0;  // Goes before this place of the buffer.
  std::string_view bytes;
  std::shared_ptr<const std::string> owner;
};

class Output {
 public:
  // The buffer; appending to it appends to the output.
  std::string& buffer() { return buffer_; }
  // Appends bytes of *owner without copying them.
  void Lend(std::string_view bytes, std::shared_ptr<const std::string> owner);

  size_t size() const { return buffer_.size() - buffer_sent_ + lent_bytes_; }
  bool empty() const { return size() == 0; }
  // Lent parts that take memory: those that are sent are forgotten many at a time.
  size_t parts_kept() const { return lent_.size(); }
  // Lists what comes first, as far as there is room; returns how much of `parts` was filled.
  size_t Gather(std::span<iovec> parts) const;
  // Forgets so many bytes at the front.
  void Pop(size_t bytes);
  // Forgets all; the buffer too if it is larger than that.
  void Clear(size_t bytes_kept);
  // Moves so many bytes from the front behind what `out` has; lent parts stay lent.
  void MoveTo(size_t bytes, Output* out);
  // Moves everything behind what `out` has, by copying it.
  void MoveTo(std::string* out);

 private:
  // Drops what is sent from the front of the buffer and of the list, which may never run empty.
  // Not before it is at least half of them, so that a byte is moved once on the average.
  void Compact();

  std::string buffer_;
  size_t buffer_sent_ = 0;
  std::vector<LentBytes> lent_;
  size_t lent_sent_ = 0;   // Of these parts, those that are sent as a whole.
  size_t lent_bytes_ = 0;  // In those that are not.
};

}  // namespace coheld::transport
