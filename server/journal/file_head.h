// What every file of the journal begins with, in all versions: so that each program can tell a file
// that is damaged from one that a newer program wrote.
//
//   0   magic     8 bytes, what the file is
//   8   version   4 bytes, of the file's format: a program reads those up to its own
//   12  features  4 bytes, a bit for each thing that a reader has to know
//   16  ...       40 bytes, the file's own
//   56  checksum  8 bytes, XXH3 of bytes 0-55
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coheld::journal {

inline constexpr size_t kFileHeadBytes = 64;

// What a file is, and what this program knows of such files.
struct FileKind {
  std::string_view magic;
  std::string_view name;  // For people: "a journal segment".
  uint32_t version = 1;   // The newest.
  uint32_t features = 0;  // The bits that are known.
};

inline constexpr FileKind kSegmentKind{.magic = "coheldJ1", .name = "a journal segment"};
inline constexpr FileKind kSnapshotKind{.magic = "coheldS1", .name = "a snapshot"};

// Whether a file can be read, and if not, why.
struct HeadVerdict {
  enum class Kind {
    kGood,
    kDamaged,  // It is not such a file, or not whole.
    kNewer,    // It is whole, and needs a newer program.
  };
  Kind kind = Kind::kGood;
  std::string why;  // For people; empty if it is good.
};

// Begins a file of this kind: 64 bytes with magic and version, to be filled in and sealed.
std::string BeginHead(const FileKind& kind);
// Writes the checksum of a head.
void SealHead(std::string* bytes);
// Judges the head that the bytes of a file begin with.
HeadVerdict JudgeHead(const FileKind& kind, std::string_view bytes);

}  // namespace coheld::journal
