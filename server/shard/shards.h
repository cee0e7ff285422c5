// All shards of a daemon, and the mail between them. The first one runs on the thread that calls
// Run, and is where the daemon itself lives: its signals, its parent. With one shard there is no
// other thread and no mail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/shard/shard.h"
#include "server/transport/tls_identity.h"

namespace coheld::shard {

class Shards {
 public:
  // One for each of the folders. The configuration outlives it.
  Shards(const config::Config& config, std::vector<OpenFolder> folders);
  ~Shards();

  // As transport::Listener's; all shards listen. Before Run.
  void UseTls(const transport::TlsIdentity& identity);
  bool Listen(const std::string& address, std::string* bound, std::string* error);

  // Runs all until Stop is called.
  void Run();
  // On the first shard's thread: tells all who wait and finishes the rest, as Dispatcher::Shutdown
  // and Listener::Drain. Then `done` is called there.
  void Drain(uint32_t grace_ms, std::function<void()> done);
  // Has Run return. From any thread.
  void Stop();

  Shard& first() { return *shards_.front(); }

 private:
  class Post;
  // Has each shard do something on its thread, and `done` called on the first one's when all did.
  void OnAll(std::function<void(Shard&)> what, std::function<void()> done);
  void DrainListeners(uint32_t grace_ms, std::function<void()> done);

  std::vector<std::unique_ptr<Post>> posts_;  // Empty with one shard; outlive the shards.
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace coheld::shard
