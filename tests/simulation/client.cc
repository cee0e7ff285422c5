// See client.h.
#include "tests/simulation/client.h"

#include <algorithm>
#include <utility>

#include "proto/wire/framing.h"
#include "tests/simulation/check.h"
#include "tests/simulation/client_state.h"

namespace coheld::simulation {
namespace {

constexpr uint64_t kBackoffMsMax = 400;
// How many of 100 ops go as unary calls.
constexpr uint64_t kUnaryPercent = 15;
// How much longer than the op's deadline the client waits for the daemon to say so.
constexpr int64_t kGraceUs = 300 * kMs;

}  // namespace

std::optional<std::string> TakeMessage(std::string* body) {
  if (body->size() < wire::kPrefixBytes) return std::nullopt;
  const wire::MessagePrefix prefix = wire::ReadPrefix(body->data());
  Require(!prefix.compressed, "a reply is compressed, which nobody asked for");
  if (body->size() < wire::kPrefixBytes + prefix.length) return std::nullopt;
  std::string message = body->substr(wire::kPrefixBytes, prefix.length);
  body->erase(0, wire::kPrefixBytes + prefix.length);
  return message;
}

Client::Client(Stage& stage, const Options& options, Random random)
    : stage_(stage), options_(options), random_(random) {
  for (size_t i = 0; i < options.threads; ++i) {
    threads_.push_back(std::make_unique<Thread>());
    threads_.back()->number = i + 1;
  }
  for (size_t i = 0; i < options.channels; ++i) {
    channels_.push_back(std::make_unique<Channel>());
    channels_.back()->number = i;
  }
  Connect(*channels_.front());
}

Client::~Client() {
  for (const auto& channel : channels_) {
    if (channel->link != nullptr) channel->link->Forget(Side::kClient);
  }
}

// --- Connections ---

void Client::Connect(Channel& channel) {
  if (!alive_ || channel.link != nullptr) return;
  if (token_.empty() && channel.number != 0) return;  // The first one opens the session.
  channel.link = stage_.connect(options_.process);
  channel.h2 = std::make_unique<transport::ClientSession>();
  channel.open_stream = channel.call_stream = channel.close_stream = 0;
  channel.last_frame = 0;
  channel.frames.clear();
  channel.unary.clear();
  channel.link->SetEnd(Side::kClient,
                       {.on_bytes = [this, &channel](auto bytes) { OnBytes(channel, bytes); },
                        .on_closed = [this, &channel] { OnClosed(channel); }});
  Begin(channel);
}

void Client::Begin(Channel& channel) {
  if (!token_.empty()) {
    channel.call_stream = channel.h2->Call(
        transport::RequestFields("/coheld.v1.Session/Call", {{"coheld-session", token_}}), {},
        false);
    if (leaves_ && channel.number == 0) {
      channel.close_stream = channel.h2->Call(
          transport::RequestFields("/coheld.v1.Session/Close", {{"coheld-session", token_}}),
          transport::Framed(""));
    }
    for (const auto& thread : threads_) {
      for (Flight& flight : thread->batch) {
        const bool here = thread->lane != nullptr && thread->lane->channel == channel.number;
        if (here && !flight.answered) Send(*thread->lane, flight);
      }
    }
  } else if (!leaves_) {
    v1::SessionOpenRequest request;
    request.mutable_label()->set_pid(options_.process);
    request.set_ttl_ms(options_.ttl_ms);
    channel.open_stream = channel.h2->Call(transport::RequestFields("/coheld.v1.Session/Open"),
                                           transport::Framed(request.SerializeAsString()));
  }
  Flush(channel);
}

void Client::Flush(Channel& channel) {
  if (channel.link != nullptr) channel.link->Send(Side::kClient, channel.h2->Take());
}

void Client::OnBytes(Channel& channel, std::string_view bytes) {
  Require(channel.h2->Give(bytes), "the client does not understand the daemon's bytes");
  const std::shared_ptr<Link> link = channel.link;
  const auto same = [&] { return alive_ && channel.link == link; };
  if (same() && channel.open_stream != 0) OnOpened(channel);
  if (same() && channel.close_stream != 0 && channel.h2->response(channel.close_stream).closed) {
    return Die();  // All done.
  }
  if (same() && channel.call_stream != 0) OnFrames(channel);
  if (same() && !token_.empty()) OnUnary(channel);
  if (same()) Flush(channel);
}

void Client::OnOpened(Channel& channel) {
  transport::Response& response = channel.h2->response(channel.open_stream);
  if (!response.closed) return;
  channel.open_stream = 0;
  const bool refused = response.headers.contains("grpc-status") && response.status() != "0";
  if (refused && ReasonOf(response) == v1::ERROR_REASON_DISK_FULL) {
    return OnClosed(channel);  // It comes again later.
  }
  v1::SessionOpenReply reply;
  const std::optional<std::string> message = TakeMessage(&response.body);
  Require(message && reply.ParseFromString(*message), "Session.Open failed");
  token_ = reply.token();
  stage_.oracle.SessionOpened(options_.process, reply.session(), token_);
  stage_.history.Note("client " + std::to_string(options_.process) + " has session " +
                      std::to_string(reply.session()));
  channel.backoff_ms = kBackoffMsMin;
  for (const auto& other : channels_) {
    if (other->link == nullptr) Connect(*other);
  }
  Begin(channel);
  for (size_t i = 0; i < threads_.size(); ++i) {
    if (threads_[i]->batch.empty()) {
      StartNext(i);
    } else if (threads_[i]->lane == nullptr) {
      Launch(i, TakeLane());
    }
  }
}

void Client::OnFrames(Channel& channel) {
  transport::Response& response = channel.h2->response(channel.call_stream);
  while (const std::optional<std::string> message = TakeMessage(&response.body)) {
    v1::CallReply reply;
    Require(reply.ParseFromString(*message), "a frame is no CallReply");
    const std::shared_ptr<Link> link = channel.link;
    OnReply(channel, reply);
    if (!alive_ || channel.link != link || channel.call_stream == 0) return;
  }
  if (!response.closed) return;
  channel.call_stream = 0;
  if (token_.empty()) return;
  stage_.history.Note("client " + std::to_string(options_.process) + " is told grpc-status " +
                      response.status());
  LoseSession(channel);
}

void Client::OnReply(Channel& channel, const v1::CallReply& reply) {
  const std::string words = stage_.oracle.Answered(channel.link->id(), reply.id(), reply);
  channel.backoff_ms = kBackoffMsMin;
  const auto frame = channel.frames.find(reply.id());
  if (frame == channel.frames.end()) return;  // Given up.
  const uint64_t id = frame->second;
  channel.frames.erase(frame);
  for (size_t i = 0; i < threads_.size(); ++i) {
    for (Flight& flight : threads_[i]->batch) {
      if (flight.op.id != id || flight.answered) continue;
      if (words == "TAKEN_OVER") {  // By an old frame that came late: the answer would go there.
        Send(*threads_[i]->lane, flight);
        return Flush(channel);
      }
      if (words == "SESSION_EXPIRED") return LoseSession(channel);
      return Complete(
          i, flight, words,
          reply.has_error() ? std::vector<uint64_t>() : GrantTokens(flight.op, reply.payload()));
    }
  }
}

void Client::OnClosed(Channel& channel) {
  channel.link->Forget(Side::kClient);
  channel.link->Close(Side::kClient);
  channel.link.reset();
  for (const auto& thread : threads_) {
    for (Flight& flight : thread->batch) {
      const bool here = thread->lane != nullptr && thread->lane->channel == channel.number;
      if (here && flight.sent) flight.sent_before = true;
    }
  }
  Reconnect(channel);
}

void Client::Reconnect(Channel& channel) {
  const uint64_t wait_ms = random_.Between(channel.backoff_ms / 2, channel.backoff_ms);
  channel.backoff_ms = std::min(channel.backoff_ms * 2, kBackoffMsMax);
  stage_.schedule.After(static_cast<int64_t>(wait_ms * kMs + random_.Pick(kMs)),
                        [this, &channel] { Connect(channel); });
}

void Client::LoseSession(const Channel& told) {
  if (token_.empty()) return;
  stage_.history.Note("client " + std::to_string(options_.process) + " has lost its session");
  token_.clear();
  if (leaves_) return Die();
  CutChannels();
  for (size_t i = 0; i < threads_.size(); ++i) {
    Thread& thread = *threads_[i];
    // What was sent elsewhere may have been done while there was the session still.
    const bool elsewhere = thread.lane != nullptr && thread.lane->channel != told.number;
    thread.lane = nullptr;
    thread.tokens.clear();
    for (Flight& flight : thread.batch) {
      if (flight.answered) continue;
      if ((flight.sent_before || (flight.sent && elsewhere)) && !IsRead(flight.op)) {
        stage_.history.Note("outcome unknown: " + Describe(flight.op));
        flight.answered = true;
      }
      flight.sent = false;
      flight.token = 0;
      flight.fence = 0;
    }
  }
  lanes_.clear();
  for (size_t i = 0; i < threads_.size(); ++i) FinishBatchIfDone(i);
}

void Client::CutChannels() {
  for (const auto& channel : channels_) {
    if (channel->link == nullptr) continue;
    channel->link->Forget(Side::kClient);
    channel->link->Close(Side::kClient);
    channel->link.reset();
  }
  Reconnect(*channels_.front());
}

// --- Ops ---

void Client::Do(size_t thread, std::vector<Op> batch) {
  if (!alive_ || leaves_) return;
  threads_[thread]->to_do.push_back(std::move(batch));
  if (threads_[thread]->batch.empty()) StartNext(thread);
}

void Client::StartNext(size_t number) {
  Thread& thread = *threads_[number];
  if (thread.to_do.empty() || token_.empty() || !alive_) return;
  for (Op& op : thread.to_do.front()) {
    stage_.history.Note("client " + std::to_string(options_.process) + " thread " +
                        std::to_string(thread.number) + " begins " + Describe(op));
    Flight flight;
    if (op.deadline_ms != 0) {
      flight.expires = stage_.schedule.now() + static_cast<int64_t>(op.deadline_ms) * kMs;
      stage_.schedule.At(flight.expires + kGraceUs,
                         [this, number, id = op.id] { GiveUp(number, id); });
    }
    flight.op = std::move(op);
    thread.batch.push_back(std::move(flight));
  }
  thread.to_do.pop_front();
  Launch(number, TakeLane());
}

Client::Lane& Client::TakeLane() {
  std::vector<Lane*> free;
  for (const auto& lane : lanes_) {
    if (!lane->taken) free.push_back(lane.get());
  }
  if (free.empty()) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->number = static_cast<uint32_t>(lanes_.size() - 1);
    lanes_.back()->channel = random_.Pick(channels_.size());
    free.push_back(lanes_.back().get());
  }
  Lane& lane = *free[random_.Pick(free.size())];
  lane.taken = true;
  return lane;
}

