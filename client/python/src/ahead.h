// Calls whose answers are wanted later, such as an iterator's next page: coheld._core.begin(). They
// are made by threads of their own, which never touch Python.
#pragma once

#include <nanobind/nanobind.h>

namespace coheld::python {

// Adds coheld._core.begin and coheld._core.Ahead.
void DefineAhead(nanobind::module_& module);

}  // namespace coheld::python
