// The texts in gRPC's HTTP/2 headers: grpc-timeout, percent-encoded grpc-message, base64 of "-bin"
// metadata, content-type. Pure functions
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coheld::transport {

// Returns the milliseconds of a grpc-timeout such as "250m", rounded up, or nothing if it is
// malformed: at most 8 digits and one of the units H, M, S, m, u, n.
std::optional<uint64_t> ParseTimeout(std::string_view text);

// Returns the text with "%" and all bytes outside of printable ASCII as %XX.
std::string PercentEncode(std::string_view text);

// Returns unpadded base64, as gRPC wants it in "-bin" metadata.
std::string EncodeBase64(std::string_view bytes);

// Returns the bytes of base64 text with or without padding, or nothing if it is malformed.
std::optional<std::string> DecodeBase64(std::string_view text);

// Returns true for application/grpc, application/grpc+proto and the like, with any parameters.
bool IsGrpcContentType(std::string_view content_type);

// Returns true if a list such as "identity, gzip" holds the token.
bool ListHolds(std::string_view list, std::string_view token);

// Returns the longest prefix of UTF-8 text that has at most `bytes_max` bytes and ends between two
// characters.
std::string_view TruncateUtf8(std::string_view text, size_t bytes_max);

}  // namespace coheld::transport
