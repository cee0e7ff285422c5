// How safe what an op did has to be before its answer comes. The daemon has a level for all objects
// (SessionDetails::durability, coheld --durability); an object may have another.
//
//   coheld::set_durability(orders, coheld::Durability::kSync);      // Before each answer.
//   coheld::set_durability(presence, coheld::Durability::kMemory);  // Soon told anew anyway.
//
// It is about the answer only: in the end everything is kept. An op on several objects waits as the
// most careful of them wants.
#pragma once

#include <string>

#include "coheld/client.h"
#include "coheld/handle.h"

namespace coheld {

enum class Durability {
  kDaemon = 0,  // The daemon's.
  kMemory = 1,  // The answer waits for nothing: what was answered last is lost with the daemon.
  kAsync = 2,   // It survives the daemon's death; a power cut may take the last 100 ms.
  kSync = 3,    // It is on the disk.
};

// Sets an object's level. NoJournal if the daemon has no data directory, and so can do kMemory
// only; ObjectNotFound.
void set_durability(const Client& client, const std::string& name, Durability level);
// Returns an object's own level; kDaemon if it has none. ObjectNotFound.
Durability durability(const Client& client, const std::string& name);

// The same for a handle's object.
template <IsHandle H>
void set_durability(const H& handle, Durability level) {
  set_durability(handle.client(), handle.name(), level);
}
template <IsHandle H>
Durability durability(const H& handle) {
  return durability(handle.client(), handle.name());
}

}  // namespace coheld
