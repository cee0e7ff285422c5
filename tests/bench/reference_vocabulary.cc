// The few ops that etcd and the plain copy know.
#include "tests/bench/workload.h"

namespace coheld::bench {
namespace {

// A lock's payload is its name; the rest depends on the connection (etcd_protocol.cc).
class EtcdVocabulary final : public Vocabulary {
 public:
  // The locks of connections that ended outlive them by their leases: KV.DeleteRange of all.
  Operations Removals() const override {
    const std::string first = "bench-lock-", end = "bench-lock.";
    std::string range = "\x0a" + std::string(1, static_cast<char>(first.size())) + first;
    range += "\x12" + std::string(1, static_cast<char>(end.size())) + end;
    return {{.method = 3, .path = "/etcdserverpb.KV/DeleteRange", .payload = range}};
  }

  Operations Unit(std::string_view name, uint32_t key) const override {
    if (name != "lock") return {};
    const std::string lock = "bench-lock-" + std::to_string(key);
    return {{.method = 1, .path = "/v3lockpb.Lock/Lock", .payload = lock, .reply_min = 1},
            {.method = 2, .path = "/v3lockpb.Lock/Unlock", .payload = lock, .reply_min = 1}};
  }

  Operation Batch(Content, uint64_t, uint64_t) const override { return {}; }
};

// A path is what goes before the bytes (copy_reference.cc).
class CopyVocabulary final : public Vocabulary {
 public:
  explicit CopyVocabulary(const WorkloadOptions& options) : value_(options.value_bytes, 'x') {}

  Operations Removals() const override { return {}; }

  Operations Unit(std::string_view name, uint32_t /*key*/) const override {
    const Operation put = {.path = Head('P'), .payload = value_, .reply_min = 1};
    const Operation get = {.path = Head('G'), .reply_min = value_.size()};
    if (name == "get") return {get};
    if (name == "set") return {put};
    if (name == "putget") return {put, get};
    return {};
  }

  Operation Batch(Content, uint64_t, uint64_t) const override { return {}; }

 private:
  std::string Head(char what) const {
    std::string head(1, what);
    for (int shift = 0; shift < 64; shift += 8) {
      head.push_back(static_cast<char>(uint64_t{value_.size()} >> shift));
    }
    return head;
  }

  const std::string value_;
};

}  // namespace

std::unique_ptr<Vocabulary> MakeEtcdVocabulary() { return std::make_unique<EtcdVocabulary>(); }

std::unique_ptr<Vocabulary> MakeCopyVocabulary(const WorkloadOptions& options) {
  return std::make_unique<CopyVocabulary>(options);
}

}  // namespace coheld::bench
