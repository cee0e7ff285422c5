// See call_site.h.
#include "client/python/src/call_site.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "client/python/src/scope.h"

namespace coheld::python {
namespace {

// A program that compiles code all the time must not be remembered whole.
constexpr size_t kCodesMax = 1'000;
constexpr size_t kLinesMax = 1'000;

// What is known of a code object, which is kept alive: its address means nothing else meanwhile.
struct Known {
  Owned code;
  bool of_program = false;
  std::string file;
  std::string function;
  std::unordered_map<int, std::string> sites;  // By line.
};

// Never destroyed: at the end of the process there is no interpreter to give the codes back to.
std::string& package_folder = *new std::string;
std::unordered_map<PyObject*, Known>& known_codes = *new std::unordered_map<PyObject*, Known>;

std::string TextOf(PyObject* text) {
  Py_ssize_t size = 0;
  const char* const utf8 =
      text != nullptr && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &size) : nullptr;
  if (utf8 == nullptr) {
    PyErr_Clear();
    return "?";
  }
  return {utf8, static_cast<size_t>(size)};
}

// Generators of the package run inside contextlib.
bool IsOfProgram(std::string_view path) {
  if (path.starts_with(package_folder)) return false;
  return !path.ends_with("/contextlib.py");
}

Known& Lookup(PyCodeObject* code) {
  auto* const object = reinterpret_cast<PyObject*>(code);
  const auto found = known_codes.find(object);
  if (found != known_codes.end()) return found->second;
  if (known_codes.size() >= kCodesMax) known_codes.clear();
  const std::string path = TextOf(code->co_filename);
#if PY_VERSION_HEX >= 0x030b0000
  PyObject* const function = code->co_qualname;
#else
  PyObject* const function = code->co_name;
#endif
  Known known{.code = Owned(NewRef(object)),
              .of_program = IsOfProgram(path),
              .file = path.substr(path.rfind('/') + 1),
              .function = TextOf(function),
              .sites = {}};
  return known_codes.emplace(object, std::move(known)).first->second;
}

const std::string& SiteIn(Known& known, int line) {
  const auto found = known.sites.find(line);
  if (found != known.sites.end()) return found->second;
  if (known.sites.size() >= kLinesMax) known.sites.clear();
  std::string site = known.file + ":" + std::to_string(line) + " " + known.function;
  return known.sites.emplace(line, std::move(site)).first->second;
}

}  // namespace

void SetPackageFolder(std::string folder) { package_folder = std::move(folder); }

const std::string& CallSite() {
  static const std::string nowhere;
  const std::string* site = &nowhere;
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  Owned frame(reinterpret_cast<PyObject*>(PyEval_GetFrame()));
  Py_XINCREF(frame.get());
  while (frame) {
    auto* const current = reinterpret_cast<PyFrameObject*>(frame.get());
    const Owned code(reinterpret_cast<PyObject*>(PyFrame_GetCode(current)));
    Known& known = Lookup(reinterpret_cast<PyCodeObject*>(code.get()));
    if (known.of_program) {
      site = &SiteIn(known, PyFrame_GetLineNumber(current));
      break;
    }
    frame = Owned(reinterpret_cast<PyObject*>(PyFrame_GetBack(current)));
  }
  PyErr_Restore(type, value, traceback);
  return *site;
}

}  // namespace coheld::python
