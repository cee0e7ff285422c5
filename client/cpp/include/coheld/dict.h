// coheld::Dict<K, V>: a dict that many processes share, with all that a Python dict does, in
// insertion order.
//
//   coheld::Dict<std::string, int> counts(client, "counts");
//   counts.increment("apples");
//   counts.set("pears", 3);
//   for (const auto& [name, count] : counts) ...
//
// A handle is a name: making one does nothing on the daemon. The first change creates the dict;
// reads of a missing one see an empty dict. Each method is one atomic op. Every method throws what
// Client::call throws, and what stands with it. Changes take an optional version as a condition
// (op.h, IfVersion).
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
#include "coheld/ops/dict.h"

namespace coheld {

// Entries with the dict's version at that moment.
template <typename K, typename V>
struct DictSnapshot {
  std::vector<std::pair<K, V>> items;
  uint64_t version = 0;
};

// The answer to a compare-and-set: whether the change was made, and what the key has now.
template <typename V>
struct Swapped {
  bool swapped = false;
  std::optional<V> current;
};

// The answer to set_default.
template <typename V>
struct Defaulted {
  V value;
  bool inserted = false;
};

// The ops of a dict. Runner is Direct (the method does it and returns the answer) or Batched (it
// returns a Pending answer, see batch.h). Threads: as its Client.
template <typename K, typename V, typename Runner>
class BasicDict : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;
  using Items = std::vector<std::pair<K, V>>;

