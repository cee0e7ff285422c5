// coheld::watch: follows an object of any type, change by change.
//
//   for (const coheld::Change& change : coheld::watch(list)) {
//     std::cout << change.version << ' ' << change.method << ' ' << change.request() << '\n';
//   }
//
// A change is the op that made it: its method and its request. The daemon keeps an object's changes
// from its first watch on, as many as its limits allow. A watcher that falls behind is told:
// Compacted is thrown; read the object anew and watch on from its version. So to follow an object
// from any start:
//
//   coheld::Watch changes = coheld::watch(list);     // From now on.
//   auto items = list.values();                      // Some changes may be in it already ...
//   while (auto change = changes.next()) ...         // ... and come again; none is missed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "coheld/client.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// One op that changed an object, or the end of something that did.
struct Change {
  uint64_t version = 0;        // The object's version after it.
  uint32_t method_number = 0;  // 0: no op, but a session ended or a waiting op left.
  std::string method;          // Such as "List.Append"; empty for none, or one that this SDK lacks.
  std::string payload;         // The op's serialised request.
  uint64_t session = 0;        // Whose op it was, or which ended; 0 for a caller without one.

  // Returns the request as a map of its fields by name, with those that were given; an empty map
  // without a method. The Refs in it hold nothing and may be to what is gone.
  Value request() const;
};

// Follows one object. Not thread-safe.
class Watch {
 public:
  // Follows the changes after a version, by default from now on. ObjectNotFound.
  Watch(Client client, std::string name, std::optional<uint64_t> after_version = {});

  // Returns the next change, waiting for it at most so long (for ever by default); or nothing.
  // Compacted if the changes after version() are not kept any more: read the object and restart().
  // ObjectNotFound when the object has ended. Throws what Client::call throws.
  std::optional<Change> next(WaitTime time = {});
  // Goes on after a version, by default from now on. ObjectNotFound.
  void restart(std::optional<uint64_t> after_version = {});
  // The version of the last change that next() returned, or that it starts after.
  uint64_t version() const { return version_; }

  // Goes over the changes as next() returns them, for ever.
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Change;
    using difference_type = std::ptrdiff_t;
    using pointer = const Change*;
    using reference = const Change&;

    explicit iterator(Watch& watch) : watch_(&watch), change_(watch.next()) {}

    const Change& operator*() const { return *change_; }
    const Change* operator->() const { return &*change_; }
    iterator& operator++() {
      change_ = watch_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) { return !it.change_; }

   private:
    Watch* watch_;
    std::optional<Change> change_;
  };
  iterator begin() { return iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  Client client_;
  std::string name_;
  uint64_t version_ = 0;
  std::deque<Change> fetched_;
};

// Follows a handle's object: the changes after a version, by default from now on.
template <IsHandle H>
Watch watch(const H& handle, std::optional<uint64_t> after_version = {}) {
  return Watch(handle.client(), handle.name(), after_version);
}

}  // namespace coheld
