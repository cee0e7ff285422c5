// Pool, session and retries. See core.h.
#include "client/cpp/src/core.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <thread>
#include <utility>

#include "client/cpp/src/fork_guard.h"
#include "client/cpp/src/key_exchange.h"
#include "coheld/v1/session.pb.h"
#include "proto/wire/methods.h"
#include "proto/wire/status.h"

namespace coheld::core {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{2};
constexpr milliseconds kLongestPause{500};
constexpr milliseconds kCancelPatience{2000};  // For the final answer to a cancelled op.
constexpr milliseconds kDeadlineGrace{2000};   // For the daemon to end an op by itself.
constexpr milliseconds kClosePatience{500};    // For the answer to Session.Close.
constexpr std::string_view kOpenPath = "/coheld.v1.Session/Open";
constexpr std::string_view kClosePath = "/coheld.v1.Session/Close";

std::string UserName() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  return std::to_string(geteuid());
}

v1::SessionLabel MakeLabel(const ClientOptions& options) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  v1::SessionLabel label;
  label.set_host(host.data());
  label.set_program(options.program.empty() ? program_invocation_short_name : options.program);
  label.set_user(UserName());
  return label;
}

// Not for secrets: spreads retries of many clients.
milliseconds Jittered(milliseconds pause) {
  thread_local std::minstd_rand random(
      static_cast<unsigned>(Clock::now().time_since_epoch().count() ^ (getpid() << 16) ^
                            static_cast<int64_t>(this_thread_id())));
  return milliseconds(
      std::uniform_int_distribution<int64_t>(pause.count() / 2, pause.count())(random));
}

WaitLimits Within(milliseconds time) { return {.until = Clock::now() + time}; }

bool IsReadOnly(uint32_t method) {
  const wire::MethodRow* row = wire::FindMethod(method);
  return row != nullptr && row->read_only;
}

// Ops that mean nothing in another session than the one they were made for: they work on what it
// owned.
constexpr std::array kOwnersPaths = {
    "/coheld.v1.Barrier/ActionDone", "/coheld.v1.Condition/Wait",
    "/coheld.v1.Lock/Release",       "/coheld.v1.Lock/ReleaseAll",
    "/coheld.v1.RLock/Release",      "/coheld.v1.ReadWriteLock/Release",
    "/coheld.v1.Semaphore/Release",
};

bool NeedsOwnership(uint32_t method) {
  static const std::vector<uint32_t> numbers = [] {
    std::vector<uint32_t> found;
    for (const char* path : kOwnersPaths) {
      const wire::MethodRow* row = wire::FindMethod(std::string_view(path));
      if (row != nullptr) found.push_back(row->number);
    }
    return found;
  }();
  return std::find(numbers.begin(), numbers.end(), method) != numbers.end();
}

Reason ReasonOf(const wire::Failure& failure) { return static_cast<Reason>(failure.reason); }

std::string NameOf(uint32_t method) {
  const wire::MethodRow* row = wire::FindMethod(method);
  return row != nullptr ? row->name : "method " + std::to_string(method);
}

std::string LostMessage(uint32_t method, const std::string& address, const std::string& why) {
  return NameOf(method) + ": the connection to " + address + " broke before the reply: " + why;
}

// Saves the trip of what the daemon would refuse.
void RefuseTooLarge(const std::vector<Frame>& frames, uint64_t bytes_max) {
  constexpr uint64_t kFrameBytes = 64;  // At most, around a request.
  for (const Frame& frame : frames) {
    if (bytes_max == 0 || frame.request.size() + kFrameBytes <= bytes_max) continue;
    throw TooLarge(Reason::kTooLarge, NameOf(frame.method) + ": the request has " +
                                          std::to_string(frame.request.size()) +
                                          " bytes, and the daemon takes " +
                                          std::to_string(bytes_max));
  }
}

// How a failed answer goes on.
enum class Verdict { kFinal, kRepeat, kRepeatLater };

Verdict Judge(const Answer& answer, uint32_t method, bool read_only) {
  switch (answer.state) {
    case Answer::State::kUnsent:
      return Verdict::kRepeat;
    case Answer::State::kPending:
      return read_only ? Verdict::kRepeat : Verdict::kFinal;
    case Answer::State::kReplied:
      return Verdict::kFinal;
    case Answer::State::kFailed:
      break;
  }
  if (answer.failure.reason == v1::ERROR_REASON_SHUTTING_DOWN) return Verdict::kRepeatLater;
  const bool expired = answer.failure.reason == v1::ERROR_REASON_SESSION_EXPIRED;
  return expired && !NeedsOwnership(method) ? Verdict::kRepeat : Verdict::kFinal;
}

}  // namespace

