// See shard_gather.h.
#include "server/dispatch/shard_gather.h"

#include <algorithm>
#include <array>
#include <utility>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/object.pb.h"
#include "proto/wire/methods.h"

namespace coheld::dispatch {
namespace {

using Payloads = std::vector<std::string>;
using Merge = std::string (*)(const std::string& request, const Payloads& payloads);

template <typename Message>
std::vector<Message> ParseAll(const Payloads& payloads) {
  std::vector<Message> parsed(payloads.size());
  for (size_t i = 0; i < payloads.size(); ++i) parsed[i].ParseFromString(payloads[i]);
  return parsed;
}

// What the lines of listings are ordered by.
struct Key {
  static std::string_view Of(const v1::ObjectSummary& line) { return line.name(); }
  static std::string_view Of(const v1::HeldObject& line) { return line.summary().name(); }
  static uint64_t Of(const v1::SessionSummary& line) { return line.session(); }
  static uint64_t Of(const v1::Wait& line) { return line.waiter().call(); }
};

// The lines of listings.
auto* LinesOf(v1::AdminObjectsReply& page) { return page.mutable_objects(); }
auto* LinesOf(v1::AdminLocksReply& page) { return page.mutable_objects(); }
auto* LinesOf(v1::AdminSessionsReply& page) { return page.mutable_sessions(); }
auto* LinesOf(v1::AdminWaitsReply& page) { return page.mutable_waits(); }

// Makes one page of a listing of the pages of all shards.
template <typename Request, typename Reply>
std::string MergePages(const std::string& bytes, const Payloads& payloads) {
  Request request;
  request.ParseFromString(bytes);
  constexpr int kListingLimit = 1000;
  int limit = request.limit() == 0 ? kListingLimit : static_cast<int>(request.limit());
  Reply reply;
  reply.set_done(true);
  auto* const all = LinesOf(reply);
  for (Reply& part : ParseAll<Reply>(payloads)) {
    if (!part.done()) {
      // After its last line there may be lines of it that belong between those of others.
      limit = std::min(limit, LinesOf(part)->size());
      reply.set_done(false);
    }
    for (auto& line : *LinesOf(part)) all->Add()->Swap(&line);
  }
  std::sort(all->begin(), all->end(),
            [](const auto& a, const auto& b) { return Key::Of(a) < Key::Of(b); });
  if (all->size() > limit) {
    all->DeleteSubrange(limit, all->size() - limit);
    reply.set_done(false);
  }
  return reply.SerializeAsString();
}

void Add(const v1::RecoveryStatus& part, v1::RecoveryStatus* sum) {
  sum->set_snapshot_index(sum->snapshot_index() + part.snapshot_index());
  sum->set_snapshot_bytes(sum->snapshot_bytes() + part.snapshot_bytes());
  sum->set_records(sum->records() + part.records());
  sum->set_record_bytes(sum->record_bytes() + part.record_bytes());
  sum->set_duration_ms(std::max(sum->duration_ms(), part.duration_ms()));
}

void Add(const v1::SnapshotStatus& part, v1::SnapshotStatus* sum) {
  sum->set_index(sum->index() + part.index());
  sum->set_bytes(sum->bytes() + part.bytes());
  sum->set_duration_ms(std::max(sum->duration_ms(), part.duration_ms()));
  sum->set_journal_bytes(sum->journal_bytes() + part.journal_bytes());
  sum->set_next_at_bytes(sum->next_at_bytes() + part.next_at_bytes());
  sum->set_running(sum->running() || part.running());
  sum->set_made(sum->made() + part.made());
  sum->set_failed(sum->failed() + part.failed());
  if (!part.last_failure().empty()) sum->set_last_failure(part.last_failure());
}

std::string MergeStatus(const std::string& /*request*/, const Payloads& payloads) {
  const auto parts = ParseAll<v1::AdminStatusReply>(payloads);
  v1::AdminStatusReply sum = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) {
    const v1::AdminStatusReply& part = parts[i];
    sum.set_objects(sum.objects() + part.objects());
    sum.set_connections(sum.connections() + part.connections());
    sum.set_parked(sum.parked() + part.parked());
    sum.set_ops(sum.ops() + part.ops());
    sum.set_anonymous(sum.anonymous() + part.anonymous());
    sum.mutable_memory()->set_refused(sum.memory().refused() + part.memory().refused());
    sum.set_disk_full(sum.disk_full() || part.disk_full());
    if (part.has_recovery()) Add(part.recovery(), sum.mutable_recovery());
    if (part.has_snapshots()) Add(part.snapshots(), sum.mutable_snapshots());
    sum.mutable_shards()->MergeFrom(part.shards());
  }
  return sum.SerializeAsString();
}

std::string MergeSnapshots(const std::string& /*request*/, const Payloads& payloads) {
  v1::AdminSnapshotReply sum;
  for (const auto& part : ParseAll<v1::AdminSnapshotReply>(payloads)) {
    sum.set_index(sum.index() + part.index());
    sum.set_bytes(sum.bytes() + part.bytes());
    sum.set_duration_ms(std::max(sum.duration_ms(), part.duration_ms()));
    v1::ShardSnapshot* const line = sum.add_shards();
    line->set_shard(static_cast<uint32_t>(sum.shards_size() - 1));
    line->set_index(part.index());
    line->set_bytes(part.bytes());
  }
  return sum.SerializeAsString();
}

std::string MergeReleased(const std::string& /*request*/, const Payloads& payloads) {
  v1::ObjectReleaseReply sum;
  for (const auto& part : ParseAll<v1::ObjectReleaseReply>(payloads)) {
    sum.set_released(sum.released() + part.released());
  }
  return sum.SerializeAsString();
}

const std::array<Merge, wire::kMethodNumberEnd>& Merges() {
  static const auto* const by_number = [] {
    auto* table = new std::array<Merge, wire::kMethodNumberEnd>{};
    const auto add = [table](std::string_view path, Merge merge) {
      (*table)[wire::FindMethod(path)->number] = merge;
    };
    add("/coheld.v1.Admin/Status", MergeStatus);
    add("/coheld.v1.Admin/Snapshot", MergeSnapshots);
    add("/coheld.v1.Object/Release", MergeReleased);
    add("/coheld.v1.Admin/Objects", MergePages<v1::AdminObjectsRequest, v1::AdminObjectsReply>);
    add("/coheld.v1.Admin/Locks", MergePages<v1::AdminLocksRequest, v1::AdminLocksReply>);
    add("/coheld.v1.Admin/Sessions", MergePages<v1::AdminSessionsRequest, v1::AdminSessionsReply>);
    add("/coheld.v1.Admin/Waits", MergePages<v1::AdminWaitsRequest, v1::AdminWaitsReply>);
    return table;
  }();
  return *by_number;
}

}  // namespace

bool IsGathered(uint32_t method) {
  return method < wire::kMethodNumberEnd && Merges()[method] != nullptr;
}

bool Gather::Take(uint32_t shard, std::optional<wire::Failure> failure, std::string payload) {
  const auto place = std::find_if(parts_.begin(), parts_.end(),
                                  [shard](const Part& part) { return part.shard > shard; });
  parts_.insert(place,
                {.shard = shard, .failure = std::move(failure), .payload = std::move(payload)});
  return --waits_for_ == 0;
}

wire::Result<std::string> Gather::Reply() const {
  Payloads payloads;
  for (const Part& part : parts_) {
    if (part.failure) return *part.failure;
    payloads.push_back(part.payload);
  }
  if (method_ == 0) return reply_;
  return Merges()[method_](request_, payloads);
}

}  // namespace coheld::dispatch