void Client::Launch(size_t number, Lane& lane) {
  Thread& thread = *threads_[number];
  thread.lane = &lane;
  Channel& channel = *channels_[lane.channel];
  for (Flight& flight : thread.batch) {
    if (flight.answered) continue;
    flight.seq = IsRead(flight.op) ? 0 : ++lane.last_seq;
    if (channel.call_stream != 0 && channel.link != nullptr) Send(lane, flight);
  }
  Flush(channel);
}

void Client::Send(Lane& lane, Flight& flight) {
  Channel& channel = *channels_[lane.channel];
  const Thread* owner = nullptr;
  for (const auto& thread : threads_) {
    if (thread->lane == &lane) owner = thread.get();
  }
  v1::CallRequest request;
  request.set_id(++channel.last_frame);
  request.set_method(MethodNumber(flight.op));
  request.set_thread(owner->number);
  request.set_seq(flight.seq);
  request.set_lane(lane.number);
  if (flight.seq != 0) request.set_acked(lane.acked);
  if (flight.op.deadline_ms != 0) {
    const int64_t left_us = flight.expires - stage_.schedule.now();
    request.set_deadline_ms(static_cast<uint64_t>(std::max<int64_t>(left_us / kMs, 1)));
  }
  if (!flight.sent) {
    // What the thread knows now goes into the op, and stays there when it is sent again.
    const auto known = [&](const std::string& name) {
      const auto found = owner->tokens.find(name);
      return found == owner->tokens.end() ? 0 : found->second;
    };
    flight.token = known(ObjectOf(flight.op));
    flight.fence = flight.op.fence.empty() ? 0 : known(flight.op.fence);
  }
  request.set_token(flight.fence);
  request.set_payload(Payload(flight.op, flight.token));
  flight.sent = true;
  if (random_.Chance(kUnaryPercent)) return SendUnary(channel, flight, request);
  channel.frames[request.id()] = flight.op.id;
  stage_.oracle.Sent(channel.link->id(), request.id(), flight.op, flight.token, flight.fence);
  channel.h2->Write(channel.call_stream, transport::Framed(request.SerializeAsString()));
}

