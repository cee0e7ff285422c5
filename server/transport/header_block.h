// Header blocks of a connection's requests: HPACK (nghttp2's inflater), and the memory of blocks
// that were read before. A client that repeats its calls sends blocks that only refer to the
// tables; as long as no other block comes in between, which may change the dynamic one, equal bytes
// say the same again.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "server/transport/request_headers.h"

namespace coheld::transport {

// How far a block is.
enum class BlockStep {
  kMore,     // Its next fragment is needed.
  kWhole,    // request() is what it said.
  kDamaged,  // It is no HPACK. The tables of the two sides differ: the connection is lost.
};

class HeaderBlockReader {
 public:
  // As RequestParser.
  explicit HeaderBlockReader(size_t bytes_max);

  // Reads a block's fragments, one call for each; `ends` with the last.
  BlockStep Read(std::string_view fragment, BlockKind kind, bool ends);
  // What the block said; while it is not whole, the decoded bytes so far. Valid until the next
  // Read.
  const RequestHeaders& request() const { return *request_; }

 private:
  struct Known {
    std::string block;
    RequestHeaders request;
  };
  struct Deleter {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };

  const RequestHeaders* Recall(std::string_view block) const;
  void Remember(std::string_view block);
  BlockStep Inflate(std::string_view fragment, bool ends);

  std::unique_ptr<nghttp2_hd_inflater, Deleter> inflater_;
  RequestParser parser_;
  const RequestHeaders* request_;
  std::vector<Known> known_;
  size_t next_known_ = 0;  // Whose place the next one takes, when all are taken.
  bool in_block_ = false;
};

}  // namespace coheld::transport