Core::Core(const std::string& address, ClientOptions options)
    : address_(Address::Parse(address)),
      options_(std::move(options)),
      spin_(LongestSpin(options_.spin)),
      label_(MakeLabel(options_)),
      resolved_(address_.Resolve()),
      state_(new State{.fork_generation = ForkGeneration()}) {
  NeedsOwnership(0);  // Builds the tables now: a child must not find them half built.
}

// A child leaves the inherited state alone, reachable but untouched.
Core::~Core() {
  State* last = state_.load();
  if (last->fork_generation != ForkGeneration()) {
    Abandon(last);
    return;
  }
  CloseSession();
  delete last;
}

void Core::Abandon(State* inherited) {
  static std::atomic<State*> abandoned{nullptr};
  inherited->next_abandoned = abandoned.load();
  while (!abandoned.compare_exchange_weak(inherited->next_abandoned, inherited)) {
  }
}

Core::State& Core::state() {
  State* current = state_.load(std::memory_order_acquire);
  while (current->fork_generation != ForkGeneration()) [[unlikely]] {
      auto fresh = std::make_unique<State>();
      fresh->fork_generation = ForkGeneration();
      State* const inherited = current;
      if (!state_.compare_exchange_strong(current, fresh.get())) continue;
      Abandon(inherited);
      return *fresh.release();
    }
  return *current;
}

void Core::Connect(bool patient) {
  Attempt attempt{.patient = patient};
  State& mine = state();
  GiveBack(mine, Checkout(mine, attempt));
}

std::unique_ptr<Channel> Core::Checkout(State& state, Attempt& attempt) {
  while (std::unique_ptr<Channel> channel = TakeIdle(state)) {
    if (channel->Refresh()) return channel;
  }
  return Dial(state, attempt);
}

std::unique_ptr<Channel> Core::TakeIdle(State& state) {
  const std::lock_guard guard(state.mutex);
  if (state.idle.empty()) return nullptr;
  std::unique_ptr<Channel> channel = std::move(state.idle.back());
  state.idle.pop_back();
  return channel;
}

void Core::GiveBack(State& state, std::unique_ptr<Channel> channel) {
  do {
    const std::lock_guard guard(state.mutex);
    const bool current =
        state.session_valid && channel->session_generation() == state.session.generation;
    if (!current) return;
    if (state.posted.empty()) {
      if (state.idle.size() < options_.idle_channels_max) state.idle.push_back(std::move(channel));
      return;
    }
  } while (SendPosted(state, *channel));
}

std::unique_ptr<Channel> Core::Dial(State& state, Attempt& attempt) {
  while (true) {
    if (!attempt.give_up) attempt.give_up = Clock::now() + options_.connect_timeout;
    attempt.limits.until = attempt.give_up;
    try {
      return DialOnce(state, attempt);
    } catch (const ConnectFailed& failure) {
      BackOff(attempt, failure);
    } catch (const LinkBroken& broken) {
      BackOff(attempt, ConnectFailed("cannot connect to " + address_.text() + ": " + broken.why,
                                     broken.system_error));
    }
  }
}

std::unique_ptr<Channel> Core::DialOnce(State& state, const Attempt& attempt) {
  auto channel =
      std::make_unique<Channel>(Socket::Connect(resolved_, address_.text(), attempt.limits),
                                address_.is_unix() ? "localhost" : address_.text(),
                                options_.message_bytes_max, spin_, attempt.limits);
  const std::lock_guard opening(state.opening);
  OpenSession session;
  {
    const std::lock_guard guard(state.mutex);
    if (state.session_valid) session = state.session;
  }
  if (session.generation == 0) {
    OpenSessionOn(*channel, state, attempt.limits);
    const std::lock_guard guard(state.mutex);
    session = state.session;
  } else if (!options_.key.empty()) {
    ProveKey(*channel, options_.key, address_.text(), attempt.limits);
  }
  channel->OpenStream(session.token, session.generation);
  HoldAnew(*channel, state, attempt.limits);
  return channel;
}

