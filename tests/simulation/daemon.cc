// See daemon.h.
#include "tests/simulation/daemon.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "proto/wire/methods.h"
#include "tests/simulation/check.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::simulation {
namespace {

constexpr size_t kPumpBytes = 256 << 10;
constexpr uint64_t kFirstAnonymous = 10'000'000'000'000;
constexpr std::string_view kCallPath = "/coheld.v1.Session/Call";
constexpr std::string_view kSessionKey = "coheld-session";

}  // namespace

// The dispatcher's event loop: one timer, and the processes that are watched.
class Daemon::Loop : public dispatch::EdgeLoop {
 public:
  explicit Loop(Daemon& daemon) : daemon_(daemon) {}
  ~Loop() override { *alive_ = false; }

  TimeMs Now() const override { return daemon_.now(); }

  void ArmTimer(TimeMs when, std::function<void()> fire) override {
    when_ = when;
    fire_ = std::move(fire);
    Await();
  }

  std::unique_ptr<Watch> WatchProcess(int pidfd, std::function<void()> gone) override {
    auto watch = std::make_unique<ProcessWatch>();
    watch->loop = this;
    watch->number = ++last_watch_;
    watches_[watch->number] = {pidfd, std::move(gone)};
    return watch;
  }

  void ProcessGone(int process) {
    std::vector<uint64_t> numbers;
    for (const auto& [number, watched] : watches_) {
      if (watched.first == process) numbers.push_back(number);
    }
    for (const uint64_t number : numbers) {
      const auto found = watches_.find(number);
      if (found == watches_.end()) continue;
      const auto gone = found->second.second;
      gone();
    }
  }

  // Waits until the clock shows the armed time; to be called again when the clock jumped.
  void Await() {
    const uint64_t round = ++round_;
    if (!fire_) return;
    const int64_t wait_ms = static_cast<int64_t>(when_) - static_cast<int64_t>(Now());
    constexpr int64_t kWaitMsMax = 3'600'000;  // Longer than any run.
    if (wait_ms > kWaitMsMax) return;
    daemon_.schedule_.After(std::max<int64_t>(wait_ms, 0) * kMs, [this, alive = alive_, round] {
      if (!*alive || round != round_) return;
      if (Now() < when_) return Await();
      const auto fire = [this, alive, round] {
        if (*alive && round == round_ && fire_) std::exchange(fire_, nullptr)();
      };
      // After a stall nobody knows what the loop looks at first.
      daemon_.random_.Chance(50) ? daemon_.PostFirst(fire) : daemon_.Post(fire);
    });
  }

 private:
  struct ProcessWatch : Watch {
    ~ProcessWatch() override { loop->watches_.erase(number); }
    Loop* loop = nullptr;
    uint64_t number = 0;
  };

  Daemon& daemon_;
  TimeMs when_{};
  std::function<void()> fire_;
  uint64_t round_ = 0;
  uint64_t last_watch_ = 0;
  std::map<uint64_t, std::pair<int, std::function<void()>>> watches_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Stands between the HTTP/2 session and the real handler of its calls, and tells what passes.
class Daemon::Tap : public transport::CallHandler {
 public:
  Tap(Daemon& daemon, transport::Connection& connection, uint64_t link)
      : daemon_(daemon), real_(daemon.dispatcher_->OnConnection(connection)), link_(link) {}

  void OnCall(transport::StreamId stream, const transport::CallHead& head) override {
    if (head.path == kCallPath) {
      const std::string token(transport::Find(head.metadata, kSessionKey).value_or(""));
      const bool accepted = daemon_.dispatcher_->Authenticate(token).ok();
      daemon_.observer_.OnStream(link_, token, accepted);
      if (accepted) tokens_[stream] = token;
    } else if (const auto unary = UnaryRequest(stream, head)) {
      const std::string token(transport::Find(head.metadata, kSessionKey).value_or(""));
      const bool accepted = daemon_.dispatcher_->Authenticate(token).ok();
      daemon_.observer_.OnStream(link_, token, accepted);
      // One that is refused is answered now.
      if (!accepted) Observe(token, *unary, [] {});
      if (accepted) unary_[stream] = {token, *unary};
    }
    real_->OnCall(stream, head);
  }

