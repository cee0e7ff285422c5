// What the header fields of a request say, field by field, and whether HTTP/2 allows them
// (RFC 9113, 8.2 and 8.3). Knows no HPACK and no stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "server/transport/grpc_session.h"
#include "server/transport/message_reader.h"

namespace coheld::transport {

// What a request's headers say beside the call's head. Judged when they are complete.
struct RequestTraits {
  bool malformed = false;  // By HTTP/2's rules: nobody is to see it.
  bool post = false;
  bool grpc = false;  // The content-type is gRPC's.
  bool accepts_gzip = false;
  bool timeout_malformed = false;
  bool binary_malformed = false;  // A "-bin" value is not base64.
  bool encoding_unknown = false;
  Encoding encoding = Encoding::kIdentity;
  size_t bytes = 0;  // Decoded, counted as RFC 9113 6.5.2 does: 32 more for each field.
  std::optional<uint64_t> content_length;
};

struct RequestHeaders : RequestTraits {
  CallHead head;
};

// Where a header block stands: before the request's messages or behind them.
enum class BlockKind { kRequest, kTrailers };

// Takes the fields of one header block after the other.
class RequestParser {
 public:
  // Blocks with more decoded bytes are counted, but not kept.
  explicit RequestParser(size_t bytes_max) : bytes_max_(bytes_max) {}

  void Begin(BlockKind kind);
  void Add(std::string_view name, std::string_view value);
  void End();

  const RequestHeaders& request() const { return request_; }

 private:
  void AddPseudo(std::string_view name, std::string_view value);
  void AddRegular(std::string_view name, std::string_view value);
  void AddGrpc(std::string_view name, std::string_view value);
  void AddContentLength(std::string_view value);
  void AddMetadata(std::string_view name, std::string_view value);
  // Notes a pseudo-header field; false if it was there before or comes too late.
  bool Note(unsigned pseudo);
  bool PathFits() const;

  const size_t bytes_max_;
  BlockKind kind_ = BlockKind::kRequest;
  unsigned pseudo_ = 0;   // Those that were there.
  bool regular_ = false;  // A regular field was there: no pseudo-header field may follow.
  bool connect_ = false;
  bool options_ = false;
  RequestHeaders request_;
};

}  // namespace coheld::transport
