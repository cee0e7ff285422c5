// See proxy_link.h.
#include "tests/robustness/proxy_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace coheld::testing {
namespace {

constexpr size_t kWaitingMax = size_t{1} << 20;
constexpr size_t kDribbleMax = 256;  // Of each chunk; more would only take time.
constexpr size_t kClientPreface = 24;
constexpr std::chrono::milliseconds kHoldsMax{500};  // Without a reply to hold back.

}  // namespace

ProxyLink::ProxyLink(int client, int daemon, const LinkPlan& plan)
    : plan_(plan), up_(client, daemon, kClientPreface), down_(daemon, client, 0) {}

ProxyLink::~ProxyLink() {
  close(client());
  close(daemon());
}

short ProxyLink::Events(const Direction& from, const Direction& to) {
  const bool reads = !from.ended && from.waiting.size() < kWaitingMax;
  return static_cast<short>((reads ? POLLIN : 0) | (to.blocked ? POLLOUT : 0));
}

void ProxyLink::Turn(ProxyClock::time_point now, short client_ready, short daemon_ready) {
  if ((client_ready & (POLLIN | POLLHUP | POLLERR)) != 0) Read(up_, now);
  if ((daemon_ready & (POLLIN | POLLHUP | POLLERR)) != 0) Read(down_, now);
  up_.blocked = down_.blocked = false;
  Strike(now);
  if (!over_) Pass(up_, now);
  if (!over_) Pass(down_, now);
  if (!over_) Strike(now);
  if (over_) return;
  // A side that left is followed when all it said was passed on.
  const bool left = (up_.ended && (up_.waiting.empty() || up_.silent)) ||
                    (down_.ended && (down_.waiting.empty() || down_.silent));
  if (left) End(struck_ ? plan_.fault : Fault::kNone);
}

void ProxyLink::Read(Direction& direction, ProxyClock::time_point now) {
  char bytes[64 << 10];
  const ssize_t count = recv(direction.from, bytes, sizeof bytes, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    direction.ended = true;
    return;
  }
  if (direction.waiting.empty()) direction.release_at = now + plan_.delay;
  direction.waiting.append(bytes, static_cast<size_t>(count));
  direction.frames.Feed({bytes, static_cast<size_t>(count)});
}

void ProxyLink::Strike(ProxyClock::time_point now) {
  switch (plan_.fault) {
    case Fault::kNone:
      return;
    case Fault::kCutRequest:
    case Fault::kReset:
      if (up_.passed >= plan_.bytes) End(plan_.fault);
      return;
    case Fault::kCutReply:
      if (down_.passed >= plan_.bytes) End(plan_.fault);
      return;
    case Fault::kCutApplied:
      if (!struck_ && up_.passed >= plan_.bytes && !up_.waiting.empty()) {
        struck_ = down_.silent = true;
        replies_before_ = down_.frames.data_frames();
        cut_at_ = now + kHoldsMax;
      }
      if (struck_ && down_.frames.data_frames() > replies_before_) End(plan_.fault);
      // What went through asked for nothing, or for an op that waits.
      if (struck_ && !over_ && now >= cut_at_) End(Fault::kSilence);
      return;
    case Fault::kSilence:
    case Fault::kOneWay:
      if (!struck_ && up_.passed >= plan_.bytes) {
        struck_ = true;
        cut_at_ = now + plan_.lingers;
        if (plan_.silences_requests) Silence(up_);
        if (plan_.silences_replies) Silence(down_);
      }
      if (struck_ && now >= cut_at_) End(plan_.fault);
      return;
  }
}

void ProxyLink::Silence(Direction& direction) const {
  direction.silent = true;
  if (plan_.fault == Fault::kOneWay) shutdown(direction.to, SHUT_WR);
}

size_t ProxyLink::Allowance(const Direction& direction) const {
  const bool of_replies = plan_.fault == Fault::kCutReply;
  const bool limited = plan_.fault != Fault::kNone && plan_.fault != Fault::kCutApplied && !struck_;
  if (!limited || of_replies != (&direction == &down_)) return direction.waiting.size();
  return std::min(direction.waiting.size(), plan_.bytes - std::min(plan_.bytes, direction.passed));
}

void ProxyLink::Pass(Direction& direction, ProxyClock::time_point now) {
  if (direction.silent || now < direction.release_at) return;
  size_t left = Allowance(direction);
  for (size_t dribbled = 0; left > 0 && plan_.dribbles && dribbled < kDribbleMax; ++dribbled) {
    if (!Send(direction, 1)) return;
    --left;
  }
  while (left > 0) {
    const size_t before = direction.passed;
    if (!Send(direction, left)) return;
    left -= direction.passed - before;
  }
}

// False if no more can be sent now.
bool ProxyLink::Send(Direction& direction, size_t count) {
  const ssize_t sent =
      send(direction.to, direction.waiting.data(), count, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) {
    direction.waiting.erase(0, static_cast<size_t>(sent));
    direction.passed += static_cast<size_t>(sent);
    return true;
  }
  direction.blocked = errno == EAGAIN;
  if (!direction.blocked) direction.silent = true;  // Gone: its end is read from the other side.
  return false;
}

std::optional<ProxyClock::time_point> ProxyLink::due() const {
  std::optional<ProxyClock::time_point> first;
  const auto at = [&first](ProxyClock::time_point when) {
    if (!first || when < *first) first = when;
  };
  for (const Direction* direction : {&up_, &down_}) {
    if (!direction->waiting.empty() && !direction->silent && !direction->blocked) {
      at(direction->release_at);
    }
  }
  if (struck_) at(cut_at_);
  return first;
}

void ProxyLink::Calm() {
  if (!struck_) plan_.fault = Fault::kNone;
}

void ProxyLink::End(Fault fault) {
  if (fault == Fault::kReset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    for (const int socket : {client(), daemon()}) {
      setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
  }
  over_ = true;
  ended_by_ = fault;
}

}  // namespace coheld::testing
