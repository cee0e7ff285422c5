// See shards.h.
#include "server/shard/shards.h"

#include <thread>
#include <utility>

#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include "proto/wire/key_proof.h"

namespace coheld::shard {
namespace {

constexpr size_t kSecretBytes = 32;

// Returns what proves the sessions' tokens: all shards have the same, so that each can prove those
// of the others. A folder keeps it over restarts.
std::string SecretOf(const std::vector<OpenFolder>& folders) {
  const std::string& kept = folders.front().folder.secret;
  return kept.empty() ? wire::RandomBytes(kSecretBytes) : kept;
}

}  // namespace

// The mail of one shard: all that it sends to another one in a turn is one handler in that one's
// loop, which is woken for it if it sleeps.
class Shards::Post : public dispatch::ShardPost {
 public:
  Post(Shards& shards, uint32_t from) : shards_(shards), from_(from) {}

  void Send(uint32_t to, std::vector<dispatch::ShardMail> mail) override {
    Shard& shard = *shards_.shards_[to];
    asio::post(shard.io(), [&shard, from = from_, mail = std::move(mail)]() mutable {
      shard.dispatcher().OnMail(from, std::move(mail));
    });
  }

  void RequestTurnEnd() override {
    if (std::exchange(turn_end_posted_, true)) return;
    Shard& shard = *shards_.shards_[from_];
    asio::post(shard.io(), [this, &shard] {
      turn_end_posted_ = false;
      shard.dispatcher().OnTurnEnd();
    });
  }

 private:
  Shards& shards_;
  const uint32_t from_;
  bool turn_end_posted_ = false;
};

Shards::Shards(const config::Config& config, std::vector<OpenFolder> folders) {
  const auto count = static_cast<uint32_t>(folders.size());
  const std::string secret = SecretOf(folders);
  for (uint32_t shard = 0; shard < count; ++shard) {
    if (count > 1) posts_.push_back(std::make_unique<Post>(*this, shard));
  }
  for (uint32_t shard = 0; shard < count; ++shard) {
    shards_.push_back(std::make_unique<Shard>(
        config, engine::Placement{.shard = shard, .shards = count}, std::move(folders[shard]),
        secret, count > 1 ? posts_[shard].get() : nullptr));
  }
  for (const auto& shard : shards_) {
    for (const auto& other : shards_) {
      if (other != shard) shard->dispatcher().MeetShard(other->dispatcher());
    }
  }
}

Shards::~Shards() = default;

void Shards::UseTls(const transport::TlsIdentity& identity) {
  for (const auto& shard : shards_) shard->listener().UseTls(identity);
}

bool Shards::Listen(const std::string& address, std::string* bound, std::string* error) {
  std::vector<transport::Listener*> others;
  for (size_t i = 1; i < shards_.size(); ++i) others.push_back(&shards_[i]->listener());
  first().listener().ShareWith(
      std::move(others), [this](size_t listener, transport::Listener::Handed connection) {
        Shard& shard = *shards_[listener];
        asio::post(shard.io(), [&shard, connection = std::move(connection)] {
          shard.listener().Adopt(connection);
        });
      });
  return first().listener().Listen(address, bound, error);
}

void Shards::Run() {
  std::vector<std::thread> threads;
  for (size_t i = 1; i < shards_.size(); ++i) {
    threads.emplace_back([&shard = *shards_[i]] {
      // With nothing to do it waits for mail.
      const auto work = asio::make_work_guard(shard.io());
      shard.Run();
    });
  }
  first().Run();
  Stop();
  for (std::thread& thread : threads) thread.join();
}

void Shards::Stop() {
  for (const auto& shard : shards_) shard->io().stop();
}

void Shards::OnAll(std::function<void(Shard&)> what, std::function<void()> done) {
  // Between the handlers on all threads; the last one to come back to the first shard ends it.
  const auto waits_for = std::make_shared<size_t>(shards_.size());
  const auto tell = [this, waits_for, done = std::move(done)] {
    asio::post(first().io(), [waits_for, done] {
      if (--*waits_for == 0) done();
    });
  };
  for (const auto& shard : shards_) {
    asio::post(shard->io(), [&shard = *shard, what, tell] {
      what(shard);
      tell();
    });
  }
}

void Shards::Drain(uint32_t grace_ms, std::function<void()> done) {
  if (shards_.size() == 1) {
    first().dispatcher().Shutdown();
    return first().listener().Drain(grace_ms, std::move(done));
  }
  // Only when no shard has an answer for another one any more, their connections are drained.
  OnAll([](Shard& shard) { shard.dispatcher().Shutdown(); },
        [this, grace_ms, done = std::move(done)] { DrainListeners(grace_ms, done); });
}

void Shards::DrainListeners(uint32_t grace_ms, std::function<void()> done) {
  const auto waits_for = std::make_shared<size_t>(shards_.size());  // As in OnAll.
  const auto tell = [this, waits_for, done = std::move(done)] {
    asio::post(first().io(), [waits_for, done] {
      if (--*waits_for == 0) done();
    });
  };
  for (const auto& shard : shards_) {
    asio::post(shard->io(), [&shard = *shard, grace_ms, tell] {
      shard.dispatcher().EndStreams();
      shard.listener().Drain(grace_ms, tell);
    });
  }
}

}  // namespace coheld::shard
