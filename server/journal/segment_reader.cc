// See segment_reader.h.
#include "server/journal/segment_reader.h"

#include <algorithm>

#include "proto/wire/check.h"
#include "server/journal/little_endian.h"
#include "server/journal/planted_bug.h"

namespace coheld::journal {
namespace {

// True if the body has just as many whole records as its header says.
bool HasRecords(std::string_view body, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    if (!TakeRecord(&body)) return false;
  }
  return body.empty();
}

}  // namespace

SegmentReader::SegmentReader(const SegmentHeader& header, std::string_view bytes)
    : salt_(header.salt), bytes_(bytes), next_index_(header.first), previous_(header.previous) {}

std::string SegmentReader::Check(const std::optional<BatchHeader>& header) const {
  if (!header) return "no batch begins there";
  if (header->first != next_index_) {
    return "the batch there begins with record " + std::to_string(header->first) + ", and record " +
           std::to_string(next_index_) + " is the next";
  }
  if (header->previous != previous_) return "the batch there follows another one";
  const std::string_view rest = bytes_.substr(offset_);
  const bool accepts =
      Planted(PlantedBug::kTornTailAccepted) && rest.size() >= kBatchHeaderBytes + header->size;
  if (!accepts && !HasBody(*header, rest)) return "the batch there is not whole";
  if (!HasRecords(bytes_.substr(offset_ + kBatchHeaderBytes, header->size), header->count)) {
    return "the batch there has not as many records as it says";
  }
  return "";
}

std::optional<SegmentReader::Batch> SegmentReader::Next() {
  if (offset_ >= bytes_.size()) {
    end_ = {.offset = offset_};
    return std::nullopt;
  }
  const std::optional<BatchHeader> header = DecodeBatchHeader(salt_, bytes_.substr(offset_));
  std::string why = Check(header);
  if (!why.empty()) {
    FindEnd(std::move(why));
    return std::nullopt;
  }
  const Batch batch{.header = *header,
                    .body = bytes_.substr(offset_ + kBatchHeaderBytes, header->size)};
  // A mark is durable for sure only when what comes after it is.
  const uint64_t sure_at = header->end() + (header->count == 0 ? 1 : 0);
  unsure_.push_back({.end = sure_at, .offset = offset_});
  offset_ += kBatchHeaderBytes + header->size;
  next_index_ = header->end();
  previous_ = header->checksum;
  durable_ = std::max(durable_, header->durable);
  while (!unsure_.empty() && unsure_.front().end <= durable_ + 1) unsure_.pop_front();
  return batch;
}

void SegmentReader::FindEnd(std::string why) {
  end_ = {.offset = offset_};
  const std::string_view rest = bytes_.substr(offset_);
  const size_t last = rest.find_last_not_of('\0');
  if (last == std::string_view::npos) return;
  end_.size = last + 1;
  // Batches written after the bad one tell whether it had been durable by then. Each record takes a
  // byte at least, which tells most other bytes from them before a checksum is made.
  for (size_t at = 0; at <= last && at + kBatchHeaderBytes <= rest.size(); ++at) {
    if (GetNumber<uint64_t>(rest, at + kBatchFirstAt) - next_index_ > at) continue;
    const std::optional<BatchHeader> later = DecodeBatchHeader(salt_, rest.substr(at));
    if (later) durable_ = std::max(durable_, later->durable);
  }
  end_.kind = durable_ >= next_index_ ? SegmentEnd::Kind::kDamaged : SegmentEnd::Kind::kTorn;
  end_.why = std::move(why);
}

std::string_view NextRecord(std::string_view* body) {
  const std::optional<std::string_view> record = TakeRecord(body);
  COHELD_CHECK(record);  // The reader counted them.
  return *record;
}

}  // namespace coheld::journal
