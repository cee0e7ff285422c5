// See file_head.h.
#include "server/journal/file_head.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "server/journal/little_endian.h"

namespace coheld::journal {
namespace {

constexpr size_t kVersionAt = 8;
constexpr size_t kFeaturesAt = 12;
constexpr size_t kChecksumAt = 56;

uint64_t ChecksumOf(std::string_view bytes) { return XXH3_64bits(bytes.data(), kChecksumAt); }

// Names the bits: "2 and 5".
std::string BitsIn(uint32_t features) {
  std::string text;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((features >> bit & 1) == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(bit);
  }
  return text;
}

}  // namespace

std::string BeginHead(const FileKind& kind) {
  std::string bytes(kFileHeadBytes, '\0');
  bytes.replace(0, kind.magic.size(), kind.magic);
  PutNumber(kind.version, kVersionAt, &bytes);
  return bytes;
}

void SealHead(std::string* bytes) { PutNumber(ChecksumOf(*bytes), kChecksumAt, bytes); }

HeadVerdict JudgeHead(const FileKind& kind, std::string_view bytes) {
  using Kind = HeadVerdict::Kind;
  if (bytes.size() < kFileHeadBytes) return {Kind::kDamaged, "the file is shorter than its header"};
  if (!bytes.starts_with(kind.magic)) {
    return {Kind::kDamaged, "it does not begin as " + std::string(kind.name) + " does"};
  }
  if (GetNumber<uint64_t>(bytes, kChecksumAt) != ChecksumOf(bytes)) {
    return {Kind::kDamaged, "the header's checksum is wrong"};
  }
  const auto version = GetNumber<uint32_t>(bytes, kVersionAt);
  if (version == 0 || version > kind.version) {
    return {Kind::kNewer, "it has version " + std::to_string(version) +
                              ", and the newest that this program reads is " +
                              std::to_string(kind.version)};
  }
  const auto unknown = GetNumber<uint32_t>(bytes, kFeaturesAt) & ~kind.features;
  if (unknown != 0) {
    return {Kind::kNewer,
            "it needs features that this program does not have: bits " + BitsIn(unknown)};
  }
  return {};
}

}  // namespace coheld::journal
