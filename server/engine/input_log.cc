// See input_log.h.
#include "server/engine/input_log.h"

#include <array>
#include <bit>
#include <cstring>

#include "coheld/v1/session.pb.h"
#include "proto/wire/fields.h"
#include "server/engine/engine.h"

namespace coheld::engine {
namespace {

// The numbers of an input, in the order in which they are written. (A site's length is the last.)
constexpr size_t kNumbers = 11;
using Numbers = std::array<uint64_t, kNumbers>;

// Writes a varint and returns what follows it. Up to 7 bytes after that are overwritten, too.
char* WriteLongVarint(uint64_t number, char* out) {
  if (std::endian::native != std::endian::little || number >> 56 != 0) {
    return wire::WriteVarint(number, out);
  }
  // Groups of 7 bits become groups of 8, all at once: halves, quarters, eighths.
  uint64_t bits = (number & 0x0000000fffffff) | (number & 0xfffffff0000000) << 4;
  bits = (bits & 0x00003fff00003fff) | (bits & 0x0fffc0000fffc000) << 2;
  bits = (bits & 0x007f007f007f007f) | (bits & 0x3f803f803f803f80) << 1;
  const size_t size = wire::VarintBytes(number);
  bits |= 0x0080808080808080 >> (8 * (8 - size));  // More follows.
  std::memcpy(out, &bits, sizeof(bits));
  return out + size;
}

// The same, quick for numbers below 16,384, which most are.
inline char* WriteVarint(uint64_t number, char* out) {
  if (number >= 1 << 14) return WriteLongVarint(number, out);
  const bool is_two = number >= 0x80;
  out[0] = static_cast<char>(number | (is_two ? 0x80 : 0));
  out[1] = static_cast<char>(number >> 7);
  return out + 1 + is_two;
}

bool ReadVarint(std::string_view* rest, uint64_t* number) {
  *number = 0;
  for (unsigned shift = 0; shift < 64 && !rest->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest->front());
    rest->remove_prefix(1);
    *number |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

}  // namespace

InputHead::InputHead(const Input& input) {
  // The last write may go on for 7 bytes more.
  static_assert(sizeof(bytes_) >= 1 + kNumbers * wire::kVarintBytesMax + sizeof(uint64_t));
  const Stamp& stamp = input.stamp;
  bytes_[0] = static_cast<char>(input.kind);
  char* end = bytes_.data() + 1;
  end = WriteVarint(static_cast<uint64_t>(stamp.now), end);
  end = WriteVarint(static_cast<uint64_t>(stamp.call), end);
  end = WriteVarint(static_cast<uint64_t>(stamp.owner.session), end);
  end = WriteVarint(stamp.owner.thread, end);
  end = WriteVarint(input.code, end);
  const std::array<uint64_t, 6> rest = {stamp.seq,   stamp.acked, stamp.lane,
                                        stamp.token, input.ms,    stamp.site.size()};
  if ((rest[0] | rest[1] | rest[2] | rest[3] | rest[4] | rest[5]) == 0) {  // As mostly.
    std::memset(end, 0, sizeof(uint64_t));
    end += rest.size();
  } else {
    for (const uint64_t number : rest) end = WriteVarint(number, end);
  }
  size_ = static_cast<size_t>(end - bytes_.data());
}

void EncodeInput(const Input& input, std::string* bytes) {
  bytes->append(InputHead(input).bytes()).append(input.stamp.site).append(input.payload);
}

bool DecodeInput(std::string_view bytes, Input* input) {
  if (bytes.empty() || bytes[0] < static_cast<char>(Input::Kind::kOp) ||
      bytes[0] > static_cast<char>(Input::Kind::kAcknowledge)) {
    return false;
  }
  input->kind = static_cast<Input::Kind>(bytes[0]);
  bytes.remove_prefix(1);
  Numbers numbers{};
  for (uint64_t& number : numbers) {
    if (!ReadVarint(&bytes, &number)) return false;
  }
  const auto& [now, call, session, thread, code, seq, acked, lane, token, ms, site_bytes] = numbers;
  if (code > UINT32_MAX || lane > UINT32_MAX || site_bytes > bytes.size()) return false;
  input->stamp = {.call = CallId{call},
                  .owner = {.session = SessionId{session}, .thread = thread},
                  .now = TimeMs{static_cast<int64_t>(now)},
                  .seq = seq,
                  .acked = acked,
                  .lane = static_cast<uint32_t>(lane),
                  .token = token,
                  .site = bytes.substr(0, site_bytes)};
  input->code = static_cast<uint32_t>(code);
  input->ms = ms;
  input->payload = bytes.substr(site_bytes);
  return true;
}

void Replay(Engine& engine, const Input& input, std::vector<Reply>* replies) {
  const Stamp& stamp = input.stamp;
  const SessionId session = stamp.owner.session;
  switch (input.kind) {
    case Input::Kind::kOp:
      engine.Apply(stamp, input.code, input.payload, replies);
      return;
    case Input::Kind::kCancel:
      return engine.Cancel(stamp.call,
                           {static_cast<v1::ErrorReason>(input.code), std::string(input.payload)},
                           stamp.now, replies);
    case Input::Kind::kAbandon:
      engine.Abandon(stamp.call, stamp.now, replies);
      return;
    case Input::Kind::kAdvance:
      return engine.Advance(stamp.now, replies);
    case Input::Kind::kRearm:
      return engine.Rearm(input.ms, stamp.now, replies);
    case Input::Kind::kOpenSession: {
      v1::SessionLabel label;
      label.ParseFromArray(input.payload.data(), static_cast<int>(input.payload.size()));
      return engine.OpenSession(session, label, input.ms, stamp.now);
    }
    case Input::Kind::kEndSession:
      return engine.EndSession(session, stamp.now, replies);
    case Input::Kind::kBegin:
      return engine.Begin(input.ms, stamp.now);
    case Input::Kind::kResume:
      return engine.Resume(stamp.now, replies);
    case Input::Kind::kAcknowledge:
      return engine.Acknowledge(session, stamp.lane, stamp.acked, stamp.now);
  }
}

}  // namespace coheld::engine
