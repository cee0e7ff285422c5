// See header_block.h.
#include "server/transport/header_block.h"

#include <algorithm>

#include "proto/wire/check.h"

namespace coheld::transport {
namespace {

// A connection's memory of blocks: as many kinds of calls as a client has in its loop.
constexpr size_t kKnownMax = 8;
constexpr size_t kBlockBytesMax = 64;
constexpr size_t kRequestBytesMax = 1024;

// True if every field is an index of one byte (RFC 7541, 6.1): such a block leaves the dynamic
// table as it is.
bool OnlyIndexes(std::string_view block) {
  return std::all_of(block.begin(), block.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte > 0x80 && byte < 0xff;
  });
}

std::string_view Text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

HeaderBlockReader::HeaderBlockReader(size_t bytes_max)
    : parser_(bytes_max), request_(&parser_.request()) {
  nghttp2_hd_inflater* inflater = nullptr;
  COHELD_CHECK(nghttp2_hd_inflate_new(&inflater) == 0);
  inflater_.reset(inflater);
}

BlockStep HeaderBlockReader::Read(std::string_view fragment, BlockKind kind, bool ends) {
  const bool whole = ends && !in_block_;
  if (whole && kind == BlockKind::kRequest) {
    if (const RequestHeaders* known = Recall(fragment)) {
      request_ = known;
      return BlockStep::kWhole;
    }
  }
  request_ = &parser_.request();
  if (!in_block_) parser_.Begin(kind);
  in_block_ = true;
  const bool only_indexes = whole && OnlyIndexes(fragment);
  if (!only_indexes) known_.clear();
  const BlockStep step = Inflate(fragment, ends);
  if (step != BlockStep::kWhole) return step;
  in_block_ = false;
  parser_.End();
  if (only_indexes && kind == BlockKind::kRequest) Remember(fragment);
  return BlockStep::kWhole;
}

const RequestHeaders* HeaderBlockReader::Recall(std::string_view block) const {
  for (const Known& known : known_) {
    if (known.block == block) return &known.request;
  }
  return nullptr;
}

void HeaderBlockReader::Remember(std::string_view block) {
  if (block.size() > kBlockBytesMax || request_->bytes > kRequestBytesMax) return;
  Known known{.block = std::string(block), .request = *request_};
  if (known_.size() < kKnownMax) {
    known_.push_back(std::move(known));
    return;
  }
  known_[next_known_] = std::move(known);
  next_known_ = (next_known_ + 1) % kKnownMax;
}

BlockStep HeaderBlockReader::Inflate(std::string_view fragment, bool ends) {
  const auto* in = reinterpret_cast<const uint8_t*>(fragment.data());
  size_t left = fragment.size();
  while (true) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t used =
        nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, in, left, ends ? 1 : 0);
    if (used < 0) return BlockStep::kDamaged;
    in += used;
    left -= static_cast<size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      parser_.Add(Text(field.name, field.namelen), Text(field.value, field.valuelen));
      continue;
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    if (left == 0) return BlockStep::kMore;
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return BlockStep::kWhole;
}

}  // namespace coheld::transport
