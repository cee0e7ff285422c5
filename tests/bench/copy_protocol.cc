// The reference for large values: bytes are put to bench_copy_reference, which keeps them and
// answers with one byte, and got from it, with nothing around them but what is asked for.
#include <algorithm>
#include <deque>

#include "tests/bench/protocol.h"

namespace coheld::bench {
namespace {

class CopyProtocol final : public Protocol {
 public:
  void Begin(Output* /*out*/) override {}
  bool ready() const override { return true; }

  void Issue(const Operation& operation, uint32_t slot) override {
    outbox_.Append(operation.path);
    outbox_.AppendStable(operation.payload);
    waiting_.push_back({slot, operation.reply_min});
  }

  void Flush(Output* out) override { out->MoveAllFrom(&outbox_); }

  size_t Take(std::string_view bytes, std::vector<Answer>* answers) override {
    size_t left = bytes.size();
    while (left > 0 && error().empty()) {
      if (waiting_.empty()) Break("bytes that nobody asked for");
      if (waiting_.empty()) break;
      const size_t part = std::min(left, waiting_.front().bytes);
      waiting_.front().bytes -= part;
      left -= part;
      if (waiting_.front().bytes > 0) break;
      answers->push_back({waiting_.front().slot, true});
      waiting_.pop_front();
    }
    return bytes.size();
  }

 private:
  struct Waiting {
    uint32_t slot;
    size_t bytes;
  };

  std::deque<Waiting> waiting_;
  Output outbox_;
};

}  // namespace

std::unique_ptr<Protocol> MakeCopyProtocol() { return std::make_unique<CopyProtocol>(); }

}  // namespace coheld::bench
