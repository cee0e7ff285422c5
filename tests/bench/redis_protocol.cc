// Redis's protocol (RESP2, https://redis.io/docs/reference/protocol-spec/): replies come in the
// order of the commands. Arrays are not read: no command of the workload answers with one.
#include <charconv>
#include <deque>

#include "tests/bench/protocol.h"

namespace coheld::bench {
namespace {

class RedisProtocol : public Protocol {
 public:
  void Begin(std::string* /*out*/) override {}
  bool ready() const override { return true; }

  void Issue(const Operation& operation, uint32_t slot) override {
    outbox_ += operation.payload;
    waiting_.push_back({slot, operation.reply_min});
  }

  void Flush(std::string* out) override {
    out->append(outbox_);
    outbox_.clear();
  }

  size_t Take(std::string_view bytes, std::vector<Answer>* answers) override {
    size_t used = 0;
    while (error().empty()) {
      const size_t taken = TakeReply(bytes.substr(used), answers);
      if (taken == 0) break;
      used += taken;
    }
    return used;
  }

 private:
  struct Waiting {
    uint32_t slot;
    size_t reply_min;
  };

  // Returns the bytes of one whole reply, or 0 if it is not all there.
  size_t TakeReply(std::string_view bytes, std::vector<Answer>* answers) {
    const size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return 0;
    if (waiting_.empty()) {
      Break("a reply to no command");
      return 0;
    }
    const size_t line_bytes = end + 2;
    long number = -1;
    std::from_chars(bytes.data() + 1, bytes.data() + end, number);
    const auto length = static_cast<size_t>(number < 0 ? 0 : number);
    switch (bytes[0]) {
      case '+':
      case ':':
        return Finish(true, line_bytes, answers);
      case '-':
        NoteFailure(bytes.substr(1, end - 1));
        return Finish(false, line_bytes, answers);
      case '$':
        if (number < 0) return Finish(waiting_.front().reply_min == 0, line_bytes, answers);
        if (bytes.size() < line_bytes + length + 2) return 0;
        return Finish(length >= waiting_.front().reply_min, line_bytes + length + 2, answers);
      default:
        Break("a reply of unknown kind: " + std::string(bytes.substr(0, end)));
        return 0;
    }
  }

  size_t Finish(bool ok, size_t bytes, std::vector<Answer>* answers) {
    if (!ok) NoteFailure("a reply without the value");
    answers->push_back({waiting_.front().slot, ok});
    waiting_.pop_front();
    return bytes;
  }

  std::deque<Waiting> waiting_;
  std::string outbox_;
};

}  // namespace

std::unique_ptr<Protocol> MakeRedisProtocol() { return std::make_unique<RedisProtocol>(); }

}  // namespace coheld::bench
