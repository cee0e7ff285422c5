// The numbers of methods, by name.
#pragma once

#include <cstdint>
#include <string>

namespace coheld::simulation {

// Returns the number of a method such as "Queue.Put".
uint32_t NumberOf(const std::string& method);

}  // namespace coheld::simulation
