// Where in the program a call comes from, for people who ask who holds a lock or who waits for it.
#pragma once

#include <Python.h>

#include <string>

namespace coheld::python {

// Frames of files that begin so belong to the package; a program's own are those around them.
void SetPackageFolder(std::string folder);

// Returns "file:line function" of the innermost frame of the program, or "" if there is none. The
// text is valid until the thread lets the GIL go. Needs the GIL; leaves exceptions alone. Asked
// again at the same place, it only walks the frames.
const std::string& CallSite();

}  // namespace coheld::python
