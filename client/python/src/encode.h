// Python objects to coheld.v1.Value bytes, without messages in between. Exact builtin types go
// typed; anything else is opaque, written by the client's codec, if it has one.
#pragma once

#include <Python.h>

#include <cstdint>
#include <optional>
#include <string>

#include "client/python/src/scope.h"

namespace coheld::python {

// Appends `field` holding the object as a Value. False with an exception: the object has no wire
// form (Hooks::unsupported), or the codec raised.
bool EncodeValue(const Scope& scope, uint32_t field, PyObject* object, std::string* out);

// The same for a dict key: TypeError if it is not hashable; opaque keys are made canonical, since
// the daemon compares their bytes.
bool EncodeKey(const Scope& scope, uint32_t field, PyObject* object, std::string* out);

// Appends `field` (under 16) for each item of a list from `begin` on, up to the first that is more
// than a number, a short ASCII text or the like. Returns that one's place; runs no Python code.
Py_ssize_t EncodePlain(uint32_t field, PyObject* list, Py_ssize_t begin, std::string* out);

// Appends `field` (under 16) holding an Entry if key and value are of that kind. False if not: then
// nothing was appended, and there is no exception.
bool EncodePlainEntry(uint32_t field, PyObject* key, PyObject* value, std::string* out);

// Says whether no part of the object needs a codec: then the daemon compares it as Python does.
// nullopt with an exception.
std::optional<bool> IsNative(const Scope& scope, PyObject* object);

}  // namespace coheld::python
