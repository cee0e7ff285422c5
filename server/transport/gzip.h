// gzip of single messages by zlib, with a bound on what comes out. No state is kept between
// messages.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace coheld::transport {

// How an inflation ended.
enum class Inflated {
  kOk,
  kMalformed,  // Not gzip, damaged, cut short, or followed by something else.
  kTooLarge,   // More than the bound came out; inflation stopped there.
};

// Replaces *out by the inflated bytes, never growing it beyond `bytes_max`.
Inflated InflateGzip(std::string_view compressed, size_t bytes_max, std::string* out);

// Returns the bytes as gzip, or nothing if that would not be smaller.
std::optional<std::string> DeflateGzip(std::string_view bytes);

}  // namespace coheld::transport
