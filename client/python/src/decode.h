// coheld.v1.Value bytes to Python objects, without messages in between.
#pragma once

#include <Python.h>

#include <string_view>

#include "client/python/src/scope.h"

namespace coheld::python {

// Returns a new reference, or nullptr with an exception: a pickle that the client does not allow
// (Hooks::refused), what its codec raised, or ValueError for bytes that are no Value.
PyObject* DecodeValue(const Scope& scope, std::string_view value, int depth = 1);

// Returns a new (key, value) tuple from a coheld.v1.Entry, or nullptr with an exception.
PyObject* DecodeEntry(const Scope& scope, std::string_view entry, int depth = 1);

// Sets the ValueError for a reply that is not what the protos say.
PyObject* BrokenReply();

}  // namespace coheld::python
