// The part of Core that makes connections and opens the session. See core.h.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <thread>
#include <utility>

#include "client/cpp/src/core.h"
#include "client/cpp/src/key_exchange.h"
#include "coheld/v1/session.pb.h"

namespace coheld::core {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kOpenPath = "/coheld.v1.Session/Open";
constexpr std::string_view kMemoryOnly = "memory";  // A daemon's durability.
constexpr milliseconds kRestartTime{20'000};        // What a daemon may take to recover.

// Returns a number in [0, 1). Not for secrets: spreads the tries of many clients.
double Dice() {
  thread_local std::minstd_rand random(
      static_cast<unsigned>(Clock::now().time_since_epoch().count() ^ (getpid() << 16) ^
                            static_cast<int64_t>(this_thread_id())));
  return std::uniform_real_distribution<double>(0, 1)(random);
}

}  // namespace

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
  while (channel->Post()) {
    const std::lock_guard guard(state.mutex);
    if (channel->session() != state.session) return;
    if (channel->has_to_post()) continue;  // An op that was posted meanwhile found nothing idle.
    if (state.idle.size() < options_.idle_channels_max) state.idle.push_back(std::move(channel));
    return;
  }
}

std::unique_ptr<Channel> Core::Dial(State& state, Attempt& attempt) {
  while (true) {
    const WaitLimits limits{.until = attempt.patience.TryUntil(Clock::now()),
                            .on_interrupt = attempt.on_interrupt};
    try {
      return DialOnce(state, limits);
    } catch (const ConnectFailed& failure) {
      attempt.trouble = {failure.what(), failure.system_error()};
      if (failure.system_error() == EAGAIN) attempt.patience.Met();  // Its backlog is full.
    } catch (const LinkBroken& broken) {
      attempt.trouble = {"cannot connect to " + address_.text() + ": " + broken.why,
                         broken.system_error};
      if (broken.cut) attempt.patience.Met();
    }
    BackOff(attempt);
  }
}

// A daemon that keeps its sessions over a restart gives each its full TTL after it.
milliseconds Core::PatienceWith(const v1::SessionOpenReply& session) const {
  if (session.durability() == kMemoryOnly) return options_.connect_timeout;
  const milliseconds ttl(static_cast<int64_t>(session.ttl_ms()));
  return std::max(options_.connect_timeout, ttl + kRestartTime);
}

Link Core::MakeLink(State& state, const WaitLimits& limits) const {
  Socket socket = Socket::Connect(resolved_, address_.text(), limits);
  if (!address_.has_tls()) return Link(std::move(socket));
  return Link(std::move(socket), *state.tls_files.Context(tls_), tls_.server_name, limits);
}

std::unique_ptr<Channel> Core::DialOnce(State& state, const WaitLimits& limits) {
  auto channel = std::make_unique<Channel>(MakeLink(state, limits), address_.authority(),
                                           options_.message_bytes_max, spin_, limits);
  const std::lock_guard opening(state.opening);
  std::shared_ptr<OpenSession> session = CurrentSession(state);
  const bool found = session != nullptr;
  if (!found) {
    session = OpenSessionOn(*channel, limits);
    state.request_bytes_max = session->reply().message_bytes_max();
    if (!options_.reconnect_timeout) reconnect_timeout_ = PatienceWith(session->reply()).count();
  } else if (!options_.key.empty()) {
    ProveKey(*channel, options_.key, address_.text(), limits);
  }
  channel->OpenStream(session);
  // A session whose holds may have been counted twice is not used: it ends by its TTL.
  HoldAnew(*channel, limits);
  if (!found) SetSession(state, session);
  return channel;
}

std::shared_ptr<OpenSession> Core::OpenSessionOn(Channel& channel, const WaitLimits& limits) {
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
  return std::make_shared<OpenSession>(std::move(reply));
}

std::shared_ptr<OpenSession> Core::CurrentSession(State& state) {
  const std::lock_guard guard(state.mutex);
  return state.session;
}

void Core::SetSession(State& state, std::shared_ptr<OpenSession> session) {
  const std::lock_guard guard(state.mutex);
  state.session_id = session->id();
  state.session = std::move(session);
}

// Only the thread that saw the session expire first forgets it; idle channels of it go with it.
void Core::ForgetSession(State& state, const OpenSession* session) {
  std::vector<std::unique_ptr<Channel>> stale;
  const std::lock_guard guard(state.mutex);
  if (state.session.get() != session) return;
  state.session.reset();
  state.session_id = 0;
  stale.swap(state.idle);
}

void Core::BackOff(Attempt& attempt) {
  const std::optional<Patience::Duration> pause = attempt.patience.Pause(Clock::now(), Dice());
  if (!pause) throw ConnectFailed(attempt.trouble.why, attempt.trouble.system_error);
  if (attempt.on_interrupt != nullptr && (*attempt.on_interrupt)()) {
    throw Interrupted("interrupted while connecting to " + address_.text());
  }
  std::this_thread::sleep_for(*pause);
}

}  // namespace coheld::core
