// See format.h.
#include "server/journal/format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <charconv>
#include <cstring>

#include "proto/wire/check.h"
#include "server/journal/little_endian.h"

namespace coheld::journal {
namespace {

constexpr size_t kNameDigits = 20;
constexpr size_t kBodyChecksumAt = 32;
constexpr size_t kBatchChecksumAt = 40;

uint64_t BatchChecksum(uint64_t salt, std::string_view header) {
  return XXH3_64bits_withSeed(header.data(), kBatchChecksumAt, salt);
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string bytes = BeginHead(kSegmentKind);
  PutNumber(header.salt, 16, &bytes);
  PutNumber(header.first, 24, &bytes);
  PutNumber(header.previous, 32, &bytes);
  PutNumber(header.bytes, 40, &bytes);
  SealHead(&bytes);
  return bytes;
}

std::optional<SegmentHeader> DecodeSegmentHeader(std::string_view bytes, HeadVerdict* verdict) {
  *verdict = JudgeHead(kSegmentKind, bytes);
  if (verdict->kind != HeadVerdict::Kind::kGood) return std::nullopt;
  return SegmentHeader{.salt = GetNumber<uint64_t>(bytes, 16),
                       .first = GetNumber<uint64_t>(bytes, 24),
                       .previous = GetNumber<uint64_t>(bytes, 32),
                       .bytes = GetNumber<uint64_t>(bytes, 40)};
}

void SealBatch(uint64_t salt, BatchHeader* header, std::span<char> batch) {
  COHELD_CHECK(batch.size() >= kBatchHeaderBytes &&
               batch.size() <= kBatchHeaderBytes + kBatchBodyBytesMax);
  header->size = static_cast<uint32_t>(batch.size() - kBatchHeaderBytes);
  PutNumber(header->size, 0, batch);
  PutNumber(header->count, 4, batch);
  PutNumber(header->first, kBatchFirstAt, batch);
  PutNumber(header->durable, 16, batch);
  PutNumber(header->previous, 24, batch);
  header->body_checksum = XXH3_64bits(batch.data() + kBatchHeaderBytes, header->size);
  PutNumber(header->body_checksum, kBodyChecksumAt, batch);
  header->checksum = BatchChecksum(salt, {batch.data(), batch.size()});
  PutNumber(header->checksum, kBatchChecksumAt, batch);
}

std::optional<BatchHeader> DecodeBatchHeader(uint64_t salt, std::string_view bytes) {
  if (bytes.size() < kBatchHeaderBytes) return std::nullopt;
  const auto checksum = GetNumber<uint64_t>(bytes, kBatchChecksumAt);
  if (checksum != BatchChecksum(salt, bytes)) return std::nullopt;
  return BatchHeader{.size = GetNumber<uint32_t>(bytes, 0),
                     .count = GetNumber<uint32_t>(bytes, 4),
                     .first = GetNumber<uint64_t>(bytes, kBatchFirstAt),
                     .durable = GetNumber<uint64_t>(bytes, 16),
                     .previous = GetNumber<uint64_t>(bytes, 24),
                     .body_checksum = GetNumber<uint64_t>(bytes, kBodyChecksumAt),
                     .checksum = checksum};
}

bool HasBody(const BatchHeader& header, std::string_view bytes) {
  return bytes.size() >= kBatchHeaderBytes + header.size &&
         XXH3_64bits(bytes.data() + kBatchHeaderBytes, header.size) == header.body_checksum;
}

std::optional<std::string_view> TakeRecord(std::string_view* body) {
  uint64_t size = 0;
  size_t used = 0;
  for (unsigned shift = 0;; shift += 7) {
    if (used == body->size() || shift > 28) return std::nullopt;
    const auto byte = static_cast<uint8_t>((*body)[used++]);
    size |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) break;
  }
  if (size > body->size() - used) return std::nullopt;
  const std::string_view record = body->substr(used, size);
  body->remove_prefix(used + size);
  return record;
}

std::string NumberedName(std::string_view prefix, uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(prefix) + std::string(kNameDigits - digits.size(), '0') + digits;
}

std::optional<uint64_t> NumberIn(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole && name.size() == kNameDigits ? std::optional(number) : std::nullopt;
}

}  // namespace coheld::journal
