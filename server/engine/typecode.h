// The type codes of multiprocessing.Value: what each admits, and its zero. Sizes are those of C on
// LP64 (https://docs.python.org/3/library/array.html, struct.html).
#pragma once

#include <string_view>

#include "proto/wire/result.h"
#include "server/engine/value.h"

namespace coheld::engine {

// What a value cell may hold: one of c u w b B h H i I l L q Q f d ?, or anything.
class Typecode {
 public:
  Typecode() = default;  // Anything.

  // Reads a type code; empty is anything. INVALID_ARGUMENT.
  static wire::Result<Typecode> Parse(std::string_view word);

  // Returns the word it was parsed from.
  std::string_view word() const {
    return code_ == '\0' ? std::string_view() : std::string_view(&code_, 1);
  }
  // Returns what a new cell holds.
  Value Zero() const;
  // Returns the value as a cell of this type keeps it: integers (booleans count as such) within the
  // C range, 'd' and 'f' as reals. TYPECODE_MISMATCH if it is of another kind, OVERFLOW if it does
  // not fit.
  wire::Result<Value> Conform(Value value) const;

 private:
  explicit Typecode(char code) : code_(code) {}

  wire::Result<Value> ConformInteger(Value value) const;
  wire::Result<Value> ConformReal(const Value& value) const;
  wire::Failure Mismatch(const Value& value) const;
  wire::Failure Overflow(std::string_view number) const;

  char code_ = '\0';
};

}  // namespace coheld::engine