void Core::OpenSessionOn(Channel& channel, State& state, const WaitLimits& limits) {
  v1::SessionOpenRequest request;
  *request.mutable_label() = label_;
  request.mutable_label()->set_pid(getpid());
  request.set_ttl_ms(static_cast<uint64_t>(std::max<int64_t>(0, options_.session_ttl.count())));
  std::optional<KeyExchange> exchange;
  if (!options_.key.empty()) {
    exchange.emplace(channel, options_.key, address_.text(), limits);
    *request.mutable_proof() = exchange->proof();
  }
  v1::SessionOpenReply reply;
  if (!reply.ParseFromString(AskSession(channel, kOpenPath, request.SerializeAsString(), limits))) {
    throw LinkBroken{"the daemon sent a malformed reply"};
  }
  if (exchange) exchange->Check(reply.proof());
  const std::lock_guard guard(state.mutex);
  state.session = {
      .generation = state.session.generation + 1, .token = reply.token(), .reply = reply};
  state.session_valid = true;
  state.request_bytes_max = reply.message_bytes_max();
}

// Only the thread that saw the session expire first forgets it; idle channels of it go with it.
void Core::ForgetSession(State& state, uint64_t generation) {
  std::vector<std::unique_ptr<Channel>> stale;
  const std::lock_guard guard(state.mutex);
  if (!state.session_valid || state.session.generation != generation) return;
  state.session_valid = false;
  state.posted.clear();
  stale.swap(state.idle);
}

// An op that was parked past its time to connect gets that time anew.
void Core::StartOver(Attempt& attempt) const {
  const Clock::time_point now = Clock::now();
  if (attempt.give_up && now < *attempt.give_up) return;
  attempt.give_up = now + options_.connect_timeout;
  attempt.repeats = 0;
}

void Core::BackOff(Attempt& attempt, const ConnectFailed& failure) {
  const milliseconds pause =
      Jittered(std::min(kLongestPause, kFirstPause * (1 << std::min(attempt.repeats, 10))));
  ++attempt.repeats;
  if (!attempt.patient || Clock::now() + pause >= *attempt.give_up) throw failure;
  const auto* on_interrupt = attempt.limits.on_interrupt;
  if (on_interrupt != nullptr && (*on_interrupt)()) {
    throw Interrupted("interrupted while connecting to " + address_.text());
  }
  std::this_thread::sleep_for(pause);
}

Core::Outcome Core::Run(State& state, const std::vector<Frame>& frames, const CallOptions& options,
                        Attempt& attempt, std::vector<Answer>* answers) {
  RefuseTooLarge(frames, state.request_bytes_max.load(std::memory_order_relaxed));
  std::unique_ptr<Channel> channel = Checkout(state, attempt);
  Outcome outcome{.session_generation = channel->session_generation()};
  SendPosted(state, *channel);  // Before the op: whoever posted it expects to see it done.
  const auto look_up = [&] {
    const bool interrupted = (*attempt.limits.on_interrupt)();
    if (channel->own()) SendPosted(state, *channel);
    return interrupted;
  };
  const std::function<bool()> on_interrupt = std::cref(look_up);
  WaitLimits limits;
  if (attempt.limits.on_interrupt != nullptr) limits.on_interrupt = &on_interrupt;
  if (options.deadline) limits.until = Clock::now() + *options.deadline + kDeadlineGrace;
  try {
    switch (channel->Exchange(frames, limits, answers)) {
      case WaitEnd::kReady:
        if (channel->own()) GiveBack(state, std::move(channel));
        break;
      case WaitEnd::kInterrupted:
        Interrupt(state, std::move(channel), answers);
      case WaitEnd::kTimeout:
        outcome = {true, {"the daemon did not end the op at its deadline", ETIMEDOUT}};
        break;
    }
  } catch (LinkBroken& broken) {
    outcome.broken = true;
    outcome.link = std::move(broken);
  }
  return outcome;
}

void Core::Interrupt(State& state, std::unique_ptr<Channel> channel, std::vector<Answer>* answers) {
  bool known = false;
  try {
    known = channel->CancelPending(Within(kCancelPatience), answers) == WaitEnd::kReady;
  } catch (const LinkBroken&) {
  }
  if (known) GiveBack(state, std::move(channel));
  Answer& first = answers->front();
  const bool happened = answers->size() == 1 && first.state == Answer::State::kReplied;
  throw Interrupted("the op was interrupted",
                    happened ? std::optional(std::move(first.payload)) : std::nullopt, known);
}

