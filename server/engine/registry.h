// The registry: one row for each type and one for each op. Handlers are plain functions (of
// messages of the protos, or of plain ones, see plain_fields.h)
//
//   Outcome Append(ListObject& list, const v1::ListAppendRequest& request,
//                  v1::ListChangeReply* reply, Turn& turn);
//
// and a type's file ends with its table:
//
//   const TypeRow& ListType() {
//     static const TypeRow row = MakeType<ListObject>("list", {
//         Op<Append>("List.Append"), ...});
//     return row;
//   }
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <google/protobuf/message.h>

#include "proto/wire/methods.h"
#include "server/engine/object.h"
#include "server/engine/plain_fields.h"
#include "server/engine/turn.h"

namespace coheld::engine {

struct TypeRow;

// What an op does when its named object is missing.
enum class Missing {
  kByMark,  // A read-only op sees an empty object, any other creates it.
  kCreate,  // Creates it although marked read-only: an op that parks needs a place to wait.
  kRefuse,  // OBJECT_NOT_FOUND: only Create knows what the object is made of.
};

// One op.
struct OpRow {
  const wire::MethodRow* method = nullptr;
  const TypeRow* type = nullptr;  // Null for ops on the engine itself (Admin, Session).
  Missing missing = Missing::kByMark;
  // True for Create: an empty name makes an anonymous object.
  bool creates = false;
  // True if the op may be one of several that are done together (joint_ops.h): its handler
  // rehearses, and its object is the only one that decides whether it can be done.
  bool joint = false;
  // Parses the payload, resolves the object and runs the handler; on success serialises the reply.
  using Invoke = Outcome (*)(Engine&, const OpRow&, std::string_view payload, Turn&,
                             std::string* reply);
  Invoke invoke = nullptr;
};

// One object type.
struct TypeRow {
  std::string word;  // "list".
  std::function<std::unique_ptr<Object>()> make;
  std::vector<OpRow> ops;
};

// Returns all object types, ordered by their word.
const std::vector<const TypeRow*>& Types();

// Returns the type with this word, or nullptr.
const TypeRow* FindType(std::string_view word);

// Returns the ops by method number, nullptr where there is none: wire::kMethodNumberEnd of them.
const OpRow* const* OpsByNumber();

// Returns the op with this method number, or nullptr.
const OpRow* FindOp(uint32_t method);

// Finds or makes the object that an op is for (engine.cc). nullptr in the Result never happens.
Result<Object*> ResolveObject(Engine& engine, const OpRow& row, std::string_view name, Turn& turn);

// The request and reply objects of one op, kept from call to call: clearing and filling them again
// allocates nothing. Large ones are not kept.
struct OpMessages {
  std::unique_ptr<google::protobuf::Message> request;
  std::unique_ptr<google::protobuf::Message> reply;
};
OpMessages& MessagesOf(Engine& engine, const OpRow& row);

// Parses a request with the nesting limit that Value has.
bool ParseRequest(std::string_view payload, google::protobuf::Message* request);
Failure Malformed(const OpRow& row);

namespace internal {

// A message of one call: an object of the generated class that is kept from call to call.
template <typename T>
class Slot {
 public:
  explicit Slot(std::unique_ptr<google::protobuf::Message>& kept) : kept_(kept) {
    if (kept_ == nullptr) kept_ = std::make_unique<T>();
  }
  ~Slot() {
    if (bytes_ > kKeptBytesMax) kept_.reset();
  }

  T& message() { return static_cast<T&>(*kept_); }
  bool Read(std::string_view payload) {
    bytes_ = payload.size();
    return ParseRequest(payload, kept_.get());
  }
  T& Clear() {
    message().Clear();
    return message();
  }
  void Write(std::string* out) {
    message().SerializeToString(out);
    bytes_ = out->size();
  }

 private:
  static constexpr size_t kKeptBytesMax = 4096;

