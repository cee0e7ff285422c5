// See reply_headers.h. Section numbers are RFC 7541's.
#include "server/transport/reply_headers.h"

#include "proto/wire/hpack.h"

namespace coheld::transport {
namespace {

constexpr uint8_t kStaticStatus = 8;        // :status.
constexpr uint8_t kStaticAllow = 22;        // allow.
constexpr uint8_t kStaticContentType = 31;  // content-type.
// What the two entries take there (4.1): names, values, and 32 for each.
constexpr uint32_t kTableNeeded = (12 + 16 + 32) + (11 + 1 + 32);

constexpr std::string_view kGrpcType = "application/grpc";

// 6.2.2: a literal that leaves the table as it is.
void AppendLiteral(std::string_view name, std::string_view value, std::string* out) {
  wire::AppendHpackInteger(0, 4, 0, out);
  wire::AppendHpackText(name, out);
  wire::AppendHpackText(value, out);
}
void AppendLiteral(uint8_t static_name, std::string_view value, std::string* out) {
  wire::AppendHpackInteger(0, 4, static_name, out);
  wire::AppendHpackText(value, out);
}

}  // namespace

void ReplyHeaders::SetTableLimit(uint32_t bytes) {
  if (bytes >= table_limit_) return;
  limit_due_ = true;
  table_limit_ = bytes >= kTableNeeded ? bytes : 0;
  if (table_limit_ == 0) content_type_place_ = status_place_ = 0;
}

void ReplyHeaders::Clear() {
  block_.clear();
  if (!limit_due_) return;
  limit_due_ = false;
  wire::AppendHpackInteger(0x20, 5, table_limit_, &block_);  // 6.3.
}

std::string_view ReplyHeaders::SpellBegin(bool gzip) {
  Clear();
  AppendBegin();
  if (gzip) AppendLiteral("grpc-encoding", "gzip", &block_);
  return block_;
}

std::string_view ReplyHeaders::SpellEnd() {
  Clear();
  AppendOk();
  return block_;
}

std::string_view ReplyHeaders::End(const Ending& ending) {
  Clear();
  AppendEnding(ending);
  return block_;
}

std::string_view ReplyHeaders::Whole(const Ending* ending) {
  Clear();
  AppendBegin();
  if (ending == nullptr) {
    AppendOk();
  } else {
    AppendEnding(*ending);
  }
  return block_;
}

std::string_view ReplyHeaders::Http(std::string_view status) {
  Clear();
  AppendLiteral(kStaticStatus, status, &block_);
  AppendLiteral(kStaticContentType, "text/plain; charset=utf-8", &block_);
  if (status == "405") AppendLiteral(kStaticAllow, "POST", &block_);
  return block_;
}

void ReplyHeaders::AppendKnown(uint8_t static_name, std::string_view name, std::string_view value,
                               uint64_t* place) {
  if (*place != 0) return block_.push_back(IndexOf(*place));
  const bool adds = table_limit_ > 0;
  wire::AppendHpackInteger(adds ? 0x40 : 0, adds ? 6 : 4, static_name, &block_);  // 6.2.1, 6.2.2.
  if (static_name == 0) wire::AppendHpackText(name, &block_);
  wire::AppendHpackText(value, &block_);
  if (adds) *place = ++places_;
}

void ReplyHeaders::AppendBegin() {
  block_.push_back(kStatus200);
  AppendKnown(kStaticContentType, "content-type", kGrpcType, &content_type_place_);
}

void ReplyHeaders::AppendOk() { AppendKnown(0, "grpc-status", "0", &status_place_); }

void ReplyHeaders::AppendEnding(const Ending& ending) {
  const auto append = [this](std::string_view name, std::string_view value) {
    if (!value.empty()) AppendLiteral(name, value, &block_);
  };
  append("grpc-status", ending.grpc_status);
  append("grpc-message", ending.message);
  append("grpc-status-details-bin", ending.details);
  append("grpc-accept-encoding", ending.accept_encoding);
}

}  // namespace coheld::transport
