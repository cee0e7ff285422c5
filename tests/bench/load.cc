// See load.h.
#include "tests/bench/load.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include "tests/bench/client.h"
#include "tests/bench/latency.h"
#include "tests/bench/process.h"

namespace coheld::bench {
namespace {

constexpr size_t kReadBytes = 256 * 1024;
constexpr int kStallMs = 10'000;           // So long without any answer is an error; ...
constexpr int kSnapshotStallMs = 600'000;  // ... if snapshots are asked for.
constexpr uint32_t kWaitersOfStream = 1000;

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        stall_ms_(options.workload.mix.contains("snapshot") ? kSnapshotStallMs : kStallMs),
        workload_(options.filling.items > 0 ? MakeWorkload(options.workload.wire, options.filling)
                                            : MakeWorkload(options.workload)),
        parked_(MakeVocabulary(options.workload)->Unit("parked", 0)),
        read_(kReadBytes) {}

  ~Load() { close(epoll_); }

  Report Run() {
    if (OpenAll() && Prepare()) {
      if (options_.on_prepared) options_.on_prepared();
      if (options_.filling.items > 0) {
        MeasureFilling();
      } else if (options_.kept > 0) {
        if (Populate()) MeasureKept();
      } else if (Populate() && OpenOthers() && StartAll() && RunFor(options_.warmup_seconds)) {
        Measure();
        if (options_.idle > 0) MeasureMemory(options_.idle);
      }
    }
    for (const auto& client : clients_) {
      if (report_.first_failure.empty()) report_.first_failure = client->protocol->failure();
    }
    return report_;
  }

 private:
  bool Fail(const std::string& why) {
    if (report_.error.empty()) report_.error = why;
    return false;
  }