  std::unique_ptr<google::protobuf::Message>& kept_;
  size_t bytes_ = 0;
};

// A plain one (plain_fields.h); the object is there for what only the generated class reads.
template <typename T>
requires(!std::derived_from<T, google::protobuf::Message>) class Slot<T> {
 public:
  explicit Slot(std::unique_ptr<google::protobuf::Message>& kept) : kept_(kept) {}

  T& message() { return *message_; }
  bool Read(std::string_view payload) {
    if (ReadPlain(payload, &*message_)) return true;
    message_.emplace();
    generated_.emplace(kept_);
    if (!generated_->Read(payload)) return false;
    FillPlain(generated_->message(), &*message_);
    return true;
  }
  T& Clear() { return *message_; }
  void Write(std::string* out) { WritePlain(*message_, out); }

 private:
  std::unique_ptr<google::protobuf::Message>& kept_;
  std::optional<T> message_ = std::optional<T>(std::in_place);
  std::optional<Slot<typename T::Message>> generated_;
};

// The object's name in a request.
template <typename Request>
std::string_view NameIn(const Request& request) {
  if constexpr (std::derived_from<Request, google::protobuf::Message>) {
    return request.name();
  } else {
    return request.name;
  }
}

template <typename T, typename Request, typename Reply,
          Outcome (*handler)(T&, Request&, Reply*, Turn&)>
Outcome InvokeOnObject(Engine& engine, const OpRow& row, std::string_view payload, Turn& turn,
                       std::string* reply) {
  Slot<std::remove_const_t<Request>> request(MessagesOf(engine, row).request);
  if (!request.Read(payload)) return Malformed(row);
  Result<Object*> object = ResolveObject(engine, row, NameIn(request.message()), turn);
  if (!object.ok()) return object.failure();
  Slot<Reply> answer(MessagesOf(engine, row).reply);
  // The type was checked against the row, and a row's handlers take the row's own type.
  Outcome outcome =
      handler(static_cast<T&>(*object.value()), request.message(), &answer.Clear(), turn);
  if (outcome.kind() == Outcome::Kind::kDone) answer.Write(reply);
  return outcome;
}

template <typename Request, typename Reply, Outcome (*handler)(Engine&, Request&, Reply*, Turn&)>
Outcome InvokeOnEngine(Engine& engine, const OpRow& row, std::string_view payload, Turn& turn,
                       std::string* reply) {
  Slot<std::remove_const_t<Request>> request(MessagesOf(engine, row).request);
  if (!request.Read(payload)) return Malformed(row);
  Slot<Reply> answer(MessagesOf(engine, row).reply);
  Outcome outcome = handler(engine, request.message(), &answer.Clear(), turn);
  if (outcome.kind() == Outcome::Kind::kDone) answer.Write(reply);
  return outcome;
}

template <auto handler>
struct Invoker;

template <typename T, typename Request, typename Reply,
          Outcome (*handler)(T&, Request&, Reply*, Turn&)>
struct Invoker<handler> {
  static constexpr OpRow::Invoke kInvoke = [] {
    if constexpr (std::same_as<T, Engine>) {
      return &InvokeOnEngine<Request, Reply, handler>;
    } else {
      return &InvokeOnObject<T, Request, Reply, handler>;
    }
  }();
};

const wire::MethodRow* MethodNamed(std::string_view name);

}  // namespace internal

// Makes the row of an op. `name` is "Service.Method"; the number and the read mark come from the
// proto.
template <auto handler>
OpRow Op(std::string_view name, Missing missing = Missing::kByMark) {
  return {.method = internal::MethodNamed(name),
          .missing = missing,
          .creates = name.ends_with(".Create"),
          .invoke = internal::Invoker<handler>::kInvoke};
}

// The same for an op that may be one of several done together.
template <auto handler>
OpRow JointOp(std::string_view name, Missing missing = Missing::kByMark) {
  OpRow row = Op<handler>(name, missing);
  row.joint = true;
  return row;
}

// Makes the row of a type.
template <std::derived_from<Object> T>
TypeRow MakeType(std::string word, std::vector<OpRow> ops) {
  return {
      .word = std::move(word), .make = [] { return std::make_unique<T>(); }, .ops = std::move(ops)};
}

// The rows, each defined at the end of its own file.
const TypeRow& ArrayType();
const TypeRow& BarrierType();
const TypeRow& ConditionType();
const TypeRow& CountDownLatchType();
const TypeRow& CounterType();
const TypeRow& DictType();
const TypeRow& EventType();
const TypeRow& HostType();
const TypeRow& HostedType();
const TypeRow& ListType();
const TypeRow& LockType();
const TypeRow& NamespaceType();
const TypeRow& QueueType();
const TypeRow& RLockType();
const TypeRow& ReadWriteLockType();
const TypeRow& SemaphoreType();
const TypeRow& SetType();
const TypeRow& SharedValueType();
const TypeRow& SortedSetType();
const TypeRow& TopicType();
std::vector<OpRow> AdminOps();
std::vector<OpRow> ExplainOps();
std::vector<OpRow> ObjectOps();
std::vector<OpRow> WatchOps();

}  // namespace coheld::engine
