// See output.h.
#include "tests/bench/output.h"

#include <algorithm>
#include <utility>

namespace coheld::bench {

void Output::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  if (pieces_.empty() || pieces_.back().stable != nullptr) {
    pieces_.push_back({.stable = nullptr, .begin = own_.size(), .bytes = 0});
  }
  own_.append(bytes);
  pieces_.back().bytes += bytes.size();
  size_ += bytes.size();
}

void Output::AppendStable(std::string_view bytes) {
  if (bytes.size() < kStableBytesMin) return Append(bytes);
  pieces_.push_back({.stable = bytes.data(), .begin = 0, .bytes = bytes.size()});
  size_ += bytes.size();
}

void Output::MoveFrom(Output* source, size_t bytes) {
  while (bytes > 0) {
    const Piece& piece = source->pieces_[source->first_];
    const std::string_view part = source->View(piece).substr(0, bytes);
    piece.stable == nullptr ? Append(part) : AppendStable(part);
    bytes -= part.size();
    source->Drop(part.size());
  }
}

void Output::MoveAllFrom(Output* source) {
  if (empty()) return std::swap(*this, *source);
  MoveFrom(source, source->size());
}

size_t Output::Pieces(iovec* pieces, size_t pieces_max) const {
  const size_t count = std::min(pieces_max, pieces_.size() - first_);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view bytes = View(pieces_[first_ + i]);
    pieces[i] = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  }
  return count;
}

void Output::Drop(size_t bytes) {
  size_ -= bytes;
  if (size_ == 0) return Clear();
  while (bytes > 0) {
    Piece& piece = pieces_[first_];
    const size_t part = std::min(bytes, piece.bytes);
    if (piece.stable == nullptr) {
      piece.begin += part;
    } else {
      piece.stable += part;
    }
    piece.bytes -= part;
    bytes -= part;
    if (piece.bytes == 0) ++first_;
  }
}

void Output::Clear() {
  own_.clear();
  pieces_.clear();
  first_ = 0;
}

}  // namespace coheld::bench
