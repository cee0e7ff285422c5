// coheld::List<T>: a list that many processes share, with all that a Python list does.
//
//   coheld::List<int> numbers(client, "numbers");
//   numbers.extend({3, 1, 2});
//   numbers.sort();
//   for (int number : numbers) ...
//
// A handle is a name: making one does nothing on the daemon. The first change creates the list;
// reads of a missing one see an empty list. Each method is one atomic op. Indices may be negative,
// counting from the end. Every method throws what Client::call throws, and what stands with it.
//
// Changes take an optional condition: `list.append(x, version)` throws VersionMismatch, and changes
// nothing, if the list's version is another one by now.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/list.h"
#include "coheld/pages.h"

namespace coheld {

// Items with the list's version at that moment.
template <typename T>
struct ListSnapshot {
  std::vector<T> values;
  uint64_t version = 0;
};

// The ops of a list. Runner is Direct (the method does it and returns the answer) or Batched (it
// returns a Pending answer, see batch.h). Threads: as its Client.
template <typename T, typename Runner>
class BasicList : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicList(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Returns the number of items.
  Result<size_t> size() const {
    return run(ops::list_len(name()), [](const Changed& now) -> size_t { return now.length; });
  }
  // Returns whether there are no items.
  Result<bool> empty() const {
    return run(ops::list_len(name()), [](const Changed& now) { return now.length == 0; });
  }
  // Returns the list's version: it grows with every change.
  Result<uint64_t> version() const {
    return run(ops::list_len(name()), [](const Changed& now) { return now.version; });
  }

  // Returns one item. IndexOutOfRange.
  Result<T> get(int64_t index) const { return run(ops::list_get(name(), index), Decode<T>{}); }
  // Replaces one item. IndexOutOfRange.
  Result<Changed> set(int64_t index, T value, IfVersion version = {}) const {
    return run(ops::list_set(name(), index, Codec<T>::encode(std::move(value)), version));
  }
  // Removes the item at an index (`del list[index]`). IndexOutOfRange.
  Result<Changed> erase(int64_t index, IfVersion version = {}) const {
    return run(ops::list_delete(name(), index, version));
  }

  // Returns a slice: `slice({.start = 1, .step = 2})` is Python's list[1::2]. InvalidSlice.
  Result<std::vector<T>> slice(const Slice& slice) const {
    return run(ops::list_get_slice(name(), slice),
               [](ops::ListItems items) { return DecodeAll<T>{}(std::move(items.values)); });
  }
  // Returns all items.
  Result<std::vector<T>> values() const { return slice({}); }
  // Returns all items of a slice and the version at that moment, for conditional changes.
  Result<ListSnapshot<T>> snapshot(const Slice& slice = {}) const {
    return run(ops::list_get_slice(name(), slice), [](ops::ListItems items) {
      return ListSnapshot<T>{DecodeAll<T>{}(std::move(items.values)), items.version};
    });
  }
  // Assigns to a slice. InvalidSlice if it has a step and another number of places.
  Result<Changed> set_slice(const Slice& slice, std::vector<T> values,
                            IfVersion version = {}) const {
    return run(ops::list_set_slice(name(), slice, encode_all(std::move(values)), version));
  }
  // Removes a slice. InvalidSlice.
  Result<Changed> erase_slice(const Slice& slice, IfVersion version = {}) const {
    return run(ops::list_delete_slice(name(), slice, version));
  }

  // Adds one item at the end.
  Result<Changed> append(T value, IfVersion version = {}) const {
    return run(ops::list_append(name(), Codec<T>::encode(std::move(value)), version));
  }
  // Adds many items at the end, as one op.
  Result<Changed> extend(std::vector<T> values, IfVersion version = {}) const {
    return run(ops::list_extend(name(), encode_all(std::move(values)), version));
  }
  // Puts an item before an index; an index beyond an end means that end.
  Result<Changed> insert(int64_t index, T value, IfVersion version = {}) const {
    return run(ops::list_insert(name(), index, Codec<T>::encode(std::move(value)), version));
  }
  // Removes and returns an item, by default the last. IndexOutOfRange, also when empty.
  Result<T> pop(std::optional<int64_t> index = {}, IfVersion version = {}) const {
    return run(ops::list_pop(name(), index, version), Decode<T>{});
  }
  // The same, but answers nothing where pop throws IndexOutOfRange.
  Result<std::optional<T>> try_pop(std::optional<int64_t> index = {},
                                   IfVersion version = {}) const {
    return run(ops::list_try_pop(name(), index, version), DecodeOptional<T>{});
  }
  // Removes the first item equal to a value. ValueNotFound.
  Result<Changed> remove(T value, IfVersion version = {}) const {
    return run(ops::list_remove(name(), Codec<T>::encode(std::move(value)), version));
  }

  // Returns the place of the first item equal to a value, between the bounds of a slice.
  // ValueNotFound.
  Result<uint64_t> index(T value, std::optional<int64_t> start = {},
                         std::optional<int64_t> stop = {}) const {
    return run(ops::list_index(name(), Codec<T>::encode(std::move(value)), start, stop));
  }
  // Counts the items equal to a value.
  Result<uint64_t> count(T value) const {
    return run(ops::list_count(name(), Codec<T>::encode(std::move(value))));
  }
  // Returns whether an item equals a value.
  Result<bool> contains(T value) const {
    return run(ops::list_contains(name(), Codec<T>::encode(std::move(value))));
  }

  // Reverses the list in place.
  Result<Changed> reverse(IfVersion version = {}) const {
    return run(ops::list_reverse(name(), version));
  }
  // Sorts the list on the daemon, ascending, stably. NotOrderable leaves it as it was.
  Result<Changed> sort(IfVersion version = {}) const {
    return run(ops::list_sort(name(), false, version));
  }
  // Sorts the list in descending order; equal items keep their order.
  Result<Changed> sort_descending(IfVersion version = {}) const {
    return run(ops::list_sort(name(), true, version));
  }
  // Repeats the items in place (`list *= count`); a count under 1 clears. TooLarge.
  Result<Changed> repeat(int64_t count, IfVersion version = {}) const {
    return run(ops::list_repeat(name(), count, version));
  }
  // Removes all items.
  Result<Changed> clear(IfVersion version = {}) const {
    return run(ops::list_clear(name(), version));
  }

  // Makes the list if it is not there, with these items; an existing one is left as it is.
  Result<Created> create(std::vector<T> items = {}) const {
    return run(ops::list_create(name(), encode_all(std::move(items)), false));
  }
  // Makes the list. ObjectExists if it is there.
  Result<Created> create_new(std::vector<T> items = {}) const {
    return run(ops::list_create(name(), encode_all(std::move(items)), true));
  }
  // Copies the items to another list, made by this. ObjectExists if the target is there.
  Result<Created> copy_to(const std::string& target) const {
    return run(ops::list_copy(name(), target));
  }

  // Returns one page of the items from `start`, of at most `limit` (0: the daemon's default).
  struct Page {
    std::vector<T> values;
    uint64_t next = 0;
    bool done = false;
    uint64_t version = 0;
    uint64_t length = 0;
  };
  Result<Page> scan(uint64_t start, uint32_t limit = 0) const {
    return run(ops::list_scan(name(), start, limit), [](ops::ListPage page) {
      return Page{DecodeAll<T>{}(std::move(page.values)), page.next, page.done, page.version,
                  page.length};
    });
  }

 private:
  using BasicHandle<Runner>::run;
};

// A list that is worked on at once.
template <typename T>
class List : public BasicList<T, Direct> {
  using Base = BasicList<T, Direct>;

 public:
  // The type's word.
  static constexpr const char* kType = "list";
  using value_type = T;

  // Names a list; nothing is sent.
  List(const Client& client, std::string name)
      : Base(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit List(const Ref& ref) : Base(Direct(client_of(ref)), checked(ref, kType)) {}

  // Makes an anonymous list, which lives as long as anything refers to it.
  static List make(const Client& client, std::vector<T> items = {}) {
    const List unnamed(client, "");
    return List(ref_to(unnamed.create(std::move(items)), kType));
  }

  // Goes over the items page by page. Items that others insert or remove meanwhile may be missed or
  // seen twice; values() reads all at one moment.
  using const_iterator = PageIterator<List>;
  const_iterator begin() const { return const_iterator(*this); }
  const_iterator end() const { return {}; }
};

}  // namespace coheld
