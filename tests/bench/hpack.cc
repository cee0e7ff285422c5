// See hpack.h.
#include "tests/bench/hpack.h"

#include <algorithm>

#include "proto/wire/check.h"
#include "proto/wire/hpack.h"

namespace coheld::bench {
namespace {

constexpr size_t kStaticFields = 61;

// Returns the field's index in the static table, of those that we use; 0 if it has none.
size_t StaticIndex(const HeaderField& field) {
  if (field == HeaderField{":method", "POST"}) return 3;
  if (field == HeaderField{":scheme", "http"}) return 6;
  return 0;
}

// True if every field is an index into a table: such a block leaves the table as it is.
bool OnlyIndexes(std::string_view block) {
  return std::all_of(block.begin(), block.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte > 0x80 && byte < 0xff;
  });
}

}  // namespace

std::string HeaderEncoder::Encode(const std::vector<HeaderField>& fields) {
  std::string block;
  for (const HeaderField& field : fields) {
    if (const size_t index = StaticIndex(field)) {
      wire::AppendHpackInteger(0x80, 7, index, &block);
      continue;
    }
    const auto found = std::find(table_.begin(), table_.end(), field);
    if (found != table_.end()) {
      const auto age = static_cast<size_t>(table_.end() - found);
      wire::AppendHpackInteger(0x80, 7, kStaticFields + age, &block);
      continue;
    }
    block.push_back(0x40);  // Literal with incremental indexing, new name.
    wire::AppendHpackText(field.first, &block);
    wire::AppendHpackText(field.second, &block);
    table_.push_back(field);
  }
  return block;
}

HeaderDecoder::HeaderDecoder() { COHELD_CHECK(nghttp2_hd_inflate_new(&inflater_) == 0); }

HeaderDecoder::~HeaderDecoder() { nghttp2_hd_inflate_del(inflater_); }

bool HeaderDecoder::Succeeds(std::string_view block) {
  if (std::find(known_.begin(), known_.end(), block) != known_.end()) return true;
  if (!OnlyIndexes(block)) known_.clear();
  const bool succeeds = Inflate(block);
  if (succeeds && OnlyIndexes(block)) known_.emplace_back(block);
  return succeeds;
}

bool HeaderDecoder::Inflate(std::string_view block) {
  failure_.clear();
  const auto* in = reinterpret_cast<const uint8_t*>(block.data());
  size_t left = block.size();
  int flags = 0;
  while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
    nghttp2_nv field;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, in, left, 1);
    if (used < 0) {
      failure_ = "damaged header block";
      return false;
    }
    in += used;
    left -= static_cast<size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
    const std::string name(reinterpret_cast<char*>(field.name), field.namelen);
    const std::string value(reinterpret_cast<char*>(field.value), field.valuelen);
    if ((name == ":status" && value != "200") || (name == "grpc-status" && value != "0") ||
        (name == "grpc-message" && !value.empty())) {
      failure_ += name + ": " + value + "; ";
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  return failure_.empty();
}

}  // namespace coheld::bench
