// See client_object.h.
#include "client/python/src/client_object.h"

#include <array>
#include <span>
#include <utility>
#include <vector>

#include "coheld/v1/object.pb.h"
#include "proto/wire/methods.h"

namespace coheld::python {
namespace {

struct Deferred {
  Client handle;
  std::string name;
  Handles::Due due;
};

thread_local int calls_under_way = 0;
thread_local std::vector<Deferred> deferred;

// A child that inherited a proxy may not hold the object yet: it is lent first.
void Post(const Client& handle, const std::string& name, Handles::Due due) {
  static const uint32_t kLend = wire::FindMethod("/coheld.v1.Object/Lend")->number;
  static const uint32_t kRelease = wire::FindMethod("/coheld.v1.Object/Release")->number;
  v1::ObjectLendRequest lend;
  lend.set_name(name);
  v1::ObjectReleaseRequest release;
  release.set_name(name);
  release.set_count(due.count);
  const std::string lend_bytes = lend.SerializeAsString();
  const std::string release_bytes = release.SerializeAsString();
  const std::array<PipelinedCall, 2> calls{{{kLend, lend_bytes}, {kRelease, release_bytes}}};
  handle.post(std::span(calls).subspan(due.forked ? 0 : 1));
}

}  // namespace

CallUnderWay::CallUnderWay() { ++calls_under_way; }

CallUnderWay::~CallUnderWay() {
  if (--calls_under_way > 0 || deferred.empty()) return;
  for (const Deferred& gone : std::exchange(deferred, {})) Post(gone.handle, gone.name, gone.due);
}

void GiveBack(const ClientObject& client, std::string_view name, Handles::Due due) noexcept {
  if (due.count == 0) return;
  if (calls_under_way == 0) return Post(client.handle, std::string(name), due);
  deferred.push_back({client.handle, std::string(name), due});
}

}  // namespace coheld::python
