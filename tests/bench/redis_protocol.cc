// Redis's protocol (RESP2, https://redis.io/docs/reference/protocol-spec/): replies come in the
// order of the commands. Of arrays only flat ones are read.
#include <charconv>
#include <deque>

#include "tests/bench/protocol.h"

namespace coheld::bench {
namespace {

class RedisProtocol final : public Protocol {
 public:
  void Begin(Output* /*out*/) override {}
  bool ready() const override { return true; }

  void Issue(const Operation& operation, uint32_t slot) override {
    outbox_.AppendStable(operation.payload);
    waiting_.push_back({slot, operation.reply_min});
  }

  void Flush(Output* out) override { out->MoveAllFrom(&outbox_); }

  size_t Take(std::string_view bytes, std::vector<Answer>* answers) override {
    size_t used = 0;
    while (error().empty() && used < bytes.size()) {
      const size_t taken =
          rest_ > 0 ? TakeRest(bytes.substr(used), answers) : TakeLine(bytes.substr(used), answers);
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

  // Returns the bytes of the line in front, or 0 if it is not all there.
  size_t TakeLine(std::string_view bytes, std::vector<Answer>* answers) {
    const size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return 0;
    if (waiting_.empty()) {
      Break("a reply to no command");
      return 0;
    }
    long number = -1;
    std::from_chars(bytes.data() + 1, bytes.data() + end, number);
    const auto length = static_cast<size_t>(number < 0 ? 0 : number);
    switch (bytes[0]) {
      case '+':
      case ':':
        bulk_bytes_ = waiting_.front().reply_min;
        break;
      case '-':
        refusal_ = bytes.substr(1, end - 1);
        break;
      case '$':
        bulk_bytes_ += length;
        if (number >= 0) rest_ = length + 2;
        break;
      case '*':
        elements_ = length;
        if (length > 0) return end + 2;
        break;
      default:
        Break("a reply of unknown kind: " + std::string(bytes.substr(0, end)));
        return 0;
    }
    if (rest_ == 0) EndElement(answers);
    return end + 2;
  }

  // Counts the bytes of a bulk string, without keeping them.
  size_t TakeRest(std::string_view bytes, std::vector<Answer>* answers) {
    const size_t part = std::min(rest_, bytes.size());
    rest_ -= part;
    if (rest_ == 0) EndElement(answers);
    return part;
  }

  void EndElement(std::vector<Answer>* answers) {
    if (elements_ > 1) {
      --elements_;
      return;
    }
    const Waiting& waiting = waiting_.front();
    const bool ok = refusal_.empty() && bulk_bytes_ >= waiting.reply_min;
    if (!ok) NoteFailure(refusal_.empty() ? "a reply without the value" : refusal_);
    answers->push_back({waiting.slot, ok});
    waiting_.pop_front();
    elements_ = 0;
    bulk_bytes_ = 0;
    refusal_.clear();
  }

  std::deque<Waiting> waiting_;
  Output outbox_;
  size_t rest_ = 0;        // Bytes to come of a bulk string.
  size_t elements_ = 0;    // To come of an array, the current one included.
  size_t bulk_bytes_ = 0;  // Of the reply that is being read.
  std::string refusal_;    // What it says, if it is an error.
};

}  // namespace

std::unique_ptr<Protocol> MakeRedisProtocol() { return std::make_unique<RedisProtocol>(); }

}  // namespace coheld::bench
