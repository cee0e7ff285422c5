// Connections for http2_fuzz: frames laid out by hand, headers as HPACK literals.
#include <utility>
#include <vector>

#include "proto/wire/framing.h"
#include "tests/fuzz/seeds.h"

namespace coheld::fuzz {
namespace {

constexpr char kPreface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// The options byte of http2_fuzz.cc.
constexpr char kWithPreface = 1;
constexpr char kSmallLimits = 2;
constexpr char kLargePumps = 8;
constexpr char kDrain = 16;

std::string Number(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
          static_cast<char>(number >> 8), static_cast<char>(number)};
}

struct Frame {
  char type = 0;
  char flags = 0;
  uint32_t stream = 1;
  std::string payload;
};

std::string Bytes(const Frame& frame) {
  return Number(static_cast<uint32_t>(frame.payload.size())).substr(1) + frame.type + frame.flags +
         Number(frame.stream) + frame.payload;
}

std::string Fields(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string block;
  for (const auto& [name, value] : fields) {
    block += '\0' + std::string(1, static_cast<char>(name.size())) + name +
             std::string(1, static_cast<char>(value.size())) + value;
  }
  return block;
}

using More = std::vector<std::pair<std::string, std::string>>;

std::string Head(const More& more, const std::string& path = "/coheld.v1.List/Append") {
  More fields = {{":method", "POST"},    {":scheme", "http"}, {":path", path},
                 {":authority", "host"}, {"te", "trailers"},  {"content-type", "application/grpc"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Fields(fields);
}

std::string Message(const std::string& text, bool compressed = false) {
  std::string framed;
  wire::AppendPrefix({.compressed = compressed, .length = static_cast<uint32_t>(text.size())},
                     &framed);
  return framed + text;
}

// Frames that are used over and over. Flags: 1 END_STREAM or ACK, 4 END_HEADERS.
std::string Open(uint32_t stream, const More& more = {}) {
  return Bytes({.type = 1, .flags = 4, .stream = stream, .payload = Head(more)});
}
std::string Data(uint32_t stream, const std::string& bytes, bool end) {
  return Bytes({.type = 0, .flags = static_cast<char>(end), .stream = stream, .payload = bytes});
}
std::string Reset(uint32_t stream) {
  return Bytes({.type = 3, .stream = stream, .payload = Number(8)});
}
std::string Window(uint32_t stream, uint32_t bytes) {
  return Bytes({.type = 8, .stream = stream, .payload = Number(bytes)});
}
std::string Setting(char name, uint32_t value) {
  return Bytes({.type = 4, .stream = 0, .payload = std::string{'\0', name} + Number(value)});
}
std::string Ping(char flags) {
  return Bytes({.type = 6, .flags = flags, .stream = 0, .payload = "01234567"});
}

// "gzip" of "R" by RFC 1952.
const std::string kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x0b\x02\x00\xab\x3f\x19\xd5\x01\x00\x00\x00", 21);

std::string Input(char options, const std::string& bytes, char piece = '\x7f') {
  return std::string{options, piece} + bytes;
}

std::string ManyStreams() {
  std::string bytes;
  for (uint32_t stream = 1; stream < 15; stream += 2) bytes += Open(stream);
  return bytes;
}

std::string RapidResets() {
  std::string bytes;
  for (uint32_t stream = 1; stream < 81; stream += 2) bytes += Open(stream) + Reset(stream);
  return bytes;
}

}  // namespace

Seeds Http2Seeds() {
  const char usual = kWithPreface | kLargePumps;
  const std::string settings = Bytes({.type = 4, .stream = 0});
  Seeds seeds;
  seeds["preface"] = Input(kLargePumps, kPreface + settings);
  seeds["no-preface"] = Input(kLargePumps, "GET / HTTP/1.1\r\n\r\n");
  seeds["unary"] = Input(usual, Open(1) + Data(1, Message("Request"), true));
  seeds["unary-bytewise"] = Input(usual, Open(1) + Data(1, Message("R"), true), '\0');
  seeds["messages"] = Input(usual, Open(1) + Data(1, Message("S1") + Message("S2"), false) +
                                       Data(1, Message("S3"), true));
  seeds["split-message"] =
      Input(usual, Open(1) + Data(1, Message("Split").substr(0, 3), false) +
                       Data(1, Message("Split").substr(3), false) + Data(1, "", true));
  seeds["two-streams"] =
      Input(usual, Open(1) + Open(3) + Data(3, Message("R"), true) + Data(1, Message("F"), true));
  seeds["timeout"] = Input(usual, Open(1, {{"grpc-timeout", "100m"}}) + Data(1, "", true));
  seeds["bad-timeout"] = Input(usual, Open(1, {{"grpc-timeout", "123456789H"}}));
  seeds["binary-metadata"] = Input(usual, Open(1, {{"key-bin", "AAEC/w"}, {"key", "v"}}));
  seeds["gzip"] =
      Input(usual, Open(1, {{"grpc-encoding", "gzip"}}) + Data(1, Message(kGzip, true), true));
  seeds["unknown-encoding"] =
      Input(usual, Open(1, {{"grpc-encoding", "snappy"}}) + Data(1, Message("x", true), true));
  seeds["flag-without-encoding"] = Input(usual, Open(1) + Data(1, Message("x", true), true));
  seeds["huge-length"] =
      Input(usual, Open(1) + Data(1, std::string("\0\xff\xff\xff\xff", 5), false));
  seeds["too-large"] =
      Input(usual | kSmallLimits, Open(1) + Data(1, Message(std::string(2000, 'S')), true));
  seeds["large-headers"] =
      Input(usual | kSmallLimits,
            Open(1, {{"k1", std::string(100, 'v')}, {"k2", std::string(100, 'v')}}));
  seeds["half-closed-early"] = Input(usual, Open(1) + Data(1, std::string("\0\0", 2), true));
  seeds["too-many-streams"] = Input(usual | kSmallLimits, ManyStreams());
  seeds["reset"] = Input(usual, Open(1) + Reset(1) + Data(1, "late", false));
  seeds["rapid-reset"] = Input(usual, RapidResets());
  seeds["ping"] = Input(usual, Ping(0) + Ping(1));
  seeds["small-window"] = Input(usual, Setting(4, 1) + Open(1) + Data(1, Message("Rx"), true) +
                                           Window(1, 10) + Window(0, 10) + Setting(4, 100000));
  seeds["window-overflow"] = Input(usual, Window(0, 0x7fffffff) + Window(0, 0x7fffffff));
  seeds["table-size"] = Input(usual, Setting(1, 0) + Open(1) + Data(1, Message("R"), true));
  seeds["drain"] = Input(usual | kDrain, Open(1) + Data(1, Message("S"), false) + Open(3) +
                                             Data(3, Message("R"), true) + Data(1, "", true));
  seeds["continuation"] =
      Input(usual, Bytes({.type = 1, .payload = Head({}).substr(0, 20)}) +
                       Bytes({.type = 9, .flags = 4, .payload = Head({}).substr(20)}) +
                       Data(1, Message("R"), true));
  seeds["trailers"] =
      Input(usual, Open(1) + Data(1, Message("x"), false) +
                       Bytes({.type = 1, .flags = 5, .payload = Fields({{"t", "v"}})}));
  seeds["get"] =
      Input(usual, Bytes({.type = 1, .flags = 5, .payload = std::string("\x82\x86\x84", 3)}));
  seeds["refused-at-once"] =
      Input(usual, Bytes({.type = 1, .flags = 4, .payload = Head({}, "/x/F")}) +
                       Data(1, Message("S"), true));
  seeds["goaway"] =
      Input(usual, Open(1) + Bytes({.type = 7, .stream = 0, .payload = Number(0) + Number(0)}));
  seeds["small-pumps"] = Input(kWithPreface, Open(1) + Data(1, Message("R"), true));
  return seeds;
}

}  // namespace coheld::fuzz
