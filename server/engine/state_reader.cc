// See state_reader.h. Values are in value_state.cc.
#include "server/engine/state_reader.h"

#include <cstring>

#include "proto/wire/fields.h"
#include "server/engine/limits.h"

namespace coheld::engine {

void StateReader::Fail(std::string_view what) {
  if (failure_) return;
  std::string where = "byte " + std::to_string(bytes_.size() - rest_.size());
  if (!where_type_.empty()) {
    where += ", in the " + std::string(where_type_) + " \"" + std::string(where_name_) + "\"";
  }
  failure_ = {v1::ERROR_REASON_MALFORMED,
              "the saved state is damaged, or not of this program: " + std::string(what) + " (" +
                  where + "); use another copy"};
  rest_.remove_prefix(rest_.size());  // Not to null: what is empty is copied, too.
}

void StateReader::SetWhere(std::string_view type, std::string_view name) {
  where_type_ = type;
  where_name_ = name;
}

uint64_t StateReader::TakeVersion(uint64_t newest) {
  const uint64_t version = TakeUnsigned();
  if (ok() && (version == 0 || version > newest)) {
    Fail("its form has version " + std::to_string(version) + ", and the newest known here is " +
         std::to_string(newest));
    return 0;
  }
  return version;
}

uint64_t StateReader::TakeUnsigned() {
  uint64_t number = 0;
  for (size_t i = 0; i < rest_.size() && i < wire::kVarintBytesMax; ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    number |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte >= 0x80) continue;
    const bool overlong = byte == 0 && i > 0;
    const bool overflows = i + 1 == wire::kVarintBytesMax && byte > 1;
    if (overlong || overflows) break;
    rest_.remove_prefix(i + 1);
    return number;
  }
  Fail(rest_.size() < wire::kVarintBytesMax ? "a number is cut off, or not one" : "no number");
  return 0;
}

uint64_t StateReader::TakeUnsigned(uint64_t max, std::string_view what) {
  const uint64_t number = TakeUnsigned();
  if (number <= max) return number;
  Fail(std::string(what) + " is " + std::to_string(number) + ", which is above " +
       std::to_string(max));
  return 0;
}

int64_t StateReader::TakeSigned() { return wire::UnZigZag(TakeUnsigned()); }

bool StateReader::TakeFlag() { return TakeUnsigned(1, "a flag") == 1; }

double StateReader::TakeReal() {
  double real = 0;
  if (rest_.size() < sizeof(real)) {
    Fail("a real is cut off");
    return 0;
  }
  std::memcpy(&real, rest_.data(), sizeof(real));
  rest_.remove_prefix(sizeof(real));
  return real;
}

size_t StateReader::TakeCount() {
  const uint64_t count = TakeUnsigned();
  if (count <= rest_.size()) return count;
  Fail(std::to_string(count) + " things are to follow in " + std::to_string(rest_.size()) +
       " bytes");
  return 0;
}

std::string_view StateReader::TakeBytes() {
  const size_t size = TakeCount();
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

TimeMs StateReader::TakeTime() {
  const uint64_t number = TakeUnsigned();
  if (number == 0) return kNever;
  const TimeMs time{wire::UnZigZag(number - 1)};
  if (time == kNever) Fail("a time is none");
  return time;
}

Owner StateReader::TakeOwner() {
  Owner owner;
  owner.session = TakeSession();
  owner.thread = TakeUnsigned();
  return owner;
}

Hold StateReader::TakeHold() {
  Hold hold;
  hold.owner = TakeOwner();
  hold.token = TakeUnsigned();
  hold.since = TakeTime();
  hold.count = TakeUnsigned(kCountMax, "what an owner holds");
  hold.shared = TakeFlag();
  hold.ends = TakeTime();
  hold.lease_ms = TakeUnsigned(kLeaseMsMax, "the length of a lease");
  hold.site = TakeString();
  if (ok() && hold.count == 0) Fail("an owner holds nothing");
  return hold;
}

std::optional<Hold> StateReader::TakeOptionalHold() {
  if (!TakeFlag()) return std::nullopt;
  return TakeHold();
}

}  // namespace coheld::engine
