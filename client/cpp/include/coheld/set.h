// coheld::Set<T>: a set that many processes share, with all that a Python set does.
//
//   coheld::Set<std::string> seen(client, "seen");
//   if (seen.insert("a.txt")) ...                         // True for one process only.
//   seen.update(coheld::SetOperator::kDifference, {"b.txt"});
//
// Items are hashable values: no list, set or map (NotHashable). A handle is a name: making one does
// nothing on the daemon. The first change creates the set; reads of a missing one see an empty set.
// Each method is one atomic op and throws what Client::call throws, and what stands with it.
// Changes take an optional condition: VersionMismatch, and nothing changes, if the set has another
// version.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/set.h"
#include "coheld/pages.h"

namespace coheld {

template <typename T>
class Set;

// Another set to work with: values, or a held set (of the same daemon; a missing one is empty).
template <typename T>
struct SetOperand {
  SetOperand(std::vector<T> values) : operand{encode_all(std::move(values)), ""} {}
  SetOperand(std::initializer_list<T> values) : SetOperand(std::vector<T>(values)) {}
  SetOperand(const Set<T>& set) : operand{{}, set.name()} {}

  ops::SetOperand operand;
};

// The ops of a set. Runner is Direct (the method does it and returns the answer) or Batched (it
// returns a Pending answer, see batch.h). Threads: as its Client.
template <typename T, typename Runner>
class BasicSet : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicSet(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Returns the number of items.
  Result<size_t> size() const {
    return run(ops::set_len(name()), [](const Changed& now) -> size_t { return now.length; });
  }
  // Returns whether there are no items.
  Result<bool> empty() const {
    return run(ops::set_len(name()), [](const Changed& now) { return now.length == 0; });
  }
  // Returns the set's version: it grows with every change.
  Result<uint64_t> version() const {
    return run(ops::set_len(name()), [](const Changed& now) { return now.version; });
  }
  // Returns whether an item is in the set.
  Result<bool> contains(T item) const {
    return run(ops::set_contains(name(), one(std::move(item))),
               [](const std::vector<bool>& contains) { return contains.at(0); });
  }
  // Returns of each item, in order, whether it is in the set, as of one moment.
  Result<std::vector<bool>> contains_each(std::vector<T> items) const {
    return run(ops::set_contains(name(), encode_all(std::move(items))));
  }
  // Returns all items, as of one moment. TooLarge if they do not fit a reply: go over them.
  Result<std::vector<T>> values() const {
    return run(ops::set_combine(name(), SetOperator::kUnion, {}), DecodeAll<T>{});
  }

  // Adds an item. Returns whether it was not there.
  Result<bool> insert(T item, IfVersion version = {}) const {
    return run(ops::set_add(name(), one(std::move(item)), version),
               [](const SetChange& change) { return change.added > 0; });
  }
  // Adds many items, as one op.
  Result<SetChange> insert_many(std::vector<T> items, IfVersion version = {}) const {
    return run(ops::set_add(name(), encode_all(std::move(items)), version));
  }
  // Removes an item. Returns whether it was there.
  Result<bool> erase(T item, IfVersion version = {}) const {
    return run(ops::set_discard(name(), one(std::move(item)), version),
               [](const SetChange& change) { return change.removed > 0; });
  }
  // Removes those of the items that are there, as one op.
  Result<SetChange> erase_many(std::vector<T> items, IfVersion version = {}) const {
    return run(ops::set_discard(name(), encode_all(std::move(items)), version));
  }
  // Removes an item. KeyNotFound.
  Result<SetChange> remove(T item, IfVersion version = {}) const {
    return run(ops::set_remove(name(), Codec<T>::encode(std::move(item)), version));
  }
  // Removes and returns some item, or nothing if there is none.
  Result<std::optional<T>> pop() const { return run(ops::set_pop(name()), DecodeOptional<T>{}); }
  // Removes all items.
  Result<SetChange> clear(IfVersion version = {}) const {
    return run(ops::set_clear(name(), version));
  }

  // Changes the set to its union, intersection, ... with another.
  Result<SetChange> update(SetOperator how, SetOperand<T> other, IfVersion version = {}) const {
    return run(ops::set_update(name(), how, {std::move(other.operand)}, version));
  }
  // Returns what update would make of the set, and changes nothing. TooLarge.
  Result<std::vector<T>> combine(SetOperator how, SetOperand<T> other) const {
    return run(ops::set_combine(name(), how, {std::move(other.operand)}), DecodeAll<T>{});
  }
  // Tells how the set stands to another.
  Result<SetComparison> compare(SetOperand<T> other) const {
    return run(ops::set_compare(name(), std::move(other.operand)));
  }

  // Makes the set if it is not there, with these items; an existing one is left as it is, unless
  // `exclusive`: ObjectExists.
  Result<Created> create(std::vector<T> items = {}, bool exclusive = false) const {
    return run(ops::set_create(name(), encode_all(std::move(items)), exclusive));
  }
  // Copies the items to another set, made by this. ObjectExists if the target is there.
  Result<Created> copy_to(const std::string& target) const {
    return run(ops::set_copy(name(), target));
  }

  // Returns one page of the items from a cursor (0, then the last page's next), of at most `limit`
  // (0: the daemon's default).
  struct Page {
    std::vector<T> values;
    uint64_t next = 0;
    bool done = false;
    uint64_t length = 0;
    uint64_t version = 0;
  };
  Result<Page> scan(uint64_t cursor, uint32_t limit = 0) const {
    return run(ops::set_scan(name(), cursor, limit), [](ops::SetPage page) {
      return Page{DecodeAll<T>{}(std::move(page.values)), page.next, page.done, page.length,
                  page.version};
    });
  }

 private:
  using BasicHandle<Runner>::run;

  static std::vector<Value> one(T item) { return {Codec<T>::encode(std::move(item))}; }
};

// A set that is worked on at once.
template <typename T>
class Set : public BasicSet<T, Direct> {
  using Base = BasicSet<T, Direct>;

 public:
  // The type's word.
  static constexpr const char* kType = "set";
  using value_type = T;

  // Names a set; nothing is sent.
  Set(const Client& client, std::string name)
      : Base(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit Set(const Ref& ref) : Base(Direct(client_of(ref)), checked(ref, kType)) {}
  // Makes an anonymous set, which lives as long as anything refers to it.
  static Set make(const Client& client, std::vector<T> items = {}) {
    return Set(ref_to(Set(client, "").create(std::move(items)), kType));
  }

  // Goes over the items page by page. Each item that is there all the time is seen exactly once;
  // those that others add or remove meanwhile may be seen or not.
  using const_iterator = PageIterator<Set>;
  const_iterator begin() const { return const_iterator(*this); }
  const_iterator end() const { return {}; }
};

}  // namespace coheld
