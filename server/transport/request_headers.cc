// See request_headers.h.
#include "server/transport/request_headers.h"

#include <algorithm>
#include <array>
#include <string>

#include <nghttp2/nghttp2.h>

#include "server/transport/headers.h"

namespace coheld::transport {
namespace {

constexpr size_t kFieldOverhead = 32;  // RFC 9113 6.5.2.

constexpr unsigned kMethod = 1;
constexpr unsigned kScheme = 2;
constexpr unsigned kPath = 4;
constexpr unsigned kAuthority = 8;

const uint8_t* Bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

bool IsName(std::string_view text) {
  return nghttp2_check_header_name(Bytes(text), text.size()) != 0;
}
bool IsValue(std::string_view text) {
  return nghttp2_check_header_value(Bytes(text), text.size()) != 0;
}
bool IsMethod(std::string_view text) { return nghttp2_check_method(Bytes(text), text.size()) != 0; }
bool IsPath(std::string_view text) {
  return !text.empty() && nghttp2_check_path(Bytes(text), text.size()) != 0;
}
bool IsAuthority(std::string_view text) {
  return nghttp2_check_authority(Bytes(text), text.size()) != 0;
}
bool IsScheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
}

// What belongs to HTTP/1's connections is malformed in HTTP/2 (8.2.2).
bool IsOfConnection(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kNames = {
      "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// A value has no blanks at its ends (8.2.1); gRPC says that one who finds some may strip them.
std::string_view StripBlanks(std::string_view value) {
  constexpr std::string_view kBlanks = " \t";
  const size_t first = value.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return value.substr(first, value.find_last_not_of(kBlanks) + 1 - first);
}

// "-bin" values may be several, joined by commas.
bool AddBinary(std::string_view name, std::string_view value, Metadata* metadata) {
  while (true) {
    const size_t comma = value.find(',');
    auto bytes = DecodeBase64(value.substr(0, comma));
    if (!bytes) return false;
    metadata->emplace_back(name, std::move(*bytes));
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

void RequestParser::Begin(BlockKind kind) {
  kind_ = kind;
  pseudo_ = 0;
  regular_ = connect_ = options_ = false;
  static_cast<RequestTraits&>(request_) = {};
  request_.head.Clear();
}

void RequestParser::Add(std::string_view name, std::string_view value) {
  request_.bytes += name.size() + value.size() + kFieldOverhead;
  if (request_.malformed || request_.bytes > bytes_max_) return;
  if (!IsName(name) || !IsValue(value)) {
    request_.malformed = true;
  } else if (name.starts_with(':')) {
    AddPseudo(name, value);
  } else {
    regular_ = true;
    AddRegular(name, StripBlanks(value));
  }
}

bool RequestParser::Note(unsigned pseudo) {
  const bool first = (pseudo_ & pseudo) == 0;
  pseudo_ |= pseudo;
  return first && !regular_ && kind_ == BlockKind::kRequest;
}

void RequestParser::AddPseudo(std::string_view name, std::string_view value) {
  bool fine = false;
  if (name == ":method") {
    fine = Note(kMethod) && IsMethod(value);
    request_.post = value == "POST";
    connect_ = value == "CONNECT";
    options_ = value == "OPTIONS";
  } else if (name == ":path") {
    fine = Note(kPath) && IsPath(value);
    request_.head.path = value;
  } else if (name == ":scheme") {
    fine = Note(kScheme) && IsScheme(value);
  } else if (name == ":authority") {
    fine = Note(kAuthority) && IsAuthority(value);
  }
  if (!fine) request_.malformed = true;
}

void RequestParser::AddRegular(std::string_view name, std::string_view value) {
  if (IsOfConnection(name) || (name == "te" && value != "trailers")) {
    request_.malformed = true;
  } else if (name == "content-length") {
    AddContentLength(value);
  } else if (kind_ == BlockKind::kTrailers) {
    return;  // Trailers of a request mean nothing in gRPC.
  } else if (name.starts_with("grpc-")) {
    AddGrpc(name, value);
  } else if (name == "content-type") {
    request_.grpc = IsGrpcContentType(value);
  } else if (name != "te" && name != "user-agent" && name != "host") {
    AddMetadata(name, value);
  }
}

void RequestParser::AddContentLength(std::string_view value) {
  constexpr size_t kDigitsMax = 18;
  const bool digits = !value.empty() && value.size() <= kDigitsMax &&
                      value.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || request_.content_length) {
    request_.malformed = true;
    return;
  }
  request_.content_length = std::stoull(std::string(value));
}

void RequestParser::AddGrpc(std::string_view name, std::string_view value) {
  if (name == "grpc-timeout") {
    request_.head.timeout_ms = ParseTimeout(value);
    request_.timeout_malformed = !request_.head.timeout_ms;
  } else if (name == "grpc-accept-encoding") {
    request_.accepts_gzip = ListHolds(value, "gzip");
  } else if (name == "grpc-encoding") {
    request_.encoding = value == "gzip" ? Encoding::kGzip : Encoding::kIdentity;
    request_.encoding_unknown = value != "gzip" && value != "identity";
  }
}

void RequestParser::AddMetadata(std::string_view name, std::string_view value) {
  if (!name.ends_with("-bin")) {
    request_.head.metadata.emplace_back(name, value);
  } else if (!AddBinary(name, value, &request_.head.metadata)) {
    request_.binary_malformed = true;
  }
}

bool RequestParser::PathFits() const {
  const std::string& path = request_.head.path;
  return path.starts_with('/') || (options_ && path == "*");
}

void RequestParser::End() {
  // What is too large was not looked at to its end, and is refused for that.
  if (request_.malformed || request_.bytes > bytes_max_ || kind_ == BlockKind::kTrailers) return;
  constexpr unsigned kAll = kMethod | kScheme | kPath;
  const bool fine =
      connect_ ? (pseudo_ & ~kMethod) == kAuthority : (pseudo_ & kAll) == kAll && PathFits();
  if (!fine) request_.malformed = true;
}

}  // namespace coheld::transport
