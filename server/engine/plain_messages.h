// The messages of the ops that pass most often, which are read and written without objects
// (plain_fields.h). What their fields mean stands in the protos.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "coheld/v1/counter.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "server/engine/plain_fields.h"

namespace coheld::engine::plain {

// --- Dict ---

struct DictGetRequest {
  using Message = v1::DictGetRequest;
  std::string_view name;
  WireValue key;
  bool refuse_opaque = false;
  using Fields = FieldList<Field<1, &DictGetRequest::name, &Message::name>,
                           Field<2, &DictGetRequest::key, &Message::key>,
                           Field<14, &DictGetRequest::refuse_opaque, &Message::refuse_opaque>>;
};

struct DictGetReply {
  using Message = v1::DictGetReply;
  AnswerValue value;
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &DictGetReply::value>, Field<2, &DictGetReply::version>>;
};

struct DictSetRequest {
  using Message = v1::DictSetRequest;
  std::string_view name;
  WireValue key;
  WireValue value;
  bool refuse_opaque = false;
  std::optional<uint64_t> if_version;
  using Fields = FieldList<
      Field<1, &DictSetRequest::name, &Message::name>,
      Field<2, &DictSetRequest::key, &Message::key>,
      Field<3, &DictSetRequest::value, &Message::value>,
      Field<14, &DictSetRequest::refuse_opaque, &Message::refuse_opaque>,
      Field<15, &DictSetRequest::if_version, &Message::if_version, &Message::has_if_version>>;
};

struct DictSetManyRequest {
  using Message = v1::DictSetManyRequest;
  std::string_view name;
  WireEntries entries;
  bool refuse_opaque = false;
  std::optional<uint64_t> if_version;
  using Fields = FieldList<
      Field<1, &DictSetManyRequest::name, &Message::name>,
      Field<2, &DictSetManyRequest::entries, Many<v1::Entry>(&Message::entries)>,
      Field<14, &DictSetManyRequest::refuse_opaque, &Message::refuse_opaque>,
      Field<15, &DictSetManyRequest::if_version, &Message::if_version, &Message::has_if_version>>;
};

struct DictScanReply {
  using Message = v1::DictScanReply;
  AnswerValues entries{1};
  uint64_t next = 0;
  bool done = false;
  uint64_t length = 0;
  bool size_changed = false;
  uint64_t version = 0;
  using Fields =
      FieldList<Field<1, &DictScanReply::entries>, Field<2, &DictScanReply::next>,
                Field<3, &DictScanReply::done>, Field<4, &DictScanReply::length>,
                Field<5, &DictScanReply::size_changed>, Field<6, &DictScanReply::version>>;
};

struct DictItemsReply {
  using Message = v1::DictItemsReply;
  AnswerValues entries{1};
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &DictItemsReply::entries>, Field<2, &DictItemsReply::version>>;
};

struct DictChangeReply {
  using Message = v1::DictChangeReply;
  uint64_t length = 0;
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &DictChangeReply::length>, Field<2, &DictChangeReply::version>>;
};

// --- List ---

struct ListGetRequest {
  using Message = v1::ListGetRequest;
  std::string_view name;
  int64_t index = 0;
  using Fields = FieldList<Field<1, &ListGetRequest::name, &Message::name>,
                           Field<2, &ListGetRequest::index, &Message::index>>;
};

struct ListGetReply {
  using Message = v1::ListGetReply;
  AnswerValue value;
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &ListGetReply::value>, Field<2, &ListGetReply::version>>;
};

struct ListSetRequest {
  using Message = v1::ListSetRequest;
  std::string_view name;
  int64_t index = 0;
  WireValue value;
  std::optional<uint64_t> if_version;
  using Fields = FieldList<
      Field<1, &ListSetRequest::name, &Message::name>,
      Field<2, &ListSetRequest::index, &Message::index>,
      Field<3, &ListSetRequest::value, &Message::value>,
      Field<15, &ListSetRequest::if_version, &Message::if_version, &Message::has_if_version>>;
};

struct ListAppendRequest {
  using Message = v1::ListAppendRequest;
  std::string_view name;
  WireValue value;
  std::optional<uint64_t> if_version;
  using Fields = FieldList<
      Field<1, &ListAppendRequest::name, &Message::name>,
      Field<2, &ListAppendRequest::value, &Message::value>,
      Field<15, &ListAppendRequest::if_version, &Message::if_version, &Message::has_if_version>>;
};

struct ListChangeReply {
  using Message = v1::ListChangeReply;
  uint64_t length = 0;
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &ListChangeReply::length>, Field<2, &ListChangeReply::version>>;
};

struct ListPopRequest {
  using Message = v1::ListPopRequest;
  std::string_view name;
  int64_t index = -1;  // If it is absent.
  std::optional<uint64_t> if_version;
  using Fields = FieldList<
      Field<1, &ListPopRequest::name, &Message::name>,
      Field<2, &ListPopRequest::index, &Message::index, &Message::has_index>,
      Field<15, &ListPopRequest::if_version, &Message::if_version, &Message::has_if_version>>;
};

struct ListPopReply {
  using Message = v1::ListPopReply;
  AnswerValue value;
  uint64_t length = 0;
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &ListPopReply::value>, Field<2, &ListPopReply::length>,
                           Field<3, &ListPopReply::version>>;
};

struct ListExtendRequest {
  using Message = v1::ListExtendRequest;
  std::string_view name;
  WireValues values;
  std::optional<uint64_t> if_version;
  using Fields = FieldList<
      Field<1, &ListExtendRequest::name, &Message::name>,
      Field<2, &ListExtendRequest::values, Many<v1::Value>(&Message::values)>,
      Field<15, &ListExtendRequest::if_version, &Message::if_version, &Message::has_if_version>>;
};

struct ListGetSliceReply {
  using Message = v1::ListGetSliceReply;
  AnswerValues values{1};
  uint64_t version = 0;
  using Fields =
      FieldList<Field<1, &ListGetSliceReply::values>, Field<2, &ListGetSliceReply::version>>;
};

struct ListScanReply {
  using Message = v1::ListScanReply;
  AnswerValues values{1};
  uint64_t next = 0;
  bool done = false;
  uint64_t version = 0;
  uint64_t length = 0;
  using Fields = FieldList<Field<1, &ListScanReply::values>, Field<2, &ListScanReply::next>,
                           Field<3, &ListScanReply::done>, Field<4, &ListScanReply::version>,
                           Field<5, &ListScanReply::length>>;
};

// --- Queue ---

struct QueuePutRequest {
  using Message = v1::QueuePutRequest;
  std::string_view name;
  WireValue value;
  std::optional<uint64_t> timeout_ms;
  uint64_t delay_ms = 0;
  std::string_view dedup_key;
  using Fields = FieldList<
      Field<1, &QueuePutRequest::name, &Message::name>,
      Field<2, &QueuePutRequest::value, &Message::value>,
      Field<3, &QueuePutRequest::timeout_ms, &Message::timeout_ms, &Message::has_timeout_ms>,
      Field<4, &QueuePutRequest::delay_ms, &Message::delay_ms>,
      Field<5, &QueuePutRequest::dedup_key, &Message::dedup_key>>;
};

struct QueuePutReply {
  using Message = v1::QueuePutReply;
  uint64_t length = 0;
  bool duplicate = false;
  using Fields = FieldList<Field<1, &QueuePutReply::length>, Field<2, &QueuePutReply::duplicate>>;
};

struct QueuePutManyRequest {
  using Message = v1::QueuePutManyRequest;
  std::string_view name;
  WireValues values;
  std::optional<uint64_t> timeout_ms;
  uint64_t delay_ms = 0;
  std::string_view dedup_key;
  using Fields = FieldList<
      Field<1, &QueuePutManyRequest::name, &Message::name>,
      Field<2, &QueuePutManyRequest::values, Many<v1::Value>(&Message::values)>,
      Field<3, &QueuePutManyRequest::timeout_ms, &Message::timeout_ms, &Message::has_timeout_ms>,
      Field<4, &QueuePutManyRequest::delay_ms, &Message::delay_ms>,
      Field<5, &QueuePutManyRequest::dedup_key, &Message::dedup_key>>;
};

struct QueueGetManyReply {
  using Message = v1::QueueGetManyReply;
  AnswerValues values{1};
  using Fields = FieldList<Field<1, &QueueGetManyReply::values>>;
};

struct QueueGetRequest {
  using Message = v1::QueueGetRequest;
  std::string_view name;
  std::optional<uint64_t> timeout_ms;
  using Fields = FieldList<
      Field<1, &QueueGetRequest::name, &Message::name>,
      Field<2, &QueueGetRequest::timeout_ms, &Message::timeout_ms, &Message::has_timeout_ms>>;
};

struct QueueGetReply {
  using Message = v1::QueueGetReply;
  AnswerValue value;
  using Fields = FieldList<Field<1, &QueueGetReply::value>>;
};

// --- Lock ---

struct LockAcquireRequest {
  using Message = v1::LockAcquireRequest;
  std::string_view name;
  std::optional<uint64_t> timeout_ms;
  bool retake = false;
  uint64_t lease_ms = 0;
  using Fields = FieldList<
      Field<1, &LockAcquireRequest::name, &Message::name>,
      Field<2, &LockAcquireRequest::timeout_ms, &Message::timeout_ms, &Message::has_timeout_ms>,
      Field<3, &LockAcquireRequest::retake, &Message::retake>,
      Field<4, &LockAcquireRequest::lease_ms, &Message::lease_ms>>;
};

struct LockAcquireReply {
  using Message = v1::LockAcquireReply;
  bool acquired = false;
  uint64_t token = 0;
  bool owner_died = false;
  std::unique_ptr<v1::Holder> holder;
  using Fields =
      FieldList<Field<1, &LockAcquireReply::acquired>, Field<2, &LockAcquireReply::token>,
                Field<3, &LockAcquireReply::owner_died>, Field<4, &LockAcquireReply::holder>>;
};

struct LockReleaseRequest {
  using Message = v1::LockReleaseRequest;
  std::string_view name;
  uint64_t token = 0;
  using Fields = FieldList<Field<1, &LockReleaseRequest::name, &Message::name>,
                           Field<2, &LockReleaseRequest::token, &Message::token>>;
};

struct LockReleaseReply {
  using Message = v1::LockReleaseReply;
  using Fields = FieldList<>;
};

// --- SharedValue and Counter ---

struct SharedValueGetRequest {
  using Message = v1::SharedValueGetRequest;
  std::string_view name;
  using Fields = FieldList<Field<1, &SharedValueGetRequest::name, &Message::name>>;
};

struct SharedValueGetReply {
  using Message = v1::SharedValueGetReply;
  AnswerValue value;
  uint64_t version = 0;
  std::string_view typecode;
  using Fields =
      FieldList<Field<1, &SharedValueGetReply::value>, Field<2, &SharedValueGetReply::version>,
                Field<3, &SharedValueGetReply::typecode>>;
};

struct SharedValueSetRequest {
  using Message = v1::SharedValueSetRequest;
  std::string_view name;
  WireValue value;
  std::optional<uint64_t> if_version;
  using Fields = FieldList<Field<1, &SharedValueSetRequest::name, &Message::name>,
                           Field<2, &SharedValueSetRequest::value, &Message::value>,
                           Field<15, &SharedValueSetRequest::if_version, &Message::if_version,
                                 &Message::has_if_version>>;
};

struct SharedValueChangeReply {
  using Message = v1::SharedValueChangeReply;
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &SharedValueChangeReply::version>>;
};

struct SharedValueModifyRequest {
  using Message = v1::SharedValueModifyRequest;
  std::string_view name;
  v1::Operator operator_ = v1::OPERATOR_UNSPECIFIED;
  WireValue operand;
  using Fields = FieldList<Field<1, &SharedValueModifyRequest::name, &Message::name>,
                           Field<2, &SharedValueModifyRequest::operator_, &Message::operator_>,
                           Field<3, &SharedValueModifyRequest::operand, &Message::operand>>;
};

struct SharedValueModifyReply {
  using Message = v1::SharedValueModifyReply;
  AnswerValue previous;
  AnswerValue value;
  uint64_t version = 0;
  using Fields = FieldList<Field<1, &SharedValueModifyReply::previous>,
                           Field<2, &SharedValueModifyReply::value>,
                           Field<3, &SharedValueModifyReply::version>>;
};

struct CounterAddRequest {
  using Message = v1::CounterAddRequest;
  std::string_view name;
  int64_t amount = 1;  // If it is absent.
  using Fields =
      FieldList<Field<1, &CounterAddRequest::name, &Message::name>,
                Field<2, &CounterAddRequest::amount, &Message::amount, &Message::has_amount>>;
};

struct CounterAddReply {
  using Message = v1::CounterAddReply;
  int64_t value = 0;
  using Fields = FieldList<Field<1, &CounterAddReply::value>>;
};

// All requests above.
template <typename... Requests>
struct RequestList {};
using Requests = RequestList<DictGetRequest, DictSetRequest, DictSetManyRequest, ListGetRequest,
                             ListSetRequest, ListAppendRequest, ListPopRequest, ListExtendRequest,
                             QueuePutRequest, QueuePutManyRequest, QueueGetRequest,
                             LockAcquireRequest, LockReleaseRequest, SharedValueGetRequest,
                             SharedValueSetRequest, SharedValueModifyRequest, CounterAddRequest>;

}  // namespace coheld::engine::plain
