// One connection's protocol, as seen by the event loop: ops become bytes, bytes become answers. No
// sockets. All protocols run under the same loop, so that the client costs the same for each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/output.h"
#include "tests/bench/workload.h"

namespace coheld::bench {

// The end of one op.
struct Answer {
  uint32_t slot = 0;
  bool ok = false;
};

// A client's side of one connection.
class Protocol {
 public:
  virtual ~Protocol() = default;

  // Appends what a client sends first.
  virtual void Begin(Output* out) = 0;
  // True when ops may be issued.
  virtual bool ready() const = 0;
  // Starts an op in a free slot, below the depth. Its bytes come with Flush. The op stays where it
  // is until it is answered.
  virtual void Issue(const Operation& operation, uint32_t slot) = 0;
  // Appends all that is ready to go.
  virtual void Flush(Output* out) = 0;
  // Takes bytes that arrived and returns how many were used up; the rest comes again with more.
  virtual size_t Take(std::string_view bytes, std::vector<Answer>* answers) = 0;

  // Why the connection is of no more use; empty while it is.
  const std::string& error() const { return error_; }
  // Why the first op that failed did; empty if none did.
  const std::string& failure() const { return failure_; }

 protected:
  void Break(std::string_view why) {
    if (error_.empty()) error_ = why;
  }
  void NoteFailure(std::string_view why) {
    if (failure_.empty()) failure_ = why;
  }

 private:
  std::string error_;
  std::string failure_;
};

// Makes the connection's protocol for ops that `wire` encodes; `depth` is how many may be in
// flight. Only the stream can promise anything.
std::unique_ptr<Protocol> MakeProtocol(Wire wire, uint32_t depth, Promise promise);
std::unique_ptr<Protocol> MakeStreamProtocol(uint32_t depth, Promise promise);
std::unique_ptr<Protocol> MakeUnaryProtocol(uint32_t depth);
std::unique_ptr<Protocol> MakeEtcdProtocol(uint32_t depth);
std::unique_ptr<Protocol> MakeRedisProtocol();
std::unique_ptr<Protocol> MakeCopyProtocol();

}  // namespace coheld::bench
