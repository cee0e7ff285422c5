// How the package calls the daemon: what method() and request() of the module return. They are
// plain CPython fast calls, since they are on every path. All functions need the GIL.
#pragma once

#include <Python.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/python/src/client_object.h"
#include "client/python/src/message.h"
#include "client/python/src/scope.h"
#include "coheld/client.h"

namespace coheld::python {

// One method, with the fields of its reply that the caller wants.
struct BoundMethod {
  uint32_t number = 0;
  std::string name;
  MessageTable request;
  MessageTable reply;
  std::vector<size_t> chosen;
  bool raw = false;       // Opaque values come undecoded.
  bool may_wait = false;  // Tells the daemon where in the program it is asked for.
};

// The Python type of ClientObject; set by the module.
extern PyTypeObject* client_type;

// The method of a callable: what its capsule holds.
inline constexpr char kCapsuleName[] = "coheld.method";

// f(client, *fields): calls the method, or has a batch do so (batch.h).
PyObject* CallMethod(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count);

// f(client, *fields) -> (method number, serialised request).
PyObject* MakeRequest(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count);

// The GIL, let go of around a call. Not taken back by a destructor: at the end of the interpreter
// taking it ends the thread by unwinding, which no destructor may do.
class ReleasedGil {
 public:
  ReleasedGil() : state_(PyEval_SaveThread()) {}
  void TakeBack() { PyEval_RestoreThread(state_); }

  // Runs the signal handlers that are due. True if one of them raised: stop waiting.
  bool SignalRaised();

 private:
  PyThreadState* state_;
};

// How a call ended.
struct Ending {
  std::optional<std::string> reply;
  bool interrupted = false;
  Reason reason = Reason::kUnspecified;
  int code = 0;
  int system_error = 0;
  std::string message;
};

void Describe(const Error& error, Ending* ending);
void Take(CallResult result, Ending* ending);
// Sets the exception; returns nullptr.
PyObject* Raise(const Ending& ending);

// Lets the package do what it put off until the next call. False with an exception.
bool Attend(PyObject* object, ClientObject* client);
// After a call: takes note if it opened a new session, which has none of the handles that the one
// before was given. The package holds anew what proxies stand for. False with an exception.
bool NoteSession(PyObject* object, ClientObject* client);

// Holds back, for as long as something is decoded, the handles that came with its Refs.
class CountedRefs {
 public:
  explicit CountedRefs(ClientObject* client) : client_(client) {}
  CountedRefs(const CountedRefs&) = delete;
  CountedRefs& operator=(const CountedRefs&) = delete;
  ~CountedRefs();

  void Add(std::string_view name);

 private:
  ClientObject* const client_;
  std::vector<std::string> names_;
};

// Says whether there may be a Ref to an anonymous object in a message: a first field of bytes that
// begin with '~'.
bool MayHoldRefs(std::string_view message);

// Reads a reply, and counts the handles that came with its Refs, whether it can be decoded or not.
PyObject* ReadCounted(const Scope& scope, const BoundMethod& method, ClientObject* client,
                      std::string_view reply);

}  // namespace coheld::python
