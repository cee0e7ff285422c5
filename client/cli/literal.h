// Values on the command line and in JSON output.
//
// A word on the command line is read as JSON if it is JSON: 5, -1.5, true, null, "text", [1, 2],
// {"a": 1}. Everything else is text as it stands: hello, 10.0.0.1, two words. To give the text 5,
// quote it as JSON: '"5"'.
//
// In JSON output, what JSON lacks is an object with one key that begins with "$": {"$bytes":
// BASE64},
// {"$big_integer": DIGITS}, {"$real": "nan"}, {"$map": [[KEY, VALUE], ...]} (a map whose keys are
// not all text), {"$ref": NAME}, {"$opaque": {"codec": ..., "data": BASE64}}. Tuples and sets are
// arrays. The command line takes those objects too.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "coheld/value.h"

namespace coheld::cli {

// Reads a word of the command line.
Value ParseLiteral(const std::string& word);

// CLI11 splits a word of many that looks like "[a,b]" at its commas. Hide such a word before the
// command line is parsed, and reveal it after.
std::string HideArray(const std::string& word);
std::string RevealArray(const std::string& word);

nlohmann::ordered_json ToJson(const Value& value);

// Returns text as it stands, and all else as Python prints it.
std::string ToText(const Value& value);

}  // namespace coheld::cli