  BasicDict(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Returns the number of entries.
  Result<size_t> size() const {
    return run(ops::dict_len(name()), [](const Changed& now) -> size_t { return now.length; });
  }
  // Returns whether there are no entries.
  Result<bool> empty() const {
    return run(ops::dict_len(name()), [](const Changed& now) { return now.length == 0; });
  }
  // Returns the dict's version: it grows with every change.
  Result<uint64_t> version() const {
    return run(ops::dict_len(name()), [](const Changed& now) { return now.version; });
  }

  // Returns a key's value, or nothing.
  Result<std::optional<V>> get(K key) const {
    return run(ops::dict_get(name(), encode(std::move(key))), DecodeOptional{});
  }
  // Returns a key's value. KeyNotFound.
  Result<V> at(K key) const {
    Value encoded = encode(std::move(key));
    auto op = ops::dict_get(name(), encoded);
    return run(std::move(op), DecodeOrThrow{name(), std::move(encoded)});
  }
  // Returns a key's value, or the fallback.
  Result<V> get(K key, V fallback) const {
    return run(ops::dict_get(name(), encode(std::move(key))),
               [fallback = std::move(fallback)](std::optional<Value> value) {
                 return value ? Codec<V>::decode(std::move(*value)) : fallback;
               });
  }
  // Returns the values of many keys, in their order, as of one moment.
  Result<std::vector<std::optional<V>>> get_many(std::vector<K> keys) const {
    return run(ops::dict_get_many(name(), encode_keys(std::move(keys))),
               [](std::vector<std::optional<Value>> values) {
                 std::vector<std::optional<V>> decoded;
                 for (auto& value : values) decoded.push_back(DecodeOptional{}(std::move(value)));
                 return decoded;
               });
  }
  // Returns whether a key is there.
  Result<bool> contains(K key) const {
    return run(ops::dict_contains(name(), encode(std::move(key))));
  }

  // Stores a value; a key that is there keeps its place.
  Result<Changed> set(K key, V value, IfVersion version = {}) const {
    return run(
        ops::dict_set(name(), encode(std::move(key)), Codec<V>::encode(std::move(value)), version));
  }
  // Stores many entries, as one op.
  Result<Changed> update(Items items, IfVersion version = {}) const {
    return run(ops::dict_set_many(name(), encode_items(std::move(items)), version));
  }
  // Stores the value if the key is missing, and returns what is there then.
  Result<Defaulted<V>> set_default(K key, V value) const {
    return run(
        ops::dict_set_default(name(), encode(std::move(key)), Codec<V>::encode(std::move(value))),
        [](ops::SetDefaultAnswer answer) {
          return Defaulted<V>{Codec<V>::decode(std::move(answer.value)), answer.inserted};
        });
  }
  // Adds to a key's number and returns the sum; a missing key counts as `initial`.
  // UnsupportedOperand.
  Result<V> increment(K key, V amount = V(1), std::optional<V> initial = {}) const {
    std::optional<Value> start;
    if (initial) start = Codec<V>::encode(std::move(*initial));
    return run(ops::dict_increment(name(), encode(std::move(key)),
                                   Codec<V>::encode(std::move(amount)), std::move(start)),
               Decode{});
  }
  // Adds to the numbers of many keys, as one op: all or, on an error, none. A missing key counts as
  // 0.
  Result<Changed> increment_many(Items amounts) const {
    return run(ops::dict_increment_many(name(), encode_items(std::move(amounts))));
  }
  // Changes a key only if it has the expected value (nothing: is missing) to the desired one
  // (nothing: removes it).
  Result<Swapped<V>> compare_and_set(K key, std::optional<V> expected,
                                     std::optional<V> desired) const {
    return run(ops::dict_compare_and_set(name(), encode(std::move(key)),
                                         encode_optional(std::move(expected)),
                                         encode_optional(std::move(desired))),
               [](ops::SwapAnswer answer) {
                 return Swapped<V>{answer.swapped, DecodeOptional{}(std::move(answer.current))};
               });
  }

  // Removes a key. KeyNotFound.
  Result<Changed> erase(K key, IfVersion version = {}) const {
    return run(ops::dict_delete(name(), encode(std::move(key)), version));
  }
  // Removes a key and returns its value, or nothing.
  Result<std::optional<V>> pop(K key, IfVersion version = {}) const {
    return run(ops::dict_pop(name(), encode(std::move(key)), version), DecodeOptional{});
  }
  // Removes and returns the entry inserted last, or nothing.
  Result<std::optional<std::pair<K, V>>> pop_item() const {
    return run(ops::dict_pop_item(name()),
               [](std::optional<Entry> entry) -> std::optional<std::pair<K, V>> {
                 if (!entry) return std::nullopt;
                 return decode(std::move(*entry));
               });
  }
  // Removes all entries.
  Result<Changed> clear(IfVersion version = {}) const {
    return run(ops::dict_clear(name(), version));
  }

  // Returns all keys, values or both, as of one moment.
  Result<std::vector<K>> keys() const {
    return run(ops::dict_keys(name()), [](std::vector<Value> keys) {
      std::vector<K> decoded;
      for (Value& key : keys) decoded.push_back(Codec<K>::decode(std::move(key)));
      return decoded;
    });
  }
  Result<std::vector<V>> values() const {
    return run(ops::dict_values(name()), [](std::vector<Value> values) {
      std::vector<V> decoded;
      for (Value& value : values) decoded.push_back(Codec<V>::decode(std::move(value)));
      return decoded;
    });
  }
  Result<Items> items() const {
    return run(ops::dict_items(name()),
               [](ops::DictItems items) { return decode_all(std::move(items.entries)); });
  }
  // Returns all entries and the version at that moment, for conditional changes.
  Result<DictSnapshot<K, V>> snapshot() const {
    return run(ops::dict_items(name()), [](ops::DictItems items) {
      return DictSnapshot<K, V>{decode_all(std::move(items.entries)), items.version};
    });
  }

  // Makes the dict if it is not there, with these entries; an existing one is left as it is.
  Result<Created> create(Items items = {}) const {
    return run(ops::dict_create(name(), encode_items(std::move(items)), false));
  }
  // Makes the dict. ObjectExists if it is there.
  Result<Created> create_new(Items items = {}) const {
    return run(ops::dict_create(name(), encode_items(std::move(items)), true));
  }
  // Copies the entries to another dict, made by this. ObjectExists if the target is there.
  Result<Created> copy_to(const std::string& target) const {
    return run(ops::dict_copy(name(), target));
  }

  // One page of entries.
  struct Page {
    Items items;
    uint64_t next = 0;          // The cursor to ask for next.
    bool done = false;          // The page reaches the end.
    uint64_t length = 0;        // Of the whole dict.
    bool size_changed = false;  // It differs from ops::DictScan::if_length.
    uint64_t version = 0;
  };
  // Returns one page. The values are those of K and V also if keys_only: then they are
  // default-made.
  Result<Page> scan(const ops::DictScan& from) const {
    return run(ops::dict_scan(name(), from), [keys_only = from.keys_only](ops::DictPage page) {
      Page decoded{{}, page.next, page.done, page.length, page.size_changed, page.version};
      for (Entry& entry : page.entries) {
        decoded.items.emplace_back(Codec<K>::decode(std::move(entry.key)),
                                   keys_only ? V{} : Codec<V>::decode(std::move(entry.value)));
      }
      return decoded;
    });
  }

 private:
  using BasicHandle<Runner>::run;

  struct Decode {
    V operator()(Value value) const { return Codec<V>::decode(std::move(value)); }
  };
  struct DecodeOptional {
    std::optional<V> operator()(std::optional<Value> value) const {
      if (!value) return std::nullopt;
      return Codec<V>::decode(std::move(*value));
    }
  };
  struct DecodeOrThrow {
    std::string name;
    Value key;
    V operator()(std::optional<Value> value) const {
      if (!value) {
        throw KeyNotFound(Reason::kKeyNotFound,
                          "the dict \"" + name + "\" has no key " + to_string(key));
      }
      return Codec<V>::decode(std::move(*value));
    }
  };
  static Value encode(K key) { return Codec<K>::encode(std::move(key)); }
  static std::optional<Value> encode_optional(std::optional<V> value) {
    if (!value) return std::nullopt;
    return Codec<V>::encode(std::move(*value));
  }
  static std::vector<Value> encode_keys(std::vector<K> keys) {
    std::vector<Value> encoded;
    for (auto&& key : keys) encoded.push_back(encode(std::move(key)));
    return encoded;
  }
  static std::vector<Entry> encode_items(Items items) {
    std::vector<Entry> entries;
    entries.reserve(items.size());
    for (auto& [key, value] : items) {
      entries.push_back({encode(std::move(key)), Codec<V>::encode(std::move(value))});
    }
    return entries;
  }
  static std::pair<K, V> decode(Entry entry) {
    return {Codec<K>::decode(std::move(entry.key)), Codec<V>::decode(std::move(entry.value))};
  }
  static Items decode_all(std::vector<Entry> entries) {
    Items items;
    items.reserve(entries.size());
    for (Entry& entry : entries) items.push_back(decode(std::move(entry)));
    return items;
  }
};

// A dict that is worked on at once.
template <typename K, typename V>
class Dict : public BasicDict<K, V, Direct> {
  using Base = BasicDict<K, V, Direct>;

