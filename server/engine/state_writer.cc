// See state_writer.h. Values are in value_state.cc.
#include "server/engine/state_writer.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>

#include "proto/wire/fields.h"
#include "server/engine/object.h"
#include "server/engine/sip_hash.h"

namespace coheld::engine {

std::string ToText(const StateDigest& digest) {
  char text[33];
  std::snprintf(text, sizeof(text), "%016lx%016lx", digest.high, digest.low);
  return text;
}

StateDigest DigestOf(std::string_view bytes) {
  StateDigest digest;
  for (; bytes.size() >= StateWriter::kBlockBytes; bytes.remove_prefix(StateWriter::kBlockBytes)) {
    StateWriter::Absorb(bytes.substr(0, StateWriter::kBlockBytes), &digest);
  }
  StateWriter::Absorb(bytes, &digest);
  return digest;
}

// Each block is hashed with what was before it as the key, once for each half.
void StateWriter::Absorb(std::string_view block, StateDigest* digest) {
  const StateDigest before = *digest;
  digest->low = SipHash13({.low = before.low, .high = before.high}, block);
  digest->high = SipHash13({.low = ~before.high, .high = before.low}, block);
}

void StateWriter::EndBlock() {
  const std::string_view block(block_.get(), used_);
  Absorb(block, &digest_);
  if (sink_ && used_ > 0) sink_(block);
  used_ = 0;
}

StateDigest StateWriter::Finish() {
  EndBlock();
  return digest_;
}

void StateWriter::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t taken = std::min(bytes.size(), kBlockBytes - used_);
    std::memcpy(block_.get() + used_, bytes.data(), taken);
    used_ += taken;
    bytes.remove_prefix(taken);
    if (used_ == kBlockBytes) EndBlock();
  }
}

void StateWriter::PutUnsigned(uint64_t number) {
  // In place, where it surely does not fill the block.
  if (used_ + wire::kVarintBytesMax < kBlockBytes) [[likely]] {
    char* const end = wire::WriteVarint(number, block_.get() + used_);
    used_ = static_cast<size_t>(end - block_.get());
    return;
  }
  char bytes[wire::kVarintBytesMax];
  char* const end = wire::WriteVarint(number, bytes);
  Append({bytes, static_cast<size_t>(end - bytes)});
}

void StateWriter::PutSigned(int64_t number) { PutUnsigned(wire::ZigZag(number)); }

void StateWriter::PutReal(double real) {
  static_assert(std::endian::native == std::endian::little);
  Append({reinterpret_cast<const char*>(&real), sizeof(real)});
}

void StateWriter::PutBytes(std::string_view bytes) {
  PutUnsigned(bytes.size());
  Append(bytes);
}

void StateWriter::PutTime(TimeMs time) {
  PutUnsigned(time == kNever ? 0 : wire::ZigZag(static_cast<int64_t>(time)) + 1);
}

void StateWriter::PutOwner(const Owner& owner) {
  PutSession(owner.session);
  PutUnsigned(owner.thread);
}

void StateWriter::PutHold(const Hold& hold) {
  PutOwner(hold.owner);
  PutUnsigned(hold.token);
  PutTime(hold.since);
  PutUnsigned(hold.count);
  PutFlag(hold.shared);
  PutTime(hold.ends);
  PutUnsigned(hold.lease_ms);
  PutBytes(hold.site);
}

void StateWriter::PutHold(const std::optional<Hold>& hold) {
  PutFlag(hold.has_value());
  if (hold) PutHold(*hold);
}

}  // namespace coheld::engine
