// Fuzzes the reading of a journal segment: any bytes, among them batches whose checksums are right
// whatever the rest of them says.
#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/wire/check.h"
#include "server/journal/format.h"
#include "server/journal/segment_reader.h"
#include "tests/fuzz/byte_source.h"

namespace coheld::journal {
namespace {

constexpr uint64_t kSalt = 4711;

// Appends a sealed batch of the fuzzer's fields and body; half the time it goes on where the last
// one ended.
void AppendBatch(fuzz::ByteSource& source, BatchHeader* last, std::string* segment) {
  const uint8_t choice = source.Byte();
  BatchHeader header{.count = source.Byte(),
                     .first = choice & 1 ? last->end() : source.Long(),
                     .durable = source.Byte(),
                     .previous = choice & 2 ? last->checksum : source.Long()};
  std::string batch(kBatchHeaderBytes, '\0');
  for (uint32_t record = 0; choice & 4 && record < header.count; ++record) {
    const std::string_view bytes = source.Bytes(source.Below(16));
    const size_t before = batch.size();
    batch.resize(before + kRecordHeadBytesMax + bytes.size());
    const char* const end = WriteRecord({{bytes}}, bytes.size(), batch.data() + before);
    batch.resize(static_cast<size_t>(end - batch.data()));
  }
  if (!(choice & 4)) batch += source.Bytes(source.Below(64));
  SealBatch(kSalt, &header, batch);
  *last = header;
  *segment += batch;
}

void Read(const SegmentHeader& header, std::string_view segment) {
  SegmentReader reader(header, segment);
  uint64_t next = header.first;
  while (std::optional<SegmentReader::Batch> batch = reader.Next()) {
    COHELD_CHECK(batch->header.first == next);
    for (; next < batch->header.end(); ++next) NextRecord(&batch->body);
    COHELD_CHECK(batch->body.empty());
  }
  COHELD_CHECK(reader.next_index() == next);
  const SegmentEnd& end = reader.end();
  COHELD_CHECK(end.offset + end.size <= segment.size());
  COHELD_CHECK((end.kind == SegmentEnd::Kind::kClean) == (end.size == 0));
  COHELD_CHECK((end.kind == SegmentEnd::Kind::kDamaged) <= (reader.durable() >= next));
}

}  // namespace
}  // namespace coheld::journal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace coheld::journal;
  coheld::fuzz::ByteSource source(bytes, size);
  const SegmentHeader header{.salt = kSalt, .first = 1, .previous = 7};
  std::string segment = EncodeSegmentHeader(header);
  BatchHeader last{.first = header.first, .checksum = header.previous};
  while (!source.empty()) {
    switch (source.Below(4)) {
      case 0:
        segment += source.Bytes(source.Below(100));
        break;
      case 1:
        segment.append(source.Below(100), '\0');
        break;
      case 2:
      case 3:
        AppendBatch(source, &last, &segment);
        break;
    }
  }
  Read(header, segment);
  HeadVerdict verdict;
  const auto raw = std::string_view(reinterpret_cast<const char*>(bytes), size);
  (void)DecodeSegmentHeader(raw, &verdict);
  return 0;
}
