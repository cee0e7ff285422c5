// What seeds.cc writes for the fuzz targets. An input is what a target's head comment says.
#pragma once

#include <map>
#include <string>

namespace coheld::fuzz {

// Inputs by file name.
using Seeds = std::map<std::string, std::string>;

// Typical and broken connections for http2_fuzz.
Seeds Http2Seeds();

// The states for state_fuzz to which inputs of ops_fuzz bring an engine.
Seeds StateSeeds(const Seeds& runs);

}  // namespace coheld::fuzz