  // Opens so many connections more, and waits until they can be used.
  bool Open(uint32_t count, uint32_t depth) {
    for (uint32_t i = 0; i < count; ++i) {
      std::string error;
      auto client = std::make_unique<Client>();
      client->protocol = MakeProtocol(options_.workload.wire, depth, options_.promise);
      client->issued_ns.resize(depth);
      client->issued.resize(depth);
      client->made.resize(depth);
      client->socket = Connect({.target = options_.target, .ca_file = options_.ca_file}, &error);
      if (client->socket == nullptr) return Fail(error);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = client.get()}};
      epoll_ctl(epoll_, EPOLL_CTL_ADD, client->socket->fd(), &event);
      client->protocol->Begin(&client->out);
      clients_.push_back(std::move(client));
      if (!Write(*clients_.back())) return false;
    }
    return RunUntil([this, first = clients_.size() - count]() mutable {
      while (first < clients_.size() && clients_[first]->protocol->ready()) ++first;
      return first == clients_.size();
    });
  }

  bool OpenAll() {
    if (!Open(options_.connections, options_.depth)) return false;
    for (const auto& client : clients_) client->measured = true;
    if (options_.server_pid == 0 && options_.target.starts_with("unix:")) {
      options_.server_pid = PeerProcess(clients_[0]->socket->fd());
    }
    memory_before_ = ResidentBytes(options_.server_pid);
    return true;
  }

  // Connections that wait, and connections that have worked and do no more.
  bool OpenOthers() {
    const bool is_stream = options_.workload.wire == Wire::kStream;
    const uint32_t depth = is_stream ? std::min(options_.waiters, kWaitersOfStream) : 1;
    for (uint32_t waiters = 0; waiters < options_.waiters; waiters += depth) {
      if (!Open(1, depth)) return false;
      clients_.back()->operations = &parked_;
      if (!Start(*clients_.back())) return false;
    }
    if (options_.idle == 0) return true;
    memory_before_ = ResidentBytes(options_.server_pid);
    if (!Open(options_.idle, 1)) return false;
    const uint64_t wanted = answered_ + options_.idle;
    for (size_t i = clients_.size() - options_.idle; i < clients_.size(); ++i) {
      clients_[i]->protocol->Issue(workload_.measured[0], 0);
      clients_[i]->protocol->Flush(&clients_[i]->out);
      if (!Write(*clients_[i])) return false;
    }
    return RunUntil([&] { return answered_ == wanted; });
  }

  // One connection, one op at a time.
  bool Prepare() {
    Client& client = *clients_[0];
    for (const Operation& operation : workload_.preparation) {
      const uint64_t wanted = answered_ + 1;
      client.protocol->Issue(operation, 0);
      client.protocol->Flush(&client.out);
      if (!Write(client) || !RunUntil([&] { return answered_ == wanted; })) return false;
    }
    return failures_ == 0 || Fail("preparation failed: " + client.protocol->failure());
  }

  // All connections and all slots, for one series after the other.
  bool Populate() {
    for (const Series& series : workload_.population) {
      const uint64_t wanted = answered_ + series.count;
      series_ = &series;
      made_ = 0;
      for (const auto& client : clients_) {
        if (!Start(*client)) return false;
      }
      if (!RunUntil([&] { return answered_ == wanted; })) return false;
      series_ = nullptr;
    }
    return failures_ == 0 || options_.filling.items > 0 || Fail("the population failed");
  }

  bool StartAll() {
    std::mt19937_64 random(options_.workload.seed);
    for (const auto& client : clients_) {
      if (!client->measured) continue;
      client->operations = &workload_.measured;
      client->next = workload_.starts[random() % workload_.starts.size()];
      if (!Start(*client)) return false;
    }
    return true;
  }

  bool Start(Client& client) {
    const uint64_t now = NowNs();
    for (uint32_t slot = 0; slot < client.depth(); ++slot) Issue(client, slot, now);
    client.protocol->Flush(&client.out);
    return Write(client);
  }

  void Measure() {
    latency_ = Latency();
    failures_ = 0;
    const uint64_t server_before = ProcessCpuNs(options_.server_pid);
    const uint64_t client_before = NowNs(CLOCK_PROCESS_CPUTIME_ID);
    const uint64_t before = NowNs();
    if (!RunFor(options_.seconds)) return;
    const auto ns = static_cast<double>(NowNs() - before);
    const auto ops = static_cast<double>(latency_.total());
    report_.ops = latency_.total();
    report_.failures = failures_;
    report_.seconds = ns / 1e9;
    report_.ops_per_second = ops / report_.seconds;
    report_.p50_us = static_cast<double>(latency_.Quantile(0.5)) / 1e3;
    report_.p99_us = static_cast<double>(latency_.Quantile(0.99)) / 1e3;
    report_.p999_us = static_cast<double>(latency_.Quantile(0.999)) / 1e3;
    const auto server_ns = static_cast<double>(ProcessCpuNs(options_.server_pid) - server_before);
    const auto client_ns = static_cast<double>(NowNs(CLOCK_PROCESS_CPUTIME_ID) - client_before);
    if (ops == 0) return static_cast<void>(Fail("no op was answered"));
    report_.server_cpu_us_per_op = server_ns / ops / 1e3;
    report_.client_cpu_us_per_op = client_ns / ops / 1e3;
  }

  // Lets the server keep the replies of so many ops, and sees what they take.
  void MeasureKept() {
    memory_before_ = ResidentBytes(options_.server_pid);
    const uint64_t wanted = uint64_t{options_.kept} * options_.depth * clients_.size();
    answered_ = 0;
    if (!StartAll() || !RunUntil([&] { return answered_ >= wanted; })) return;
    report_.ops = wanted;
    report_.failures = failures_;
    NoteMemory(ResidentBytes(options_.server_pid), wanted);
  }

  void MeasureFilling() {
    const uint64_t before = NowNs();
    if (!Populate()) return;
    report_.ops = options_.filling.ops();
    report_.failures = failures_;
    report_.seconds = static_cast<double>(NowNs() - before) / 1e9;
    report_.ops_per_second = static_cast<double>(report_.ops) / report_.seconds;
    MeasureMemory(options_.filling.items);
  }

  void MeasureMemory(uint64_t count) {
    if (options_.memory) NoteMemory(SettledBytes(options_.server_pid), count);
  }

  void NoteMemory(uint64_t bytes, uint64_t count) {
    const double growth = static_cast<double>(bytes) - static_cast<double>(memory_before_);
    report_.server_bytes_each = growth / static_cast<double>(count);
  }

  bool RunFor(double seconds) {
    const uint64_t end = NowNs() + static_cast<uint64_t>(seconds * 1e9);
    return RunUntil([end] { return NowNs() >= end; });
  }

  template <typename Done>
  bool RunUntil(Done done) {
    epoll_event events[256];
    while (!done()) {
      const int count = epoll_wait(epoll_, events, 256, stall_ms_);
      if (count == 0) return Fail("no answer for " + std::to_string(stall_ms_ / 1000) + " s");
      for (int i = 0; i < count; ++i) {
        if (!OnReady(*static_cast<Client*>(events[i].data.ptr))) return false;
      }
    }
    return true;
  }

  // What was left of the bytes before goes in front of those that arrive.
  bool OnReady(Client& client) {
    const size_t kept = client.in.size();
    if (read_.size() < kept + kReadBytes) read_.resize(kept + kReadBytes);
    std::memcpy(read_.data(), client.in.data(), kept);
    const ssize_t bytes = client.socket->Read(read_.data() + kept, kReadBytes);
    if (bytes == 0) return Fail("the server closed a connection");
    if (bytes < 0 && errno != EAGAIN) return Fail(std::string("reading: ") + strerror(errno));
    if (bytes > 0) Take(client, {read_.data(), kept + static_cast<size_t>(bytes)});
    client.protocol->Flush(&client.out);
    if (!client.protocol->error().empty()) return Fail(client.protocol->error());
    return Write(client);
  }

  void Take(Client& client, std::string_view bytes) {
    answers_.clear();
    client.in.assign(bytes.substr(client.protocol->Take(bytes, &answers_)));
    const uint64_t now = NowNs();
    for (const Answer& answer : answers_) {
      ++answered_;
      if (!answer.ok) ++failures_;
      if (client.measured) latency_.Add(now - client.issued_ns[answer.slot]);
      Issue(client, answer.slot, now);
    }
  }

  // Issues what comes next in a slot, if anything does.
  void Issue(Client& client, uint32_t slot, uint64_t now) {
    client.issued_ns[slot] = now;
    if (series_ != nullptr) {
      if (made_ == series_->count) return;
      client.made[slot] = series_->make(made_++);
      return client.protocol->Issue(client.made[slot], slot);
    }
    if (client.operations == nullptr) return;
    if (options_.kept > 0 && client.issued[slot]++ >= options_.kept) return;
    client.protocol->Issue((*client.operations)[client.next], slot);
    if (++client.next == client.operations->size()) client.next = 0;
  }

  bool Write(Client& client) {
    if (!client.socket->Write(&client.out)) return Fail(std::string("writing: ") + strerror(errno));
    if (client.wants_write == client.out.empty()) {
      client.wants_write = !client.out.empty();
      epoll_event event{.events = EPOLLIN | (client.wants_write ? EPOLLOUT : 0u),
                        .data = {.ptr = &client}};
      epoll_ctl(epoll_, EPOLL_CTL_MOD, client.socket->fd(), &event);
    }
    return true;
  }

  LoadOptions options_;
  const int stall_ms_;
  const Workload workload_;
  const Operations parked_;
  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<char> read_;
  std::vector<Answer> answers_;
  Latency latency_;
  uint64_t answered_ = 0;
  uint64_t failures_ = 0;
  const Series* series_ = nullptr;  // What is being made at the moment ...
  uint64_t made_ = 0;               // ... of which so many ops were issued.
  uint64_t memory_before_ = 0;
  Report report_;
};

}  // namespace

Report RunLoad(const LoadOptions& options) { return Load(options).Run(); }

}  // namespace coheld::bench
