// Life, forks, and the calls themselves. See core.h; its other parts are in core_*.cc.
#include "client/cpp/src/core.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "client/cpp/src/fork_guard.h"
#include "coheld/v1/session.pb.h"
#include "proto/wire/methods.h"
#include "proto/wire/status.h"

namespace coheld::core {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDeadlineGrace{2000};  // For the daemon to end an op by itself.
constexpr milliseconds kClosePatience{500};   // For the answer to Session.Close.
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

std::string NameOf(uint32_t method) {
  const wire::MethodRow* row = wire::FindMethod(method);
  return row != nullptr ? row->name : "method " + std::to_string(method);
}

ConnectFailed NotConnected(const LinkBroken& trouble) {
  return ConnectFailed(trouble.why, trouble.system_error);
}

// Saves the trip of what the daemon would refuse.
void RefuseTooLarge(std::span<const PipelinedCall> calls, uint64_t bytes_max) {
  constexpr uint64_t kFrameBytes = 512;  // At most, around a request.
  for (const PipelinedCall& call : calls) {
    if (bytes_max == 0 || call.request.size() + kFrameBytes <= bytes_max) continue;
    throw TooLarge(Reason::kTooLarge, NameOf(call.method) + ": the request has " +
                                          std::to_string(call.request.size()) +
                                          " bytes, and the daemon takes " +
                                          std::to_string(bytes_max));
  }
}

}  // namespace

Core::Core(const std::string& address, ClientOptions options)
    : address_(Address::Parse(address)),
      options_(std::move(options)),
      tls_(CompleteTls(options_.tls, address_)),
      spin_(LongestSpin(options_.spin)),
      label_(MakeLabel(options_)),
      resolved_(address_.Resolve()),
      state_(new State{.fork_generation = ForkGeneration()}),
      reconnect_timeout_(options_.reconnect_timeout.value_or(options_.connect_timeout).count()) {
  PrepareDeliveries();
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

const std::function<bool()>* Core::InterruptOf(const CallOptions& options) const {
  if (options.on_interrupt) return &options.on_interrupt;
  return options_.on_interrupt ? &options_.on_interrupt : nullptr;
}

Core::Attempt Core::MakeAttempt(const CallOptions& options) const {
  std::optional<Clock::time_point> deadline;
  std::optional<Clock::time_point> end;
  if (options.deadline) {
    deadline = Clock::now() + *options.deadline;
    end = *deadline + kDeadlineGrace;
  }
  return {.patience = Patience(milliseconds(reconnect_timeout_), end, true),
          .on_interrupt = InterruptOf(options),
          .deadline = deadline,
          .end = end};
}

void Core::Connect() {
  Attempt attempt{
      .patience = Patience(options_.connect_timeout, std::nullopt, options_.wait_for_daemon),
      .on_interrupt = InterruptOf({})};
  MakeSureOfSession(attempt);
}

void Core::MakeSureOfSession(Attempt& attempt) {
  State& mine = state();
  GiveBack(mine, Checkout(mine, attempt));
}

std::string Core::LostMessage(uint32_t method, const LinkBroken& trouble) const {
  return NameOf(method) + ": the connection to " + address_.text() +
         " broke before the reply: " + trouble.why;
}

CallResult Core::Call(uint32_t method, std::string_view request, const CallOptions& options) {
  const PipelinedCall call{.method = method, .request = request};
  RefuseTooLarge({&call, 1}, state().request_bytes_max.load(std::memory_order_relaxed));
  Delivery delivery({&call, 1}, options);
  Attempt attempt = MakeAttempt(options);
  Deliver(delivery, attempt);
  switch (delivery.fate(0)) {
    case Delivery::Fate::kReplied:
      return {.reply = std::move(delivery.payload(0))};
    case Delivery::Fate::kFailed:
      return {.reason = static_cast<Reason>(delivery.failure(0).reason),
              .message = std::move(delivery.failure(0).message)};
    case Delivery::Fate::kUnknown:
      throw OutcomeUnknown(LostMessage(method, attempt.trouble), attempt.trouble.system_error);
    case Delivery::Fate::kNever:
    case Delivery::Fate::kOpen:
      break;
  }
  throw NotConnected(attempt.trouble);
}

std::vector<CallResult> Core::CallMany(std::span<const PipelinedCall> calls,
                                       const CallOptions& options) {
  RefuseTooLarge(calls, state().request_bytes_max.load(std::memory_order_relaxed));
  Delivery delivery(calls, options);
  Attempt attempt = MakeAttempt(options);
  Deliver(delivery, attempt);
  if (!calls.empty() && delivery.sent_none()) throw NotConnected(attempt.trouble);
  std::vector<CallResult> results(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    switch (delivery.fate(i)) {
      case Delivery::Fate::kReplied:
        results[i].reply = std::move(delivery.payload(i));
        break;
      case Delivery::Fate::kFailed:
        results[i].reason = static_cast<Reason>(delivery.failure(i).reason);
        results[i].message = std::move(delivery.failure(i).message);
        break;
      case Delivery::Fate::kUnknown:
        results[i].reason = Reason::kOutcomeUnknown;
        results[i].message = LostMessage(calls[i].method, attempt.trouble);
        break;
      case Delivery::Fate::kNever:
      case Delivery::Fate::kOpen:
        results[i].reason = Reason::kConnectionLost;
        results[i].message = NameOf(calls[i].method) + ": " + attempt.trouble.why;
        break;
    }
  }
  return results;
}

SessionDetails Core::Session() {
  Attempt attempt = MakeAttempt({});
  MakeSureOfSession(attempt);
  const std::shared_ptr<OpenSession> session = CurrentSession(state());
  if (session == nullptr) {
    throw SessionExpired(Reason::kSessionExpired, "the session was closed meanwhile");
  }
  const v1::SessionOpenReply& reply = session->reply();
  return {.id = reply.session(),
          .ttl = milliseconds(static_cast<int64_t>(reply.ttl_ms())),
          .durability = reply.durability(),
          .version = reply.version()};
}

uint64_t Core::SessionId() noexcept { return state().session_id.load(std::memory_order_relaxed); }

void Core::CloseSession() noexcept {
  State& mine = state();
  std::vector<std::unique_ptr<Channel>> idle;
  std::shared_ptr<OpenSession> session;
  {
    const std::lock_guard guard(mine.mutex);
    if (mine.session == nullptr) return;
    session.swap(mine.session);
    mine.session_id = 0;
    idle.swap(mine.idle);
  }
  try {
    while (!idle.empty() && !idle.back()->Refresh()) idle.pop_back();
    if (idle.empty()) return;
    (void)idle.back()->CallUnary(kClosePath, session->token(), "",
                                 {.until = Clock::now() + kClosePatience});
  } catch (...) {  // The session ends by its TTL.
  }
}

}  // namespace coheld::core
