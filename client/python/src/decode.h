// coheld.v1.Value bytes to Python objects, without messages in between.
#pragma once

#include <Python.h>

#include <functional>
#include <string_view>

#include "client/python/src/scope.h"
#include "client/python/src/wire.h"

namespace coheld::python {

// Returns a new reference, or nullptr with an exception: a pickle that the client does not allow
// (Hooks::refused), what its codec raised, or ValueError for bytes that are no Value.
PyObject* DecodeValue(const Scope& scope, std::string_view value, int depth = 1);

// Returns a new list of Values: that of the field just read, and those of the fields of the same
// number right behind it, which are taken as long as they are short and without parts. nullptr with
// an exception, as DecodeValue.
PyObject* DecodeValues(const Scope& scope, FieldReader* reader, int depth = 1);

// Returns a new (key, value) tuple from a coheld.v1.Entry, or nullptr with an exception.
PyObject* DecodeEntry(const Scope& scope, std::string_view entry, int depth = 1);

// Calls `visit` with the name of each Ref in a Value, as far as its bytes are a Value.
using RefVisitor = std::function<void(std::string_view name)>;
void VisitRefs(std::string_view value, const RefVisitor& visit, int depth = 1);
void VisitEntryRefs(std::string_view entry, const RefVisitor& visit, int depth = 1);

// Returns a new proxy for a coheld.v1.Ref, or nullptr with an exception.
PyObject* DecodeRef(const Scope& scope, std::string_view ref);

// Sets the ValueError for a reply that is not what the protos say.
PyObject* BrokenReply();

}  // namespace coheld::python
