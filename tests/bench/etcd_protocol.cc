// etcd's locks (https://etcd.io/docs/v3.4/dev-guide/api_concurrency_reference_v3/): each connection
// is granted a lease first, and locks with it. Without one etcd would grant one for each lock, and
// each grant is a write to its log.
#include <random>

#include "tests/bench/unary_protocol.h"

namespace coheld::bench {
namespace {

constexpr uint64_t kLeaseSeconds = 600;
constexpr char kBytesField1 = 0x0a;
constexpr char kIntegerField1 = 0x08;
constexpr char kIntegerField2 = 0x10;

// LeaseGrantReply, field 2: the lease that was granted.
bool HasLease(std::string_view reply, uint64_t lease) {
  while (!reply.empty()) {
    const char tag = reply.front();
    reply.remove_prefix(1);
    const uint64_t number = TakeVarint(&reply);
    if (tag == kIntegerField2) return number == lease;
    if (tag != kBytesField1) return false;  // The header comes first.
    reply.remove_prefix(std::min<size_t>(number, reply.size()));
  }
  return false;
}

std::string Hex(uint64_t number) {
  std::string digits;
  for (; number > 0; number /= 16) digits.insert(digits.begin(), "0123456789abcdef"[number % 16]);
  return digits;
}

class EtcdProtocol final : public UnaryProtocol {
 public:
  explicit EtcdProtocol(uint32_t depth) : UnaryProtocol(depth) {
    std::random_device random;
    lease_ = uint64_t{random()} << 30 | random() >> 2 | 1;
    lease_field_.push_back(kIntegerField2);
    AppendVarint(lease_, &lease_field_);
    key_end_ = "/" + Hex(lease_);
  }

 private:
  Opening OpeningCall() const override {
    Opening call{.path = "/etcdserverpb.Lease/LeaseGrant", .request = {kIntegerField1}};
    AppendVarint(kLeaseSeconds, &call.request);
    call.request += lease_field_;
    return call;
  }

  bool TakeOpening(const std::string& reply) override { return HasLease(reply, lease_); }

  // The op's payload is the lock's name: LockRequest has it beside the lease, UnlockRequest in the
  // key that etcd makes of both.
  void AppendRequest(const Operation& operation, Output* out) override {
    if (!operation.path.starts_with("/v3lockpb.")) return out->Append(operation.payload);
    const bool acquires = operation.path.ends_with("/Lock");
    const std::string text = operation.payload + (acquires ? "" : key_end_);
    request_.assign(1, kBytesField1);
    AppendVarint(text.size(), &request_);
    request_ += text;
    if (acquires) request_ += lease_field_;
    out->Append(request_);
  }

  uint64_t lease_ = 0;
  std::string lease_field_;
  std::string key_end_;
  std::string request_;
};

}  // namespace

std::unique_ptr<Protocol> MakeEtcdProtocol(uint32_t depth) {
  return std::make_unique<EtcdProtocol>(depth);
}

}  // namespace coheld::bench