void Client::GiveUp(size_t number, uint64_t id) {
  Thread& thread = *threads_[number];
  for (Flight& flight : thread.batch) {
    if (!alive_ || flight.op.id != id || flight.answered) continue;
    stage_.history.Note("gives up " + Describe(flight.op));
    if (flight.sent && thread.lane != nullptr) {
      Channel& channel = *channels_[thread.lane->channel];
      CancelUnary(channel, id);
      for (const auto& [frame, op] : channel.frames) {
        if (op != id || channel.link == nullptr || channel.call_stream == 0) continue;
        v1::CallRequest cancel;
        cancel.set_id(frame);
        channel.h2->Write(channel.call_stream, transport::Framed(cancel.SerializeAsString()));
      }
      Flush(channel);
    }
    Complete(number, flight, "given up", {});
    return;
  }
}

void Client::Complete(size_t number, Flight& flight, const std::string& words,
                      const std::vector<uint64_t>& tokens) {
  Thread& thread = *threads_[number];
  stage_.history.Note("client " + std::to_string(options_.process) + " thread " +
                      std::to_string(thread.number) + " is answered " + words + " to " +
                      Describe(flight.op));
  flight.answered = true;
  const std::vector<std::string> names = GrantedObjects(flight.op);
  for (size_t i = 0; i < tokens.size(); ++i) {
    thread.tokens[names[std::min(i, names.size() - 1)]] = tokens[i];
  }
  FinishBatchIfDone(number);
}