 public:
  // The type's word.
  static constexpr const char* kType = "dict";
  using key_type = K;
  using mapped_type = V;

  // Names a dict; nothing is sent.
  Dict(const Client& client, std::string name)
      : Base(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit Dict(const Ref& ref) : Base(Direct(client_of(ref)), checked(ref, kType)) {}

  // Makes an anonymous dict, which lives as long as anything refers to it.
  static Dict make(const Client& client, typename Base::Items items = {}) {
    const Dict unnamed(client, "");
    return Dict(ref_to(unnamed.create(std::move(items)), kType));
  }

  // Goes over the entries page by page. Each entry that is there all the time is seen exactly once;
  // those that others add or remove meanwhile may be seen or not. items() reads all at one moment.
  class const_iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::pair<K, V>;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    explicit const_iterator(const Dict& dict) : dict_(&dict) { turn(); }

    reference operator*() const { return page_.items[place_]; }
    pointer operator->() const { return &page_.items[place_]; }
    const_iterator& operator++() {
      if (++place_ == page_.items.size()) turn();
      return *this;
    }
    void operator++(int) { ++*this; }
    // All that can be asked is whether the end is reached.
    friend bool operator==(const const_iterator& a, const const_iterator& b) {
      return a.dict_ == b.dict_;
    }

   private:
    void turn() {
      place_ = 0;
      do {
        if (page_.done) {
          dict_ = nullptr;
          return;
        }
        page_ = dict_->scan({.cursor = page_.next});
      } while (page_.items.empty());
    }

    const Dict* dict_ = nullptr;
    typename Base::Page page_;
    size_t place_ = 0;
  };
  const_iterator begin() const { return const_iterator(*this); }
  const_iterator end() const { return {}; }
};

}  // namespace coheld
