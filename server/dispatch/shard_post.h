// What the shards of a daemon tell each other, and how. Each is a Dispatcher on a thread of its
// own, and they share no memory: all goes by mail. The daemon's post is server/shard/; tests bring
// their own, and decide what arrives when.
//
// "The edge" is the shard of the connection on which an op came, "the owner" that of its object,
// "the home" of a session where it was opened.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "coheld/v1/session.pb.h"
#include "server/engine/reply.h"
#include "server/engine/wait_steps.h"

namespace coheld::dispatch {

// A descriptor on its way from thread to thread.
class SentDescriptor {
 public:
  explicit SentDescriptor(int fd = -1) : fd_(fd) {}
  SentDescriptor(SentDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SentDescriptor& operator=(SentDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~SentDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// An op for the owner. `call` is the edge's number for it, in whatever follows.
struct OpMail {
  engine::CallId call{};
  engine::SessionId session{};
  uint64_t thread = 0;
  uint32_t method = 0;
  uint32_t lane = 0;
  uint64_t seq = 0;
  uint64_t acked = 0;
  uint64_t token = 0;
  uint64_t deadline_ms = 0;
  uint64_t parked = 0;  // How many ops of the connection wait.
  std::string site;
  std::string payload;
};

// From the owner: the op's answer, or that it waits.
struct ReplyMail {
  engine::CallId call{};
  std::optional<wire::Failure> failure;
  std::string payload;
};
struct ParkedMail {
  engine::CallId call{};
};

// To the owner: the caller wants the op cancelled, or is gone.
struct CancelMail {
  engine::CallId call{};
};
struct AbandonMail {
  engine::CallId call{};
};

// From a session's home to all: it is open, or over. Answered with a ReplyMail, unless nobody waits
// for that (a call of 0).
struct OpenedMail {
  engine::CallId call{};
  engine::SessionId session{};
  v1::SessionLabel label;
  uint64_t ttl_ms = 0;
  engine::TimeMs opened{};
};
struct EndedMail {
  engine::CallId call{};
  engine::SessionId session{};
};

// To a session's home: a connection began, or ended, to use it.
struct AttachedMail {
  engine::SessionId session{};
};
struct DetachedMail {
  engine::SessionId session{};
  uint64_t silent_ms = 0;  // How long its host had been silent by then.
  SentDescriptor pidfd;    // Of its process, if that is known.
};

// To all: how far a lane of a session is acknowledged.
struct AcknowledgedMail {
  engine::SessionId session{};
  uint32_t lane = 0;
  uint64_t acked = 0;
};

// The search for rings (shard_rings.h). To the shard that looks: it should.
struct LookMail {};
// To all: tell what waits for long. The answer.
struct TellWaitsMail {};
struct WaitsMail {
  std::vector<engine::WaitStep> steps;
};
// To the shard that told a step of a ring: is it still there? The answer: in words, or nothing.
// `place` is the step's in the ring.
struct TellStepMail {
  size_t place = 0;
  engine::WaitStep step;
};
struct StepMail {
  size_t place = 0;
  std::string words;
};
// To the shard of a waiting op: it is to fail, as it is in this ring.
struct VerdictMail {
  engine::CallId op{};
  std::string ring;
};

using ShardMail = std::variant<OpMail, ReplyMail, ParkedMail, CancelMail, AbandonMail, OpenedMail,
                               EndedMail, AttachedMail, DetachedMail, AcknowledgedMail, LookMail,
                               TellWaitsMail, WaitsMail, TellStepMail, StepMail, VerdictMail>;

// The way of one shard to all.
class ShardPost {
 public:
  virtual ~ShardPost() = default;
  // Has it arrive at another shard's Dispatcher::OnMail, after all that was sent there before.
  virtual void Send(uint32_t to, std::vector<ShardMail> mail) = 0;
  // Has this shard's Dispatcher::OnTurnEnd called soon.
  virtual void RequestTurnEnd() = 0;
};

}  // namespace coheld::dispatch
