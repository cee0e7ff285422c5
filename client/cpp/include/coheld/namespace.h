// coheld::Namespace: attributes by name, of any types, that many processes share, as
// multiprocessing's Namespace.
//
//   coheld::Namespace settings(client, "settings");
//   settings.set("rate", 0.5);
//   auto rate = settings.get<double>("rate");
//
// A handle is a name: making one does nothing on the daemon. The first change creates the
// namespace; a missing one has no attributes. Each method is one atomic op and throws what
// Client::call throws, and what stands with it. Changes take an optional condition:
// VersionMismatch, and nothing changes, if the namespace has another version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"

namespace coheld {

// A namespace. Threads: as its Client.
class Namespace : public Handle {
 public:
  static constexpr const char* kType = "namespace";
  using Attributes = std::vector<std::pair<std::string, Value>>;

  // Names a namespace; nothing is sent.
  Namespace(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Namespace(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous namespace, which lives as long as anything refers to it.
  static Namespace make(const Client& client, Attributes attributes = {});

  // Returns an attribute. AttributeNotFound; BadConversion if it is not a T.
  template <typename T = Value>
  T get(const std::string& attribute) const {
    return Codec<T>::decode(get_value(attribute));
  }
  // Returns an attribute, or nothing.
  template <typename T = Value>
  std::optional<T> try_get(const std::string& attribute) const {
    try {
      return get<T>(attribute);
    } catch (const AttributeNotFound&) {
      return std::nullopt;
    }
  }
  // Sets an attribute.
  template <typename T>
  Changed set(const std::string& attribute, T value, IfVersion version = {}) const {
    return set_value(attribute, Value(Codec<T>::encode(std::move(value))), version);
  }
  Changed set(const std::string& attribute, const char* text, IfVersion version = {}) const {
    return set_value(attribute, text, version);
  }
  // Removes an attribute. AttributeNotFound.
  Changed erase(const std::string& attribute, IfVersion version = {}) const;
  // Returns all attributes, in the order in which they were first set.
  Attributes items() const;
  // Removes and then sets attributes, as one op.
  Changed update(Attributes attributes, const std::vector<std::string>& remove = {},
                 IfVersion version = {}) const;

  // Makes the namespace if it is not there, with these attributes; an existing one is left as it
  // is, unless `exclusive`: ObjectExists.
  Created create(Attributes attributes = {}, bool exclusive = false) const;

 private:
  Value get_value(const std::string& attribute) const;
  Changed set_value(const std::string& attribute, Value value, IfVersion version) const;
};

}  // namespace coheld
