// See session_directory.h.
#include "server/dispatch/session_directory.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "proto/wire/check.h"
#include "proto/wire/key_proof.h"

namespace coheld::dispatch {
namespace {

constexpr size_t kSecretBytes = 32;
constexpr size_t kProofBytes = 16;

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

}  // namespace

SessionDirectory::SessionDirectory(std::string secret, const engine::Placement& placement)
    : secret_(secret.empty() ? wire::RandomBytes(kSecretBytes) : std::move(secret)),
      placement_(placement) {}

std::string SessionDirectory::ProofOf(SessionId id, TimeMs opened) const {
  const std::string session = "session " + std::to_string(static_cast<uint64_t>(id)) + " of " +
                              std::to_string(static_cast<int64_t>(opened));
  return Hex(wire::HmacSha256(secret_, session).substr(0, kProofBytes));
}

SessionDirectory::Entry& SessionDirectory::Add(SessionId id, uint64_t ttl_ms, TimeMs opened) {
  Entry& entry = sessions_[id];
  entry.proof = ProofOf(id, opened);
  entry.ttl_ms = ttl_ms;
  entry.opened = opened;
  ttls_ms_.insert(ttl_ms);
  return entry;
}

SessionDirectory::Opened SessionDirectory::Open(uint64_t ttl_ms, TimeMs now) {
  // The next id whose home is this shard.
  const uint64_t ahead =
      (placement_.shards + placement_.shard - last_id_ % placement_.shards) % placement_.shards;
  last_id_ += ahead == 0 ? placement_.shards : ahead;
  const SessionId id{last_id_};
  Entry& entry = Add(id, ttl_ms, now);
  SetDeadline(id, entry, engine::After(now, ttl_ms));
  return {id, std::to_string(last_id_) + "." + entry.proof};
}

void SessionDirectory::Restore(SessionId id, uint64_t ttl_ms, TimeMs opened, TimeMs now) {
  SetDeadline(id, Add(id, ttl_ms, opened), engine::After(now, ttl_ms));
  last_id_ = std::max(last_id_, static_cast<uint64_t>(id));
}

void SessionDirectory::Learn(SessionId id, uint64_t ttl_ms, TimeMs opened) {
  Add(id, ttl_ms, opened);
}

std::optional<SessionId> SessionDirectory::Authenticate(std::string_view token) const {
  const size_t dot = token.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + dot, number);
  if (error != std::errc() || end != token.data() + dot) return std::nullopt;
  const auto found = sessions_.find(SessionId{number});
  if (found == sessions_.end()) return std::nullopt;
  if (!wire::SameSecret(found->second.proof, token.substr(dot + 1))) return std::nullopt;
  return found->first;
}

void SessionDirectory::Attach(SessionId id) {
  Entry& entry = sessions_.at(id);
  ++entry.connections;
  SetDeadline(id, entry, engine::kNever);
}

bool SessionDirectory::Detach(SessionId id, TimeMs now, uint64_t silent_ms) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return false;  // It was closed meanwhile.
  Entry& entry = found->second;
  COHELD_CHECK(entry.connections > 0);
  if (--entry.connections > 0) return false;
  SetDeadline(id, entry, engine::After(now, entry.ttl_ms - std::min(entry.ttl_ms, silent_ms)));
  return true;
}

bool SessionDirectory::IsDetached(SessionId id) const {
  const auto found = sessions_.find(id);
  return found != sessions_.end() && found->second.connections == 0;
}

void SessionDirectory::Erase(SessionId id) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  SetDeadline(id, found->second, engine::kNever);
  ttls_ms_.erase(ttls_ms_.find(found->second.ttl_ms));
  sessions_.erase(found);
}

size_t SessionDirectory::Rearm(TimeMs now) {
  const auto detached = std::exchange(deadlines_, {});
  for (const auto& [deadline, id] : detached) {
    Entry& entry = sessions_.at(id);
    entry.deadline = engine::kNever;
    SetDeadline(id, entry, engine::After(now, entry.ttl_ms));
  }
  return detached.size();
}

uint64_t SessionDirectory::shortest_ttl_ms() const {
  return ttls_ms_.empty() ? UINT64_MAX : *ttls_ms_.begin();
}

TimeMs SessionDirectory::NextDeadline() const {
  return deadlines_.empty() ? engine::kNever : deadlines_.begin()->first;
}

std::optional<SessionId> SessionDirectory::Overdue(TimeMs now) const {
  if (deadlines_.empty() || deadlines_.begin()->first > now) return std::nullopt;
  return deadlines_.begin()->second;
}

uint64_t SessionDirectory::connections(SessionId id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? 0 : found->second.connections;
}

void SessionDirectory::SetDeadline(SessionId id, Entry& entry, TimeMs deadline) {
  if (entry.deadline != engine::kNever) deadlines_.erase({entry.deadline, id});
  entry.deadline = deadline;
  if (deadline != engine::kNever) deadlines_.insert({deadline, id});
}

}  // namespace coheld::dispatch
