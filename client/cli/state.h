// What an object is right now, as a value to print.
#pragma once

#include <optional>
#include <string>

#include "coheld/coheld.h"

namespace coheld::cli {

// Returns what an object of a type holds, or one place of it: a list's or array's index, a dict's
// key, a namespace's attribute, whether an item is in a set, a member's score. Throws UsageError
// for a place of a type that has none.
Value StateOf(const Client& client, const std::string& type, const std::string& name,
              const std::optional<std::string>& place);

}  // namespace coheld::cli
