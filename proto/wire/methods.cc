// Builds the method table once from the generated descriptors. See methods.h.
#include "proto/wire/methods.h"

#include <array>
#include <map>
#include <unordered_map>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/array.pb.h"
#include "coheld/v1/barrier.pb.h"
#include "coheld/v1/common.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/count_down_latch.pb.h"
#include "coheld/v1/counter.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/event.pb.h"
#include "coheld/v1/host.pb.h"
#include "coheld/v1/hosted.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/namespace.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/read_write_lock.pb.h"
#include "coheld/v1/rlock.pb.h"
#include "coheld/v1/semaphore.pb.h"
#include "coheld/v1/session.pb.h"
#include "coheld/v1/set.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "coheld/v1/sorted_set.pb.h"
#include "coheld/v1/topic.pb.h"
#include "coheld/v1/watch.pb.h"
#include "proto/wire/check.h"

namespace coheld::wire {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::MethodOptions;

struct Table {
  std::vector<MethodRow> rows;
  std::array<const MethodRow*, kMethodNumberEnd> by_number{};
  std::unordered_map<std::string_view, const MethodRow*> by_path;
};

MethodRow MakeRow(const MethodDescriptor& method) {
  MethodRow row;
  row.number = method.options().GetExtension(v1::method_number);
  row.path = "/" + method.service()->full_name() + "/" + method.name();
  row.name = method.service()->name() + "." + method.name();
  row.read_only = method.options().idempotency_level() == MethodOptions::NO_SIDE_EFFECTS;
  row.room = method.options().GetExtension(v1::room);
  row.descriptor = &method;
  return row;
}

const Table& TheTable() {
  static const Table* const table = [] {
    auto* built = new Table;
    const FileDescriptor* const files[] = {
        v1::AdminPingRequest::descriptor()->file(),             //
        v1::ArrayCreateRequest::descriptor()->file(),           //
        v1::BarrierCreateRequest::descriptor()->file(),         //
        v1::ConditionCreateRequest::descriptor()->file(),       //
        v1::CountDownLatchCreateRequest::descriptor()->file(),  //
        v1::CounterCreateRequest::descriptor()->file(),         //
        v1::DictLenRequest::descriptor()->file(),               //
        v1::EventCreateRequest::descriptor()->file(),           //
        v1::HostCreateRequest::descriptor()->file(),            //
        v1::HostedCreateRequest::descriptor()->file(),          //
        v1::ListLenRequest::descriptor()->file(),               //
        v1::LockCreateRequest::descriptor()->file(),            //
        v1::NamespaceCreateRequest::descriptor()->file(),       //
        v1::ObjectHoldRequest::descriptor()->file(),            //
        v1::QueueLenRequest::descriptor()->file(),              //
        v1::RLockCreateRequest::descriptor()->file(),           //
        v1::ReadWriteLockCreateRequest::descriptor()->file(),   //
        v1::SemaphoreCreateRequest::descriptor()->file(),       //
        v1::SessionOpenRequest::descriptor()->file(),           //
        v1::SetCreateRequest::descriptor()->file(),             //
        v1::SharedValueGetRequest::descriptor()->file(),        //
        v1::SortedSetCreateRequest::descriptor()->file(),       //
        v1::TopicCreateRequest::descriptor()->file(),           //
        v1::WatchChangesRequest::descriptor()->file(),          //
    };
    std::map<uint32_t, MethodRow> ordered;
    for (const FileDescriptor* file : files) {
      for (int s = 0; s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) {
          MethodRow row = MakeRow(*file->service(s)->method(m));
          COHELD_CHECK(row.number != 0 && row.number < kMethodNumberEnd);
          COHELD_CHECK(ordered.emplace(row.number, row).second);
        }
      }
    }
    for (auto& [number, row] : ordered) built->rows.push_back(std::move(row));
    for (const MethodRow& row : built->rows) {
      built->by_number[row.number] = &row;
      built->by_path[row.path] = &row;
    }
    return built;
  }();
  return *table;
}

}  // namespace

const std::vector<MethodRow>& Methods() { return TheTable().rows; }

const MethodRow* FindMethod(uint32_t number) {
  return number < kMethodNumberEnd ? TheTable().by_number[number] : nullptr;
}

const MethodRow* FindMethod(std::string_view path) {
  const auto found = TheTable().by_path.find(path);
  return found == TheTable().by_path.end() ? nullptr : found->second;
}

}  // namespace coheld::wire
