// Bytes on their way to a socket: small ones are copied together, large ones only referred to, so
// that a large value costs the load generator what it costs a plain sender. No I/O.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coheld::bench {

class Output {
 public:
  // What is shorter is copied: a piece of its own would cost more.
  static constexpr size_t kStableBytesMin = 4096;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  void Append(std::string_view bytes);
  // Appends bytes that stay where they are until they are sent.
  void AppendStable(std::string_view bytes);
  // Moves the first `bytes` bytes, at most size(), of another output to the end of this one.
  void MoveFrom(Output* source, size_t bytes);
  void MoveAllFrom(Output* source);

  // Fills in what is next to send and returns how many places that took. All is valid until the
  // next change.
  size_t Pieces(iovec* pieces, size_t pieces_max) const;
  // Drops the first bytes.
  void Drop(size_t bytes);

 private:
  struct Piece {
    const char* stable;  // Null: `own_` from `begin` on.
    size_t begin;
    size_t bytes;
  };

  std::string_view View(const Piece& piece) const {
    return piece.stable == nullptr ? std::string_view(own_).substr(piece.begin, piece.bytes)
                                   : std::string_view(piece.stable, piece.bytes);
  }
  void Clear();

  std::string own_;
  std::vector<Piece> pieces_;
  size_t first_ = 0;  // The piece that is next.
  size_t size_ = 0;
};

}  // namespace coheld::bench