  void OnMessage(transport::StreamId stream, std::string_view message) override {
    if (const auto unary = unary_.find(stream); unary != unary_.end()) {
      return Observe(unary->second.first, unary->second.second,
                     [&] { real_->OnMessage(stream, message); });
    }
    const auto token = tokens_.find(stream);
    v1::CallRequest request;
    if (token == tokens_.end() ||
        !request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      return real_->OnMessage(stream, message);
    }
    Observe(token->second, request, [&] { real_->OnMessage(stream, message); });
  }

  void OnHalfClose(transport::StreamId stream) override { real_->OnHalfClose(stream); }
  void OnAbort(transport::StreamId stream) override {
    const auto unary = unary_.find(stream);
    if (unary == unary_.end()) return real_->OnAbort(stream);
    const uint64_t frame = unary->second.second.id();
    unary_.erase(unary);
    daemon_.observer_.OnCallAborted(link_, frame);
    real_->OnAbort(stream);
    daemon_.observer_.AfterCallAborted(link_, frame);
  }

 private:
  // The daemon takes an op now.
  template <typename Act>
  void Observe(const std::string& token, const v1::CallRequest& request, Act act) {
    const ArrivedFrame frame = {
        .link = link_, .session_token = token, .now = daemon_.now(), .request = &request};
    daemon_.observer_.OnFrame(frame);
    act();
    daemon_.observer_.AfterFrame(frame);
  }

  // Returns a client's unary call as the frame that it might have been; nothing if it is none.
  static std::optional<v1::CallRequest> UnaryRequest(transport::StreamId stream,
                                                     const transport::CallHead& head) {
    const wire::MethodRow* const method = wire::FindMethod(head.path);
    if (method == nullptr || !transport::Find(head.metadata, "coheld-thread")) return std::nullopt;
    const auto number = [&](const char* name) {
      return std::stoull(std::string(transport::Find(head.metadata, name).value_or("0")));
    };
    v1::CallRequest request;
    request.set_id(UnaryFrame(stream));
    request.set_method(method->number);
    request.set_thread(number("coheld-thread"));
    request.set_deadline_ms(head.timeout_ms.value_or(0));
    request.set_seq(number("coheld-seq"));
    request.set_acked(number("coheld-acked"));
    request.set_lane(static_cast<uint32_t>(number("coheld-lane")));
    request.set_token(number("coheld-token"));
    return request;
  }

  Daemon& daemon_;
  const std::unique_ptr<transport::CallHandler> real_;
  const uint64_t link_;
  std::map<transport::StreamId, std::string> tokens_;
  std::map<transport::StreamId, std::pair<std::string, v1::CallRequest>> unary_;
};

// The daemon's end of a link.
class Daemon::Connection : public transport::Connection {
 public:
  Connection(Daemon& daemon, std::shared_ptr<Link> link, int process)
      : daemon_(daemon), link_(std::move(link)) {
    peer_.id = transport::ConnectionId{link_->id()};
    peer_.address = "simulated:" + std::to_string(link_->id());
    peer_.pidfd = process;
    handler_ = std::make_unique<Tap>(daemon, *this, link_->id());
    session_ = std::make_unique<transport::GrpcSession>(transport::SessionLimits{}, *handler_);
  }

  const transport::Peer& peer() const override { return peer_; }
  transport::GrpcSession& session() override { return *session_; }
  void RequestFlush() override { flush_ = true; }
  void Drop(std::string_view) override { dropped_ = true; }
  void HoldOutput(const transport::OutputMark& mark) override { queued_mark_.Raise(mark); }

  // False if the connection is over.
  bool Take(std::string_view bytes) {
    session_->Advance(static_cast<uint64_t>(daemon_.now()));
    flush_ = true;
    return session_->Feed(bytes);
  }

  // False if the connection is over.
  bool Flush() {
    if (!std::exchange(flush_, false)) return !dropped_;
    do {
      if (session_->HoldsMessages()) session_->Feed({});
      if (out_.empty()) {
        session_->Pump(kPumpBytes, &out_);
        out_mark_ = queued_mark_;
      }
      if (!MayLeave()) return !dropped_;
      link_->Send(Side::kDaemon, std::exchange(out_, {}));
    } while (session_->WantsWrite() || session_->HoldsMessages());
    return !dropped_ && !session_->Finished();
  }

  void CloseLink() { link_->Close(Side::kDaemon); }

 private:
  // As the daemon's sockets do: what was pumped together leaves together.
  bool MayLeave() {
    const transport::OutputMark passed = daemon_.dispatcher_->Passed();
    if (!out_mark_.IsWithin(passed)) {
      flush_ = true;
      return false;
    }
    if (queued_mark_.IsWithin(passed)) queued_mark_ = {};
    out_mark_ = {};
    return true;
  }

