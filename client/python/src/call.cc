// See call.h.
#include "client/python/src/call.h"

#include <memory>
#include <utility>

#include <nanobind/nanobind.h>

#include "client/python/src/batch.h"
#include "client/python/src/call_site.h"
#include "client/python/src/wire.h"
#include "coheld/client.h"
#include "coheld/v1/common.pb.h"

namespace coheld::python {

namespace nb = nanobind;

PyTypeObject* client_type = nullptr;

namespace {

bool Finalizing() {
#if PY_VERSION_HEX >= 0x030d0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

// Makes the call without the GIL. What the daemon refuses comes without a C++ exception.
Ending CallDaemon(const ClientObject& client, const BoundMethod& method,
                  const std::string& request) {
  Ending ending;
  std::string site;
  if (method.may_wait) site = CallSite();
  ReleasedGil gil;
  CallOptions options;
  options.site = site;
  options.on_interrupt = [&gil] { return gil.SignalRaised(); };
  try {
    CallResult result = client.handle.try_call(method.number, request, options);
    Take(std::move(result), &ending);
  } catch (const Interrupted& error) {
    ending.interrupted = true;
    ending.reply = error.reply();
    Describe(error, &ending);
  } catch (const Error& error) {
    Describe(error, &ending);
  } catch (const std::exception& error) {
    ending.reason = Reason::kInternal;
    ending.message = error.what();
  }
  gil.TakeBack();
  return ending;
}

// An op that happened although a signal stopped the wait for it: the package gives back what it
// took. The signal's exception stays set.
PyObject* Undo(const Scope& scope, const BoundMethod& method, ClientObject* client,
               PyObject* const* arguments, Py_ssize_t count, const Ending& ending) {
  if (!PyErr_Occurred()) return Raise(ending);
  if (!ending.reply) return nullptr;
  PyObject *type = nullptr, *value = nullptr, *traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  const Owned result(ReadCounted(scope, method, client, *ending.reply));
  const Owned method_name(PyUnicode_FromString(method.name.c_str()));
  const Owned fields(PyTuple_New(count));
  for (Py_ssize_t i = 0; fields && i < count; ++i) {
    PyTuple_SET_ITEM(fields.get(), i, NewRef(arguments[i]));
  }
  if (result && method_name && fields) {
    const Owned done(PyObject_CallFunctionObjArgs(
        hooks.interrupted, scope.client, method_name.get(), fields.get(), result.get(), nullptr));
  }
  if (PyErr_Occurred()) PyErr_WriteUnraisable(scope.client);
  PyErr_Restore(type, value, traceback);
  return nullptr;
}

// True if the arguments are those of a call: a client, the object's name, and more; else an
// exception is set.
bool AreOfCall(PyObject* const* arguments, Py_ssize_t count) {
  if (count >= 2 && Py_TYPE(arguments[0]) == client_type) return true;
  PyErr_SetString(PyExc_TypeError, "expected a client and the object's name");
  return false;
}

const BoundMethod& MethodOf(PyObject* capsule) {
  return *static_cast<const BoundMethod*>(PyCapsule_GetPointer(capsule, kCapsuleName));
}

}  // namespace

bool ReleasedGil::SignalRaised() {
  if (Finalizing()) return true;
  PyEval_RestoreThread(state_);
  const bool raised = PyErr_CheckSignals() != 0;
  state_ = PyEval_SaveThread();
  return raised;
}

void Describe(const Error& error, Ending* ending) {
  ending->reason = error.reason();
  ending->code = error.code();
  ending->message = error.what();
  if (const auto* lost = dynamic_cast<const ConnectionLost*>(&error)) {
    ending->system_error = lost->system_error();
  }
}

void Take(CallResult result, Ending* ending) {
  if (result.ok()) {
    ending->reply = std::move(result.reply);
    return;
  }
  ending->reason = result.reason;
  ending->code = Error(result.reason, "").code();
  ending->message = std::move(result.message);
}

PyObject* Raise(const Ending& ending) {
  const std::string word = to_string(ending.reason);
  const Owned error(PyObject_CallFunction(hooks.make_error, "sisi", word.c_str(), ending.code,
                                          ending.message.c_str(), ending.system_error));
  if (error) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
  return nullptr;
}

CountedRefs::~CountedRefs() {
  for (const std::string& name : names_) {
    GiveBack(*client_, name, client_->handles.Settle(name));
  }
}

void CountedRefs::Add(std::string_view name) {
  if (!IsAnonymous(name)) return;
  names_.emplace_back(name);
  client_->handles.Expect(name);
}

bool MayHoldRefs(std::string_view message) {
  constexpr char kNameTag = v1::Ref::kNameFieldNumber << 3 | static_cast<int>(WireType::kBytes);
  const auto more = [message](size_t i) { return static_cast<unsigned char>(message[i]) >= 0x80; };
  for (size_t at = message.find('~'); at != message.npos; at = message.find('~', at + 1)) {
    if (at < 2 || more(at - 1)) continue;  // No length ends before it.
    size_t tag = at - 2;
    while (tag > 0 && more(tag)) --tag;
    if (message[tag] == kNameTag) return true;
  }
  return false;
}

PyObject* ReadCounted(const Scope& scope, const BoundMethod& method, ClientObject* client,
                      std::string_view reply) {
  CountedRefs refs(client);
  if (MayHoldRefs(reply)) {
    VisitReplyRefs(method.reply, reply, [&refs](std::string_view name) { refs.Add(name); });
  }
  return ReadReply(scope, method.reply, method.chosen, reply);
}

bool Attend(PyObject* object, ClientObject* client) {
  client->attention = false;
  return Owned(PyObject_CallOneArg(hooks.attend, object)).get() != nullptr;
}

bool NoteSession(PyObject* object, ClientObject* client) {
  const uint64_t session = client->handle.session_id();
  if (session == 0 || session == client->session) return true;
  if (std::exchange(client->session, session) == 0) return true;
  return Owned(PyObject_CallOneArg(hooks.session_lost, object)).get() != nullptr;
}

PyObject* MakeRequest(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count) {
  if (!AreOfCall(arguments, count)) return nullptr;
  const BoundMethod& method = MethodOf(capsule);
  const auto* const client = nb::inst_ptr<ClientObject>(nb::handle(arguments[0]));
  const Scope scope{.client = arguments[0], .codec = client->codec};
  std::string request;
  if (!BuildRequest(scope, method.request, arguments + 1, static_cast<size_t>(count - 1),
                    &request)) {
    return nullptr;
  }
  const Owned bytes(PyBytes_FromStringAndSize(request.data(), std::ssize(request)));
  return bytes ? Py_BuildValue("IO", method.number, bytes.get()) : nullptr;
}

PyObject* CallMethod(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count) {
  if (!AreOfCall(arguments, count)) return nullptr;
  const BoundMethod* const method = &MethodOf(capsule);
  auto* const client = nb::inst_ptr<ClientObject>(nb::handle(arguments[0]));
  if (Batched* const batched = TakeBatched(arguments[1])) {
    return batched->Call(*method, arguments, count);
  }
  const CallUnderWay under_way;
  if (client->attention && !Attend(arguments[0], client)) return nullptr;
  const Scope scope{.client = arguments[0], .codec = client->codec, .raw = method->raw};
  std::string request;
  request.reserve(128);
  if (!BuildRequest(scope, method->request, arguments + 1, static_cast<size_t>(count - 1),
                    &request)) {
    return nullptr;
  }
  const Ending ending = CallDaemon(*client, *method, request);
  if (!PyErr_Occurred() && !NoteSession(arguments[0], client)) return nullptr;
  // A handler may have raised although the call ended otherwise, such as with the connection.
  if (ending.interrupted || PyErr_Occurred()) {
    return Undo(scope, *method, client, arguments + 1, count - 1, ending);
  }
  if (!ending.reply) return Raise(ending);
  return ReadCounted(scope, *method, client, *ending.reply);
}

}  // namespace coheld::python
