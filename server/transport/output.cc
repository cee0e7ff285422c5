// See output.h.
#include "server/transport/output.h"

#include <algorithm>
#include <utility>

namespace coheld::transport {
namespace {

constexpr size_t kCompactBytes = 1 << 20;
constexpr size_t kCompactParts = 256;

iovec Part(std::string_view bytes) {
  return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
}

}  // namespace

void Output::Lend(std::string_view bytes, std::shared_ptr<const std::string> owner) {
  lent_bytes_ += bytes.size();
  lent_.push_back({.at = buffer_.size(), .bytes = bytes, .owner = std::move(owner)});
}

size_t Output::Gather(std::span<iovec> parts) const {
  size_t filled = 0;
  size_t at = buffer_sent_;
  const std::string_view buffer = buffer_;
  for (size_t i = lent_sent_; i < lent_.size() && filled < parts.size(); ++i) {
    if (lent_[i].at > at) parts[filled++] = Part(buffer.substr(at, lent_[i].at - at));
    at = lent_[i].at;
    if (filled < parts.size()) parts[filled++] = Part(lent_[i].bytes);
  }
  if (filled < parts.size() && at < buffer.size()) parts[filled++] = Part(buffer.substr(at));
  return filled;
}

void Output::Pop(size_t bytes) {
  while (bytes > 0 && lent_sent_ < lent_.size()) {
    LentBytes& lent = lent_[lent_sent_];
    const size_t before = std::min(bytes, lent.at - buffer_sent_);
    buffer_sent_ += before;
    bytes -= before;
    const size_t popped = std::min(bytes, lent.bytes.size());
    lent.bytes.remove_prefix(popped);
    lent_bytes_ -= popped;
    bytes -= popped;
    if (!lent.bytes.empty()) break;
    lent.owner.reset();
    ++lent_sent_;
  }
  buffer_sent_ += bytes;
  Compact();
}

void Output::Compact() {
  if (lent_sent_ >= kCompactParts && lent_sent_ >= lent_.size() / 2) {
    lent_.erase(lent_.begin(), lent_.begin() + static_cast<ptrdiff_t>(lent_sent_));
    lent_sent_ = 0;
  }
  if (buffer_sent_ < kCompactBytes || buffer_sent_ < buffer_.size() / 2) return;
  for (size_t i = lent_sent_; i < lent_.size(); ++i) lent_[i].at -= buffer_sent_;
  buffer_.erase(0, buffer_sent_);
  buffer_sent_ = 0;
}

void Output::Clear(size_t bytes_kept) {
  buffer_.clear();
  if (buffer_.capacity() > bytes_kept) std::string().swap(buffer_);
  buffer_sent_ = 0;
  if (lent_.capacity() > 0) std::vector<LentBytes>().swap(lent_);
  lent_sent_ = 0;
  lent_bytes_ = 0;
}

void Output::MoveTo(size_t bytes, Output* out) {
  while (bytes > 0) {
    size_t moved = 0;
    const LentBytes* const next = lent_sent_ < lent_.size() ? &lent_[lent_sent_] : nullptr;
    if (next != nullptr && next->at == buffer_sent_) {
      moved = std::min(bytes, next->bytes.size());
      out->Lend(next->bytes.substr(0, moved), next->owner);
    } else {
      const size_t end = next != nullptr ? next->at : buffer_.size();
      moved = std::min(bytes, end - buffer_sent_);
      out->buffer_.append(buffer_, buffer_sent_, moved);
    }
    Pop(moved);
    bytes -= moved;
  }
}

void Output::MoveTo(std::string* out) {
  if (out->empty() && lent_.empty() && buffer_sent_ == 0) return out->swap(buffer_);
  while (!empty()) {
    iovec part;
    Gather({&part, 1});
    out->append(static_cast<const char*>(part.iov_base), part.iov_len);
    Pop(part.iov_len);
  }
  Clear(buffer_.capacity());
}

}  // namespace coheld::transport