  Daemon& daemon_;
  const std::shared_ptr<Link> link_;
  transport::Peer peer_;
  std::unique_ptr<transport::GrpcSession> session_;
  std::unique_ptr<transport::CallHandler> handler_;  // Ends before the session.
  transport::OutputMark queued_mark_;                // Of what the session has ...
  std::string out_;                                  // ... and of what left it and waits.
  transport::OutputMark out_mark_;
  bool flush_ = true;
  bool dropped_ = false;
};

Daemon::Daemon(Schedule& schedule, DaemonObserver& observer, const Options& options, Random random)
    : schedule_(schedule), observer_(observer), options_(options), random_(random) {
  if (options.level == journal::Level::kMemory) return;
  storage_ = std::make_unique<Storage>(
      schedule,
      Storage::Hooks{.on_record = [this](std::string_view record) { OnRecord(record); },
                     .on_progress = [this] { Post([] {}); },
                     .on_end = [this] { Restart(std::exchange(next_death_, {.down_us = kMs})); },
                     .on_note = options.on_note},
      Random(random_.Next()));
}

Daemon::~Daemon() {
  if (dispatcher_ != nullptr) observer_.OnDeath();
  connections_.clear();
  caretaker_.reset();
}

void Daemon::Begin() {
  Recovered recovered;
  if (storage_ == nullptr) {
    Construct(nullptr, recovered);
    const_cast<engine::Engine&>(dispatcher_->engine()).SetInputLog(&observer_);
  } else {
    std::string why;
    std::unique_ptr<engine::Engine> engine = storage_->Open(&why);
    if (engine == nullptr) {
      Require(storage_->disturbed(), "the daemon does not begin: " + why);
      options_.on_note("the daemon ends while it recovers");
      return Restart({.down_us = kMs});
    }
    recovered = std::exchange(promise_, {});
    recovered.index = storage_->last_index();
    Construct(std::move(engine), recovered);
  }
  observer_.OnBegun();
}

void Daemon::Construct(std::unique_ptr<engine::Engine> engine, const Recovered& recovered) {
  if (engine == nullptr) engine = std::make_unique<engine::Engine>(kFirstAnonymous);
  // As the daemon's loop does.
  if (now() < engine->last_time()) {
    jumped_ms_ += static_cast<int64_t>(engine::Elapsed(now(), engine->last_time()));
  }
  loop_ = std::make_unique<Loop>(*this);
  engine_ = engine.get();
  observer_.OnRecovered(recovered, *engine);
  dispatcher_ = std::make_unique<dispatch::Dispatcher>(
      *loop_, dispatch::DispatchLimits{.deadlock = options_.deadlock},
      dispatch::DaemonFacts{.version = "simulated", .durability = "simulated"}, "",
      dispatch::Beginning{
          .engine = std::move(engine),
          .log = storage_.get(),
          .level = options_.level,
          .session_secret = storage_ != nullptr ? "of the folder" : std::to_string(++life_)});
}

void Daemon::OnRecord(std::string_view record) {
  engine::Input input;
  Require(engine::DecodeInput(record, &input), "the daemon records what is no input");
  observer_.OnInput(input);
}

TimeMs Daemon::now() const {
  const auto us = static_cast<int64_t>(schedule_.now());
  return TimeMs{options_.clock_start_ms + jumped_ms_ +
                (us + us / 1000 * options_.drift_ppm / 1000) / kMs};
}

struct Daemon::Caretaker {
  explicit Caretaker(Daemon& daemon)
      : connection(daemon, std::make_shared<Link>(daemon.schedule_, 0, LinkTraits{}, Random(0)),
                   -1) {}
  Connection connection;
  transport::ClientSession client;
};

std::string Daemon::Apply(const std::string& path, const std::string& request) {
  if (caretaker_ == nullptr) caretaker_ = std::make_unique<Caretaker>(*this);
  transport::ClientSession& client = caretaker_->client;
  const transport::StreamId stream =
      client.Call(transport::RequestFields(path), transport::Framed(request));
  transport::Exchange(client, caretaker_->connection.session());
  const std::vector<std::string> messages = client.response(stream).messages();
  Require(messages.size() == 1, path + " failed: " + client.response(stream).status());
  return messages.front();
}

void Daemon::Settle() {
  if (storage_ != nullptr) storage_->Settle();
}

void Daemon::Accept(const std::shared_ptr<Link>& link, int process) {
  if (dispatcher_ == nullptr) return link->Close(Side::kDaemon);  // Nobody listens.
  const uint64_t id = link->id();
  links_.push_back(link);
  link->SetEnd(Side::kDaemon,
               {.on_bytes =
                    [this, id](std::string_view bytes) {
                      Post([this, id, bytes = std::string(bytes)] {
                        const auto found = connections_.find(id);
                        if (found != connections_.end() && !found->second->Take(bytes)) {
                          found->second->Flush();
                          Drop(id);
                        }
                      });
                    },
                .on_closed =
                    [this, id] {
                      Post([this, id] {
                        if (connections_.contains(id)) Drop(id);
                      });
                    }});
  Post([this, link, process, id] {
    connections_[id] = std::make_unique<Connection>(*this, link, process);
  });
}

void Daemon::Drop(uint64_t link) {
  auto connection = connections_.extract(link);
  connection.mapped()->CloseLink();
  observer_.OnLinkClosed(link);
  connection.mapped().reset();
  observer_.AfterLinkClosed(link);
}

void Daemon::ProcessGone(int process) {
  if (dispatcher_ == nullptr) return;
  Post([this, process] { loop_->ProcessGone(process); });
}

void Daemon::Stall(int64_t us) {
  if (dispatcher_ == nullptr) return;
  const Time since = std::max(stalled_until_, schedule_.now());
  stalled_until_ = std::max(stalled_until_, schedule_.now() + us);
  stalled_ms_ += (stalled_until_ - since) / kMs;
}

void Daemon::JumpClock(int64_t ms) {
  jumped_ms_ += ms;
  if (dispatcher_ == nullptr) return;
  stalled_ms_ += ms;
  loop_->Await();
}

void Daemon::Restart(const Death& death) {
  if (dispatcher_ != nullptr) {
    observer_.OnDeath();
    if (storage_ != nullptr) durable_since_us_ = storage_->durable_since_us();
  }
  inbox_.clear();
  for (const auto& link : std::exchange(links_, {})) link->Close(Side::kDaemon);
  stalled_until_ = schedule_.now();
  stalled_ms_ = 0;
  connections_.clear();
  caretaker_.reset();
  dispatcher_.reset();
  loop_.reset();
  next_death_ = {.down_us = kMs};
  if (storage_ == nullptr) return Begin();
  NotePromise(death);
  storage_->End();
  if (death.power_cut) storage_->CutPower();
  jumped_ms_ -= death.clock_back_ms;
  schedule_.After(death.down_us, [this, life = ++life_] {
    if (life == life_) Begin();
  });
}

void Daemon::DieAtCall(uint64_t calls, const Death& death) {
  if (dispatcher_ == nullptr) return Restart(death);
  next_death_ = death;
  storage_->EndAtCall(calls);
}

void Daemon::NotePromise(const Death& death) {
  using Promise = Recovered::Promise;
  if (promise_.promise == Promise::kNothing) promise_.promise = Promise::kAll;
  if (!death.power_cut || options_.level != journal::Level::kAsync) return;
  promise_ = {.promise = Promise::kAllButTheLast, .since_us = durable_since_us_};
}

void Daemon::Post(Schedule::Task task) {
  inbox_.push_back(std::move(task));
  Turn();
}

void Daemon::PostFirst(Schedule::Task task) {
  inbox_.push_front(std::move(task));
  Turn();
}

void Daemon::Turn() {
  if (turn_scheduled_) return;
  turn_scheduled_ = true;
  schedule_.At(stalled_until_, [this] {
    turn_scheduled_ = false;
    if (schedule_.now() < stalled_until_) return Turn();
    if (dispatcher_ == nullptr) return inbox_.clear();
    if (stalled_ms_ > 0) observer_.OnStall(std::exchange(stalled_ms_, 0));
    while (!inbox_.empty()) {
      const Schedule::Task task = std::move(inbox_.front());
      inbox_.pop_front();
      task();
      if (dispatcher_ == nullptr) return;
    }
    dispatcher_->OnTurnEnd();
    Flush();
    dispatcher_->OnTurnEnd();  // Closing a connection is input, too.
    observer_.AfterTurn();
  });
}

void Daemon::Flush() {
  std::vector<uint64_t> over;
  for (auto& [id, connection] : connections_) {
    if (!connection->Flush()) over.push_back(id);
  }
  for (const uint64_t id : over) Drop(id);
}

}  // namespace coheld::simulation
