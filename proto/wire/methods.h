// The table of all methods, read from the compiled protos: number, path, read mark. Nothing else
// spells a method number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "coheld/v1/common.pb.h"

namespace coheld::wire {

// Every method number is below this.
inline constexpr uint32_t kMethodNumberEnd = 1200;

// One method of a coheld service.
struct MethodRow {
  uint32_t number = 0;     // The proto's method_number option.
  std::string path;        // "/coheld.v1.List/Append".
  std::string name;        // "List.Append".
  bool read_only = false;  // Marked NO_SIDE_EFFECTS.
  v1::Room room = v1::ROOM_UNSPECIFIED;
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
};

// Returns all methods, ordered by number.
const std::vector<MethodRow>& Methods();

// Returns the method with this number, or nullptr.
const MethodRow* FindMethod(uint32_t number);

// Returns the method with this path, or nullptr.
const MethodRow* FindMethod(std::string_view path);

}  // namespace coheld::wire
