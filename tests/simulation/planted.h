// Plants the bugs of server/engine/planted_bug.h by their names.
#pragma once

#include <string_view>
#include <vector>

namespace coheld::simulation {

// The names of all bugs; none in a program whose daemon has no seams for them.
const std::vector<std::string_view>& PlantedBugs();
// Plants this bug instead of what was planted before; an empty name none. False if there is none of
// that name.
bool Plant(std::string_view name);

}  // namespace coheld::simulation
