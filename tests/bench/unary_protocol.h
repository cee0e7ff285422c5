// gRPC, every op a call of its own.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "tests/bench/grpc_connection.h"

namespace coheld::bench {

class UnaryProtocol : public GrpcConnection {
 public:
  explicit UnaryProtocol(uint32_t depth) : calls_(depth) {}

  void Issue(const Operation& operation, uint32_t slot) final {
    waiting_.push_back({&operation, slot});
  }

 protected:
  void OnOpened() override;
  // Appends what is sent for an op.
  virtual void AppendRequest(const Operation& operation, Output* out);

 private:
  struct Waiting {
    const Operation* operation;
    uint32_t slot;
  };
  struct Call {
    StreamNumber stream = 0;
    size_t reply_min = 0;
    size_t bytes = 0;
    bool succeeds = true;
  };
  struct Block {
    size_t generation = 0;
    std::string bytes;
  };

  void SendReady() final;
  void OnCallHeaders(StreamNumber stream, bool succeeds) final;
  void OnCallData(StreamNumber stream, std::string_view data) final;
  void OnCallEnd(StreamNumber stream, bool reset) final;

  void Open(const Operation& operation, uint32_t slot);
  // Sends what the windows allow of the last request. False if some of it is left.
  bool SendRest();
  // Encodes an op's headers once for each state of the header table.
  std::string_view BlockOf(const Operation& operation);
  Call* Find(StreamNumber stream);

  std::vector<Call> calls_;  // By slot.
  std::deque<Waiting> waiting_;
  std::vector<Block> blocks_;  // By method number.
  std::string first_;
  Output request_;  // What is left of the last one ...
  Output message_;
  std::string prefix_;
  StreamNumber sending_ = 0;
  int64_t window_ = 0;  // ... and its stream's window.
};

}  // namespace coheld::bench