void Client::FinishBatchIfDone(size_t number) {
  Thread& thread = *threads_[number];
  for (const Flight& flight : thread.batch) {
    if (!flight.answered) return;
  }
  thread.batch.clear();
  if (thread.lane != nullptr) {
    thread.lane->acked = thread.lane->last_seq;
    thread.lane->taken = false;
    thread.lane = nullptr;
  }
  StartNext(number);
}

// --- The end ---

void Client::Leave() {
  leaves_ = true;
  if (token_.empty()) return Die();
  stage_.oracle.ClosesSession(token_);
  Channel& channel = *channels_.front();
  if (channel.link == nullptr) return;  // When it is connected again.
  channel.close_stream = channel.h2->Call(
      transport::RequestFields("/coheld.v1.Session/Close", {{"coheld-session", token_}}),
      transport::Framed(""));
  Flush(channel);
}

void Client::Die(int64_t daemon_learns_us) {
  if (!std::exchange(alive_, false)) return;
  stage_.history.Note("client " + std::to_string(options_.process) + " ends");
  for (const auto& channel : channels_) {
    if (channel->link == nullptr) continue;
    channel->link->Forget(Side::kClient);
    channel->link->CutOff({.daemon_learns_us = daemon_learns_us, .upstream_arrives = true});
  }
}

std::vector<std::shared_ptr<Link>> Client::links() const {
  std::vector<std::shared_ptr<Link>> links;
  for (const auto& channel : channels_) {
    if (alive_ && channel->link != nullptr) links.push_back(channel->link);
  }
  return links;
}

bool Client::idle() const {
  if (!alive_) return true;
  return std::all_of(threads_.begin(), threads_.end(), [](const auto& thread) {
    return thread->batch.empty() && thread->to_do.empty();
  });
}

std::vector<Op> Client::Unanswered() const {
  std::vector<Op> ops;
  for (const auto& thread : threads_) {
    for (const Flight& flight : thread->batch) {
      if (alive_ && !flight.answered) ops.push_back(flight.op);
    }
  }
  return ops;
}

}  // namespace coheld::simulation
