// Any message as a coheld::Value, for people to look at.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>

#include "coheld/value.h"

namespace coheld::core {

// Parses a message of a type, and returns the fields that were given as a map by their names:
// messages as maps, enums as their words, coheld.v1.Value as the value itself. An empty map if it
// is malformed.
Value RequestValue(const google::protobuf::Descriptor& type, const std::string& bytes);

}  // namespace coheld::core
