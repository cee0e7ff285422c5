// The header blocks of our answers, in HPACK (RFC 7541). Two fields stand in nearly every answer;
// they go into the peer's table once and are one byte each after that. All others are spelled out,
// so that the table stays as it is and equal answers are equal bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/transport/h2_frame.h"

namespace coheld::transport {

// How a call ends; absent members are not sent.
struct Ending {
  std::string grpc_status;
  std::string message;  // Percent-encoded.
  std::string details;  // Base64.
  std::string accept_encoding;
};

// The encoder of one connection. What it returns is valid until the next call, and has to be sent,
// in this order.
class ReplyHeaders {
 public:
  // Tells of the peer's SETTINGS_HEADER_TABLE_SIZE.
  void SetTableLimit(uint32_t bytes);

  // How a call's answer begins: status 200 and gRPC's content-type.
  std::string_view Begin(bool gzip) {
    if (gzip || !settled()) return SpellBegin(gzip);
    short_block_[0] = kStatus200;
    short_block_[1] = IndexOf(content_type_place_);
    return {short_block_, 2};
  }
  // How it ends: OK, or as told.
  std::string_view End() {
    if (!settled()) return SpellEnd();
    short_block_[0] = IndexOf(status_place_);
    return {short_block_, 1};
  }
  std::string_view End(const Ending& ending);
  // Both at once: an answer without messages.
  std::string_view Whole(const Ending* ending);
  // An answer that is not gRPC's, of three digits.
  std::string_view Http(std::string_view status);

 private:
  static constexpr char kStatus200 = '\x88';     // RFC 7541, 6.1: entry 8 of the static table.
  static constexpr uint64_t kDynamicFirst = 62;  // The newest entry of the dynamic table.

  // Both fields are in the peer's table, where they stay.
  bool settled() const { return content_type_place_ != 0 && status_place_ != 0 && !limit_due_; }
  // 6.1: a field in the table; there are few enough for one byte.
  char IndexOf(uint64_t place) const {
    return static_cast<char>(0x80 | (kDynamicFirst + places_ - place));
  }
  std::string_view SpellBegin(bool gzip);
  std::string_view SpellEnd();
  void Clear();
  // Appends the field by its place in the table; puts it there first if it is not.
  void AppendKnown(uint8_t static_name, std::string_view name, std::string_view value,
                   uint64_t* place);
  void AppendBegin();
  void AppendOk();
  void AppendEnding(const Ending& ending);

  std::string block_;
  char short_block_[2];
  uint32_t table_limit_ = kHeaderTableDefault;  // 0: nothing goes into the table.
  bool limit_due_ = false;                      // The peer has to be told of the limit.
  // In which order they went into the table, from 1; 0 if they did not.
  uint64_t content_type_place_ = 0;
  uint64_t status_place_ = 0;
  uint64_t places_ = 0;
};

}  // namespace coheld::transport