const std::function<bool()>* Core::InterruptOf(const CallOptions& options) const {
  if (options.on_interrupt) return &options.on_interrupt;
  return options_.on_interrupt ? &options_.on_interrupt : nullptr;
}

CallResult Core::Call(uint32_t method, std::string_view request, const CallOptions& options) {
  const bool read_only = IsReadOnly(method);
  Attempt attempt;
  attempt.limits.on_interrupt = InterruptOf(options);
  Frame frame{.method = method, .request = request, .thread = options.thread};
  if (options.deadline) {
    frame.deadline_ms = static_cast<uint64_t>(std::max<int64_t>(1, options.deadline->count()));
  }
  std::vector<Answer> answers;
  State& mine = state();
  while (true) {
    const Outcome outcome = Run(mine, {frame}, options, attempt, &answers);
    Answer& answer = answers.front();
    if (answer.state == Answer::State::kReplied) return {.reply = std::move(answer.payload)};
    const bool expired = answer.state == Answer::State::kFailed &&
                         answer.failure.reason == v1::ERROR_REASON_SESSION_EXPIRED;
    if (expired) ForgetSession(mine, outcome.session_generation);
    const Verdict verdict = Judge(answer, method, read_only);
    if (verdict == Verdict::kFinal) {
      if (answer.state == Answer::State::kFailed) {
        return {.reason = ReasonOf(answer.failure), .message = std::move(answer.failure.message)};
      }
      throw OutcomeUnknown(LostMessage(method, address_.text(), outcome.link.why),
                           outcome.link.system_error);
    }
    StartOver(attempt);
    if (verdict == Verdict::kRepeatLater || attempt.repeats++ > 0) {
      BackOff(attempt,
              ConnectFailed(LostMessage(method, address_.text(),
                                        outcome.broken ? outcome.link.why : answer.failure.message),
                            outcome.link.system_error));
    }
  }
}

std::vector<CallResult> Core::CallMany(std::span<const PipelinedCall> calls,
                                       const CallOptions& options) {
  std::vector<CallResult> results(calls.size());
  if (calls.empty()) return results;
  std::vector<Frame> frames;
  for (const PipelinedCall& call : calls) {
    frames.push_back({.method = call.method, .request = call.request, .thread = options.thread});
    if (options.deadline)
      frames.back().deadline_ms =
          static_cast<uint64_t>(std::max<int64_t>(1, options.deadline->count()));
  }
  Attempt attempt;
  attempt.limits.on_interrupt = InterruptOf(options);
  std::vector<Answer> answers;
  State& mine = state();
  const Outcome outcome = Run(mine, frames, options, attempt, &answers);
  for (size_t i = 0; i < calls.size(); ++i) {
    Answer& answer = answers[i];
    switch (answer.state) {
      case Answer::State::kReplied:
        results[i].reply = std::move(answer.payload);
        break;
      case Answer::State::kFailed:
        results[i].reason = ReasonOf(answer.failure);
        results[i].message = std::move(answer.failure.message);
        break;
      case Answer::State::kUnsent:
      case Answer::State::kPending:
        results[i].reason = answer.state == Answer::State::kUnsent || IsReadOnly(calls[i].method)
                                ? Reason::kConnectionLost
                                : Reason::kOutcomeUnknown;
        results[i].message = LostMessage(calls[i].method, address_.text(), outcome.link.why);
        break;
    }
  }
  return results;
}

SessionDetails Core::Session() {
  Connect(true);
  State& mine = state();
  const std::lock_guard guard(mine.mutex);
  const v1::SessionOpenReply& reply = mine.session.reply;
  return {.id = reply.session(),
          .ttl = milliseconds(static_cast<int64_t>(reply.ttl_ms())),
          .durability = reply.durability(),
          .version = reply.version()};
}

void Core::CloseSession() noexcept {
  State& mine = state();
  std::vector<std::unique_ptr<Channel>> idle;
  std::string token;
  {
    const std::lock_guard guard(mine.mutex);
    if (!mine.session_valid) return;
    mine.session_valid = false;
    mine.posted.clear();
    idle.swap(mine.idle);
    token = mine.session.token;
  }
  try {
    while (!idle.empty() && !idle.back()->Refresh()) idle.pop_back();
    if (idle.empty()) return;
    (void)idle.back()->CallUnary(kClosePath, token, "", Within(kClosePatience));
  } catch (...) {  // The session ends by its TTL.
  }
}

}  // namespace coheld::core
