// The part of Core that makes the ops of a call happen once, over as many connections as it takes.
// See core.h; what is sent again is delivery.h's decision, and how long that is tried patience.h's.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "client/cpp/src/core.h"

namespace coheld::core {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCancelPatience{2000};  // For the final answers to cancelled ops.

// How long an op may be parked from now on, as frames say it: rounded up, and 0 for ever.
uint64_t MillisecondsUntil(const std::optional<Clock::time_point>& deadline) {
  if (!deadline) return 0;
  const auto left = std::chrono::ceil<milliseconds>(*deadline - Clock::now());
  return static_cast<uint64_t>(std::max<int64_t>(1, left.count()));
}

}  // namespace

// 0 the first time.
uint64_t Core::MillisecondsSinceFirst(Attempt& attempt) {
  const Clock::time_point now = Clock::now();
  if (!attempt.first_sent) attempt.first_sent = now;
  return static_cast<uint64_t>((now - *attempt.first_sent) / milliseconds(1));
}

void Core::Deliver(Delivery& delivery, Attempt& attempt) {
  State& mine = state();
  while (!delivery.done()) {
    try {
      DeliverOnce(mine, delivery, attempt);
    } catch (const ConnectFailed&) {
      delivery.GiveUp();
    } catch (const Interrupted&) {
      if (!delivery.uncertain()) throw;
      Interrupt(mine, nullptr, delivery);
    } catch (const Error& error) {
      if (!delivery.uncertain()) throw;
      attempt.trouble = {.why = error.what()};
      delivery.GiveUp();
    }
  }
}

void Core::DeliverOnce(State& state, Delivery& delivery, Attempt& attempt) {
  std::unique_ptr<Channel> channel = Checkout(state, attempt);
  const std::shared_ptr<OpenSession> session = channel->session();
  delivery.Enter(session);
  channel->Post();  // Before the ops: whoever posted something expects to see it done.
  const std::function<bool()> on_interrupt = [&attempt, &channel] {
    const bool interrupted = (*attempt.on_interrupt)();
    if (channel->own()) channel->Post();
    return interrupted;
  };
  const WaitLimits limits{
      .until = attempt.end,
      .on_interrupt = attempt.on_interrupt == nullptr ? nullptr : &on_interrupt};
  WaitEnd end = WaitEnd::kReady;
  bool broken = false;
  try {
    const auto& frames =
        delivery.Frames(MillisecondsUntil(attempt.deadline), MillisecondsSinceFirst(attempt));
    end = channel->Exchange(frames, limits, delivery.answers());
  } catch (LinkBroken& link) {
    attempt.trouble = std::move(link);
    attempt.patience.Lost(Clock::now() - channel->made());
    broken = true;
  }
  if (end == WaitEnd::kInterrupted) Interrupt(state, std::move(channel), delivery);
  const Delivery::Verdict verdict = delivery.Take();
  if (end == WaitEnd::kTimeout) {
    attempt.trouble = {"the daemon did not end the op at its deadline", ETIMEDOUT};
    return delivery.GiveUp();
  }
  if (verdict.session_gone) ForgetSession(state, session.get());
  if (!broken && channel->own()) GiveBack(state, std::move(channel));
  if (delivery.done()) return;
  if (verdict.session_gone) attempt.trouble = {"the session has ended"};
  if (verdict.later) attempt.trouble = {"the daemon is about to end"};
  channel.reset();
  BackOff(attempt);
}

void Core::Interrupt(State& state, std::unique_ptr<Channel> channel, Delivery& delivery) {
  const Clock::time_point until = Clock::now() + kCancelPatience;
  if (channel != nullptr) CancelOn(state, std::move(channel), delivery, until);
  while (delivery.uncertain() && Clock::now() < until) CancelAnew(state, delivery, until);
  delivery.GiveUp();
  bool known = true;
  for (size_t i = 0; i < delivery.size(); ++i) {
    known = known && delivery.fate(i) != Delivery::Fate::kUnknown;
  }
  const bool happened = delivery.size() == 1 && delivery.fate(0) == Delivery::Fate::kReplied;
  throw Interrupted("the op was interrupted",
                    happened ? std::optional(std::move(delivery.payload(0))) : std::nullopt, known);
}

void Core::CancelOn(State& state, std::unique_ptr<Channel> channel, Delivery& delivery,
                    Clock::time_point until) {
  try {
    const WaitEnd end = channel->CancelPending({.until = until}, delivery.answers());
    delivery.Take();
    if (end == WaitEnd::kReady) GiveBack(state, std::move(channel));
  } catch (const LinkBroken&) {
    delivery.Take();
  }
}

// The op may have taken something, such as a lock, for which nobody would be left. So it is sent
// once more, and cancelled at once.
void Core::CancelAnew(State& state, Delivery& delivery, Clock::time_point until) {
  Attempt attempt{.patience = Patience(kCancelPatience, until, true)};
  try {
    std::unique_ptr<Channel> channel = Dial(state, attempt);
    delivery.Enter(channel->session());
    if (!delivery.uncertain()) return GiveBack(state, std::move(channel));
    channel->Exchange(delivery.Frames(0, 0), {.until = Clock::now()}, delivery.answers());
    CancelOn(state, std::move(channel), delivery, until);
  } catch (const LinkBroken&) {
    delivery.Take();
  } catch (const Error&) {
    delivery.GiveUp();
  }
}

}  // namespace coheld::core
