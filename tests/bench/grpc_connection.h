// What all ways to speak gRPC have in common: HTTP/2, headers, and the call that opens a session
// before anything else. Messages are read by hand, as much of them as tells right from wrong.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/http2_client.h"

namespace coheld::bench {

void AppendVarint(uint64_t value, std::string* out);
// Reads a varint off the front; 0 if it is cut short.
uint64_t TakeVarint(std::string_view* bytes);

class GrpcConnection : public Http2Client {
 public:
  bool ready() const final { return opened_; }

 protected:
  // A call that opens what others need.
  struct Opening {
    std::string path;
    std::string request;
  };

  // coheld's session, unless a peer knows something else.
  virtual Opening OpeningCall() const;
  // Takes the opening call's reply. False if it is not what was asked for.
  virtual bool TakeOpening(const std::string& reply);
  // What was to be opened is open.
  virtual void OnOpened() = 0;
  virtual void OnCallHeaders(StreamNumber stream, bool succeeds) = 0;
  virtual void OnCallData(StreamNumber stream, std::string_view data) = 0;
  virtual void OnCallEnd(StreamNumber stream, bool reset) = 0;

  std::vector<HeaderField> Head(const std::string& path, bool with_session) const;

 private:
  void OnSettled() final;
  void OnHeaders(StreamNumber stream, bool succeeds) final;
  void OnData(StreamNumber stream, std::string_view data) final;
  void OnEnd(StreamNumber stream, bool reset) final;

  StreamNumber opening_ = 0;
  std::string reply_;  // The opening call's.
  std::string token_;
  bool opened_ = false;
};

}  // namespace coheld::bench
