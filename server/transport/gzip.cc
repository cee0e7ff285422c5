// See gzip.h.
#include "server/transport/gzip.h"

#include <algorithm>

#include <zlib.h>

#include "proto/wire/check.h"

namespace coheld::transport {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // 16 selects the gzip wrapper.
constexpr int kMemoryLevel = 8;
constexpr size_t kFirstBufferBytes = 16 << 10;

Bytef* AsBytes(const char* text) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text));
}

// Ends a zlib stream whatever happens.
class InflateStream {
 public:
  explicit InflateStream(std::string_view compressed) {
    stream_.next_in = AsBytes(compressed.data());
    stream_.avail_in = static_cast<uInt>(compressed.size());
    COHELD_CHECK(inflateInit2(&stream_, kGzipWindowBits) == Z_OK);
  }
  ~InflateStream() { inflateEnd(&stream_); }
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  // Fills out[from, to) and returns where the output ends now; *code is zlib's.
  size_t Fill(std::string* out, size_t from, size_t to, int* code) {
    stream_.next_out = AsBytes(out->data() + from);
    stream_.avail_out = static_cast<uInt>(to - from);
    *code = inflate(&stream_, Z_NO_FLUSH);
    return to - stream_.avail_out;
  }
  bool TookAll() const { return stream_.avail_in == 0; }

 private:
  z_stream stream_{};
};

// gzip ends with the size of its content, modulo 4 GiB. A liar gains nothing by it: the bound holds
// in any case, and no more is believed than deflate's best ratio makes possible.
size_t ClaimedSize(std::string_view compressed) {
  constexpr size_t kRatioMax = 1032;
  if (compressed.size() < 4) return 0;
  const auto* b = AsBytes(compressed.data() + compressed.size() - 4);
  const size_t claim = b[0] | size_t{b[1]} << 8 | size_t{b[2]} << 16 | size_t{b[3]} << 24;
  return std::min(claim, compressed.size() * kRatioMax);
}

}  // namespace

Inflated InflateGzip(std::string_view compressed, size_t bytes_max, std::string* out) {
  InflateStream stream(compressed);
  size_t size = 0;
  out->clear();
  const size_t wanted = std::max(ClaimedSize(compressed) + 1, kFirstBufferBytes);
  while (true) {
    // One byte above the bound tells "too large" from "exactly full".
    const size_t room = std::min(std::max(size * 2, wanted), bytes_max + 1);
    out->resize(room);
    int code = Z_OK;
    size = stream.Fill(out, size, room, &code);
    if (size > bytes_max) return Inflated::kTooLarge;
    if (code == Z_STREAM_END) break;
    // Room left means that zlib wants more input than there is.
    if (code != Z_OK || size < room) return Inflated::kMalformed;
  }
  if (!stream.TookAll()) return Inflated::kMalformed;
  out->resize(size);
  return Inflated::kOk;
}

std::optional<std::string> DeflateGzip(std::string_view bytes) {
  z_stream stream{};
  COHELD_CHECK(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindowBits, kMemoryLevel,
                            Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(bytes.size(), '\0');  // If it does not fit in here, it does not pay.
  stream.next_in = AsBytes(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = AsBytes(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return std::nullopt;
  return out;
}

}  // namespace coheld::transport
