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

// Says whether no part of the object needs a codec: then the daemon compares it as Python does.
// nullopt with an exception.
std::optional<bool> IsNative(const Scope& scope, PyObject* object);

}  // namespace coheld::python
