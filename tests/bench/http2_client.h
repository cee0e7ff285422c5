// The client's side of an HTTP/2 connection, only as much as a load generator needs: frames in and
// out, both directions' windows, and the answers that a peer is owed. It takes no CONTINUATION, and
// it believes its peer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/bench/hpack.h"
#include "tests/bench/protocol.h"

namespace coheld::bench {

using StreamNumber = uint32_t;

class Http2Client : public Protocol {
 public:
  void Begin(Output* out) final;
  size_t Take(std::string_view bytes, std::vector<Answer>* answers) final;
  void Flush(Output* out) final;

 protected:
  // The peer's SETTINGS are here: streams may be opened.
  virtual void OnSettled() = 0;
  // `succeeds` is what HeaderDecoder says of the block.
  virtual void OnHeaders(StreamNumber stream, bool succeeds) = 0;
  virtual void OnData(StreamNumber stream, std::string_view data) = 0;
  // The peer ended the stream, by itself or by a reset.
  virtual void OnEnd(StreamNumber stream, bool reset) = 0;
  // Called by Flush: sends what the windows allow.
  virtual void SendReady() = 0;

  // Opens the next stream and returns its number.
  StreamNumber OpenStream(const std::vector<HeaderField>& fields);
  // The same with a block that the encoder gave.
  StreamNumber OpenStreamWith(std::string_view block);
  // Sends the first `bytes` bytes of an output, which fit `window` and the connection's window;
  // both shrink by it.
  void SendData(StreamNumber stream, Output* data, size_t bytes, bool end, int64_t* window);
  int64_t connection_window() const { return connection_window_; }
  // What a new stream may send before the peer allows more.
  int64_t stream_window_start() const { return stream_window_start_; }
  uint32_t streams_max() const { return streams_max_; }
  // The stream whose window updates are wanted, and its window.
  void WatchWindow(StreamNumber stream, int64_t* window);

  HeaderEncoder& encoder() { return encoder_; }
  const HeaderDecoder& decoder() const { return decoder_; }
  // Where answers go while Take runs.
  std::vector<Answer>* answers() { return answers_; }

 private:
  enum FrameType : uint8_t {
    kData = 0,
    kHeaders = 1,
    kReset = 3,
    kSettings = 4,
    kPing = 6,
    kGoAway = 7,
    kWindowUpdate = 8,
    kContinuation = 9
  };
  struct Frame {
    uint8_t type;
    uint8_t flags;
    StreamNumber stream;
    std::string_view payload;
  };

  void AppendFrame(uint8_t type, uint8_t flags, StreamNumber stream, std::string_view payload);
  void AppendHead(uint8_t type, uint8_t flags, StreamNumber stream, size_t length);
  void OnFrame(const Frame& frame);
  void OnDataFrame(const Frame& frame);
  void OnHeadersFrame(const Frame& frame);
  void OnSettings(const Frame& frame);
  void OnWindowUpdate(const Frame& frame);
  // Gives back receive window, in large steps.
  void Consumed(StreamNumber stream, size_t bytes);

  HeaderEncoder encoder_;
  HeaderDecoder decoder_;
  Output outbox_;
  std::vector<Answer>* answers_ = nullptr;
  StreamNumber next_stream_ = 1;
  bool settled_ = false;
  int64_t connection_window_ = 65535;
  int64_t stream_window_start_ = 65535;
  uint32_t frame_bytes_max_ = 16384;
  uint32_t streams_max_ = UINT32_MAX;
  StreamNumber watched_stream_ = 0;
  int64_t* watched_window_ = nullptr;
  uint64_t connection_consumed_ = 0;
  uint64_t watched_consumed_ = 0;
};

}  // namespace coheld::bench
