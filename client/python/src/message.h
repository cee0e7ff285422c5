// How Python arguments become a request and a reply becomes a Python result, for any method of the
// protos: the field tables are read from the compiled descriptors, so nothing here or in Python
// spells a method's or a field's number.
#pragma once

#include <Python.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "client/python/src/decode.h"
#include "client/python/src/scope.h"

namespace coheld::python {

// What a field holds, as far as Python sees it.
enum class FieldKind {
  kText,           // str
  kBytes,          // bytes
  kBoolean,        // bool
  kUnsigned,       // int; enums too
  kZigZag,         // int
  kSigned,         // int
  kValue,          // any object
  kKey,            // a hashable object
  kEntry,          // a (key, value) pair
  kOptionalValue,  // any object, or absent
  kDeferredValue,  // any object; in replies the bytes of one, for decode_value()
  kReal,           // float
  kRef,            // a proxy; only in replies
  kSlice,          // slice
  kMessage,        // a tuple of its fields in requests, a dict of them in replies
};

struct Field;

// The fields of one message, ordered by number.
struct MessageTable {
  std::vector<Field> fields;
};

struct Field {
  uint32_t number = 0;
  std::string name;
  FieldKind kind = FieldKind::kText;
  bool repeated = false;
  bool optional = false;                        // May be absent, which is not the same as zero.
  std::shared_ptr<const MessageTable> message;  // For kMessage; shared by nobody, but Field copies.
};

// Reads the table of a message type.
MessageTable ReadTable(const google::protobuf::Descriptor& descriptor);

// The object that stands for a field that is not there.
PyObject* Absent();

// Appends the request made of positional arguments, one for each field in the order of their
// numbers. Missing and absent ones are left out, and None where an optional field is no value.
// False with an exception.
bool BuildRequest(const Scope& scope, const MessageTable& table, PyObject* const* arguments,
                  size_t count, std::string* out);

// Calls `visit` with the name of each Ref that a reply carries, whatever field it is in.
void VisitReplyRefs(const MessageTable& table, std::string_view reply, const RefVisitor& visit);

// Returns a dict of all fields of a message, or nullptr with an exception.
PyObject* ReadMessage(const Scope& scope, const MessageTable& table, std::string_view message);

// Returns the chosen fields (places in the table): None for no field, the object itself for one, a
// tuple for many. An absent optional field is Absent(). nullptr with an exception.
PyObject* ReadReply(const Scope& scope, const MessageTable& table,
                    const std::vector<size_t>& chosen, std::string_view reply);

}  // namespace coheld::python
