// What goes into the engine, as records. The engine's state is a function of its inputs alone, so
// whoever keeps them in order can make it again: Replay gives the same objects, sessions, answers
// and waiting ops. No files here: an InputLog that writes them is the daemon's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/reply.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

class Engine;

// One input, as views into what its maker keeps.
struct Input {
  enum class Kind : uint8_t {
    kOp = 1,           // Changed something, or parked.
    kCancel = 2,       // Engine::Cancel.
    kAbandon = 3,      // Engine::Abandon.
    kAdvance = 4,      // Something was due.
    kRearm = 5,        // Engine::Rearm.
    kOpenSession = 6,  // Engine::OpenSession.
    kEndSession = 7,   // Engine::EndSession.
    kBegin = 8,        // Engine::Begin.
    kResume = 9,       // Engine::Resume.
    kAcknowledge = 10  // Engine::Acknowledge; the lane and how far are the stamp's.
  };

  Kind kind = Kind::kOp;
  Stamp stamp;  // Of kCancel and kAbandon the call, of all the time; sessions are the owner's.
  uint32_t code = 0;  // The method's number; of kCancel the failure's reason.
  uint64_t ms = 0;    // Of kRearm the stall, of kOpenSession the TTL; of kBegin the first number.
  std::string_view payload;  // The request; the failure's message; the serialised SessionLabel.
};

// Told every input that changed the engine's state, in order, before the call that was the input
// returns. Must not call the engine.
class InputLog {
 public:
  virtual ~InputLog() = default;
  virtual void OnInput(const Input& input) = 0;
};

// The bytes of an input are those of its head, of its stamp's site, and of its payload.
class InputHead {
 public:
  explicit InputHead(const Input& input);
  std::string_view bytes() const { return {bytes_.data(), size_}; }

 private:
  // The kind and up to 11 numbers; each is written with some bytes after it that do not count.
  std::array<char, 128> bytes_;
  size_t size_;
};
// Appends the bytes of an input.
void EncodeInput(const Input& input, std::string* bytes);
// Reads what EncodeInput wrote; the input is a view of it. False if it is no such.
bool DecodeInput(std::string_view bytes, Input* input);

// Has the engine take an input again, appending the replies that it then gave.
void Replay(Engine& engine, const Input& input, std::vector<Reply>* replies);

}  // namespace coheld::engine
