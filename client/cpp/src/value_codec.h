// coheld::Value to and from the message coheld.v1.Value. No I/O.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <optional>
#include <vector>

#include "coheld/v1/common.pb.h"
#include "coheld/value.h"

namespace coheld::core {

void ToMessage(Value value, v1::Value* message);
Value FromMessage(v1::Value&& message);

void ToMessages(std::vector<Value> values, google::protobuf::RepeatedPtrField<v1::Value>* messages);
std::vector<Value> FromMessages(google::protobuf::RepeatedPtrField<v1::Value>* messages);

void ToMessages(std::vector<Entry> entries,
                google::protobuf::RepeatedPtrField<v1::Entry>* messages);
std::vector<Entry> FromMessages(google::protobuf::RepeatedPtrField<v1::Entry>* messages);

}  // namespace coheld::core
