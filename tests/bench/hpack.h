// HPACK (RFC 7541) as cheap as a client that repeats itself can have it: a request's headers go
// into the dynamic table once and are one byte each after that; a reply's block that was seen
// before is not decoded again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace coheld::bench {

using HeaderField = std::pair<std::string, std::string>;

// Encodes request headers. The table must stay within the peer's 4,096 bytes: a few dozen fields.
class HeaderEncoder {
 public:
  std::string Encode(const std::vector<HeaderField>& fields);
  // Grows when an encoding changed the table: older encodings are stale then.
  size_t generation() const { return table_.size(); }

 private:
  std::vector<HeaderField> table_;  // Oldest first.
};

// Decodes reply headers and trailers as far as success is concerned.
class HeaderDecoder {
 public:
  HeaderDecoder();
  ~HeaderDecoder();
  HeaderDecoder(const HeaderDecoder&) = delete;
  HeaderDecoder& operator=(const HeaderDecoder&) = delete;

  // Returns false if the block holds another :status than 200, another grpc-status than 0, or is
  // damaged; failure() tells it then.
  bool Succeeds(std::string_view block);
  const std::string& failure() const { return failure_; }

 private:
  bool Inflate(std::string_view block);

  nghttp2_hd_inflater* inflater_ = nullptr;
  // Blocks of indexed fields only, known to succeed while the table stays as it is.
  std::vector<std::string> known_;
  std::string failure_;
};

}  // namespace coheld::bench
