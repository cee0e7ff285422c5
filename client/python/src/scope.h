// What encoding and decoding need to know beyond the bytes: the Python callables that the package
// installs once, and the client on whose behalf a value travels. All functions here and in
// encode.h, decode.h need the GIL, and report failure by a Python exception that is set.
#pragma once

#include <Python.h>

#include <string_view>

#include "proto/wire/parse.h"

namespace coheld::python {

// Installed by coheld._client at import; all are held for ever.
struct Hooks {
  // (client, object) -> (bytes, proxies that are in them)
  PyObject* encode_value = nullptr;
  PyObject* encode_key = nullptr;    // The same, with equal bytes for equal keys if possible.
  PyObject* decode = nullptr;        // (codec, bytes) -> object
  PyObject* make_proxy = nullptr;    // (client, type word, name) -> proxy
  PyObject* make_error = nullptr;    // (reason word, code, message, system_error) -> exception
  PyObject* refused = nullptr;       // (codec, data) -> exception: code that may not be decoded
  PyObject* unsupported = nullptr;   // (object) -> exception: no wire form without a codec
  PyObject* interrupted = nullptr;   // (client, method name, request's fields, result) -> None
  PyObject* attend = nullptr;        // (client) -> None: before a call, if Client.attention is set
  PyObject* session_lost = nullptr;  // (client) -> None: a call opened a new session
  PyObject* proxy_type = nullptr;    // class of all proxies
  PyObject* shell_type = nullptr;    // class of the stdlib's proxies; hosted objects have such
  PyObject* handle_of = nullptr;     // (stdlib proxy) -> proxy of all proxies' class, or None
  PyObject* opaque_type = nullptr;   // class of opaque values that are not decoded
};

extern Hooks hooks;

// On whose behalf a value is encoded or decoded.
struct Scope {
  PyObject* client = nullptr;  // Borrowed: the Python object.
  std::string_view codec;      // What carries objects without a form of their own; empty: nothing.
  bool raw = false;            // Opaque values come undecoded.
};

// Returns the object with one more reference (Py_NewRef came with Python 3.10).
inline PyObject* NewRef(PyObject* object) {
  Py_INCREF(object);
  return object;
}

// An owned reference.
class Owned {
 public:
  explicit Owned(PyObject* object = nullptr) : object_(object) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  Owned(Owned&& other) noexcept : object_(other.Release()) {}
  Owned& operator=(Owned&& other) noexcept {
    Py_XSETREF(object_, other.Release());
    return *this;
  }
  ~Owned() { Py_XDECREF(object_); }

  PyObject* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  PyObject* Release() {
    PyObject* object = object_;
    object_ = nullptr;
    return object;
  }

 private:
  PyObject* object_;
};

using wire::kNestingMax;

}  // namespace coheld::python
