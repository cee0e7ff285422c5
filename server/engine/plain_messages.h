// The messages of the ops that pass most often, read from and written to the wire without message
// objects, which would be most of such an op's cost. Their encoding is that of the protos.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/wire/result.h"
#include "server/engine/value.h"

namespace coheld::engine {

// DictGetRequest.
class KeyRequest {
 public:
  // Reads a payload, which must outlive this. False if it is no such message.
  bool Read(std::string_view payload);

  const std::string& name() const { return name_; }
  // As KeyFromWire.
  wire::Result<Value> key() const;
  bool refuse_opaque() const { return refuse_opaque_; }

 private:
  bool ReadAnyway(std::string_view payload);

  std::string name_;
  std::string_view key_;  // Serialised.
  std::string merged_;    // What key_ refers to where the payload does not have it as it is.
  bool refuse_opaque_ = false;
};

// A reply of a value and a version: DictGetReply.
class ValueAndVersion {
 public:
  // The value must stay until the op is done.
  void set_value(const Value* value) { value_ = value; }
  void set_version(uint64_t version) { version_ = version; }
  // Appends the serialised message.
  void Write(std::string* out) const;

 private:
  const Value* value_ = nullptr;
  uint64_t version_ = 0;
};

}  // namespace coheld::engine
