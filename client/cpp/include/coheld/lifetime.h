// How long objects live.
//
// A named object lives until it is erased (admin.h), or until its TTL passes. An anonymous one
// lives while something refers to it: a handle or a Ref in any client, a reference that another
// object holds, or a grace. In a client all handles and Refs of an object share one hold; when the
// last goes, the client gives it back without waiting for the answer. Handles are counted from
// where they came with a reply: from `make`, and from values that refer to objects. A name that
// came some other way, say on a command line, is held by hold().
//
// A forked child goes on using the handles it inherited: it takes holds of its own at its first op,
// for which the parent's release leaves it a minute.
//
//   const auto queue = coheld::Queue<int>::make(client);
//   coheld::lend(queue);                             // Keeps it for a minute, whoever goes ...
//   start_worker("--queue", queue.name());           // ... until the worker holds it:
//
//   const coheld::Queue<int> queue(coheld::hold(client, argv[2]));
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/value.h"

namespace coheld {

// What keeps an object.
struct Lifetime {
  std::string type;                              // The type's word.
  bool anonymous = false;                        // If so:
  uint64_t handles = 0;                          // - handles of all sessions,
  uint64_t own_handles = 0;                      // - of this client's session,
  uint64_t references = 0;                       // - references that objects hold,
  std::chrono::milliseconds grace{0};            // - how long it is kept from now on at least.
  std::optional<std::chrono::milliseconds> ttl;  // When a named one is deleted; absent: never.
  std::string guard;                             // The lock that guards it (guard.h); empty: none.
  uint64_t guard_token = 0;                      // That lock's grant now; 0: nobody holds it.
};

// Takes a hold on an object by its name, and returns the reference that has it; handles are made
// from that. ObjectNotFound.
Ref hold(const Client& client, const std::string& name);

// Tells what keeps an object. ObjectNotFound.
Lifetime lifetime(const Client& client, const std::string& name);
// Keeps an anonymous object for a time, whoever lets it go. ObjectNotFound, InvalidArgument over a
// day.
void lend(const Client& client, const std::string& name,
          std::chrono::milliseconds grace = std::chrono::minutes(1));
// Sets when a named object is deleted, counted from now; absent: never. ObjectNotFound,
// InvalidArgument for an anonymous one.
void set_ttl(const Client& client, const std::string& name,
             std::optional<std::chrono::milliseconds> ttl);

// The same for a handle's object.
template <IsHandle H>
Lifetime lifetime(const H& handle) {
  return lifetime(handle.client(), handle.name());
}
template <IsHandle H>
void lend(const H& handle, std::chrono::milliseconds grace = std::chrono::minutes(1)) {
  lend(handle.client(), handle.name(), grace);
}
template <IsHandle H>
void set_ttl(const H& handle, std::optional<std::chrono::milliseconds> ttl) {
  set_ttl(handle.client(), handle.name(), ttl);
}

}  // namespace coheld
