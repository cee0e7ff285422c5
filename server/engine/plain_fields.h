// Reads and writes messages without objects of their generated classes, which would be most of a
// short op's cost. A plain message is a struct with a member for each field; its list `Fields` says
// which is which, and of which generated `Message` it has the encoding:
//
//   struct LockReleaseRequest {
//     using Message = v1::LockReleaseRequest;
//     std::string_view name;
//     uint64_t token = 0;
//     using Fields = FieldList<Field<1, &LockReleaseRequest::name, &Message::name>,
//                              Field<2, &LockReleaseRequest::token, &Message::token>>;
//   };
//
// The generated class stays the contract. Whatever no client sends, and protobuf allows (unknown
// fields, other wire types, a value in several parts), is read by it, and the struct filled from
// its object; a test holds the two ways of reading to the same result.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <google/protobuf/message.h>

#include "proto/wire/fields.h"
#include "proto/wire/parse.h"
#include "server/engine/wire_value.h"

namespace coheld::engine {

// A field: its number, the struct's member, the generated class's getter, and, of an optional
// field or a message, what says that it is there. The member's type is that of the field:
//   requests  std::string_view, bool, uint64_t, int64_t (a sint64), an enum, or one of the numbers
//             in std::optional; WireValue for a Value, WireValues and WireEntries for many. What is
//             absent stays as it was.
//   replies   std::string_view, bool, uint64_t, int64_t; AnswerValue for a Value, AnswerValues for
//             many, std::unique_ptr for other messages
template <uint32_t number, auto member, auto get = nullptr, auto has = nullptr>
struct Field {
  static constexpr uint32_t kNumber = number;
  static constexpr auto kMember = member;
  static constexpr auto kGet = get;
  static constexpr auto kHas = has;
};
template <typename... Fields>
struct FieldList {};

// The getter of a repeated field, which is overloaded.
template <typename Item, typename Message>
constexpr auto Many(const google::protobuf::RepeatedPtrField<Item>& (Message::*get)() const) {
  return get;
}

namespace internal {

template <typename T>
struct Unwrapped {
  using Type = T;
};
template <typename T>
struct Unwrapped<std::optional<T>> {
  using Type = T;
};

template <typename Struct, typename T>
T TypeOf(T Struct::*);
template <typename F>
using MemberOf = decltype(TypeOf(F::kMember));

template <typename T>
constexpr bool kIsBytes =
    std::same_as<T, std::string_view> || std::same_as<T, WireValue> ||
    std::same_as<T, WireValues> || std::same_as<T, WireEntries> || std::same_as<T, AnswerValue>;
template <typename T>
constexpr bool kIsBytes<std::unique_ptr<T>> = true;

template <typename F>
constexpr uint32_t kTagOf = wire::FieldTag(F::kNumber, kIsBytes<MemberOf<F>>
                                                           ? wire::WireType::kBytes
                                                           : wire::WireType::kVarint);

// Takes what stands in the field. False if protobuf has to read the message.
inline bool Take(const wire::FieldReader& field, std::string_view* text) {
  *text = field.bytes();
  return wire::IsUtf8(*text);
}
template <typename T>
requires requires(T value) { value.Read(std::string_view()); }
bool Take(const wire::FieldReader& field, T* value) { return value->Read(field.bytes()); }
template <typename T>
bool Take(const wire::FieldReader& field, T* number) {
  using Number = typename Unwrapped<T>::Type;
  if constexpr (std::same_as<Number, bool>) {
    *number = field.number() != 0;
  } else if constexpr (std::same_as<Number, int64_t>) {
    *number = wire::UnZigZag(field.number());
  } else {
    *number = static_cast<Number>(field.number());
  }
  return true;
}

template <typename F, typename Request>
bool TakeIf(const wire::FieldReader& field, Request* request, bool* taken) {
  if (field.tag() != kTagOf<F>) return false;
  *taken = Take(field, &(request->*F::kMember));
  return true;
}

template <typename Request, typename... F>
bool TakeField(const wire::FieldReader& field, Request* request, FieldList<F...> /*fields*/) {
  bool taken = false;
  return (TakeIf<F>(field, request, &taken) || ...) && taken;
}

template <typename F, typename Request>
void Fill(const typename Request::Message& message, Request* request) {
  auto& member = request->*F::kMember;
  if constexpr (!std::same_as<decltype(F::kHas), const std::nullptr_t>) {
    if (!(message.*F::kHas)()) return;
  }
  if constexpr (requires { member.Refer((message.*F::kGet)()); }) {
    member.Refer((message.*F::kGet)());
  } else {
    member = (message.*F::kGet)();
  }
}

template <typename Request, typename... F>
void FillAll(const typename Request::Message& message, Request* request,
             FieldList<F...> /*fields*/) {
  (Fill<F>(message, request), ...);
}

void PutMessage(uint32_t tag, const google::protobuf::Message& message, wire::FieldWriter* out);

inline void PutNumber(uint32_t tag, uint64_t number, wire::FieldWriter* out) {
  out->AddVarint(tag);
  out->AddVarint(number);
}

template <typename F, typename Reply>
void Put(Reply& reply, wire::FieldWriter* out) {
  auto& member = reply.*F::kMember;
  using T = MemberOf<F>;
  if constexpr (std::same_as<T, AnswerValue>) {
    if (member.get() != nullptr) AppendValueField(F::kNumber, *member.get(), out);
  } else if constexpr (std::same_as<T, AnswerValues>) {
    out->Take(std::move(member.bytes()));
  } else if constexpr (std::same_as<T, std::string_view>) {
    if (member.empty()) return;
    PutNumber(kTagOf<F>, member.size(), out);
    out->Add(member);
  } else if constexpr (kIsBytes<T>) {
    if (member != nullptr) PutMessage(kTagOf<F>, *member, out);
  } else if constexpr (std::same_as<T, int64_t>) {
    if (member != 0) PutNumber(kTagOf<F>, wire::ZigZag(member), out);
  } else {
    if (member != T()) PutNumber(kTagOf<F>, static_cast<uint64_t>(member), out);
  }
}

template <typename Reply, typename... F>
void PutAll([[maybe_unused]] Reply& reply, [[maybe_unused]] wire::FieldWriter* out,
            FieldList<F...> /*fields*/) {
  (Put<F>(reply, out), ...);
}

}  // namespace internal

// Reads a request from its bytes, which must outlive it. False if protobuf has to read them, or
// they are no such message; what is in `request` is then good for nothing.
template <typename Request>
bool ReadPlain(std::string_view payload, Request* request) {
  wire::FieldReader fields(payload);
  while (fields.Next()) {
    if (!internal::TakeField(fields, request, typename Request::Fields())) return false;
  }
  return fields.valid();
}

// Fills in a request that is new from the generated message, which must outlive it.
template <typename Request>
void FillPlain(const typename Request::Message& message, Request* request) {
  internal::FillAll(message, request, typename Request::Fields());
}

// Appends the serialised reply, which is good for nothing afterwards.
template <typename Reply>
void WritePlain(Reply& reply, std::string* out) {
  wire::FieldWriter writer(out);
  internal::PutAll(reply, &writer, typename Reply::Fields());
}

}  // namespace coheld::engine
