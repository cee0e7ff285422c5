// See batch.h.
#include "client/python/src/batch.h"

#include <utility>

#include "client/python/src/client_object.h"
#include "client/python/src/message.h"
#include "coheld/error.h"

namespace coheld::python {
namespace {

namespace nb = nanobind;

thread_local Batched* batched = nullptr;

// Leaves a method whose op was noted. Derived from BaseException, so that no method catches it.
PyObject* NotedException() {
  static PyObject* const type =
      PyErr_NewException("coheld._core.Noted", PyExc_BaseException, nullptr);
  return type;
}

nb::object Checked(PyObject* result) {
  if (result == nullptr) throw nb::python_error();
  return nb::steal(result);
}

}  // namespace

Batched::~Batched() {
  if (batched == this) batched = nullptr;
}

Batched* TakeBatched(PyObject* name) {
  if (batched == nullptr || batched->name_ != name) [[likely]]
    return nullptr;
  return std::exchange(batched, nullptr);
}

PyObject* Batched::Run(PyObject* method, PyObject* arguments, PyObject* keywords) {
  batched = this;
  PyObject* const result = PyObject_Call(method, arguments, keywords);
  if (batched == this) batched = nullptr;
  return result;
}

bool Batched::left() const {
  return called_ && PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(NotedException()) != 0;
}

PyObject* Batched::Call(const BoundMethod& method, PyObject* const* arguments, Py_ssize_t count) {
  called_ = true;
  return batch_ != nullptr ? Note(method, arguments, count) : Answer(method, arguments[0]);
}

PyObject* Batched::Note(const BoundMethod& method, PyObject* const* arguments, Py_ssize_t count) {
  if (arguments[0] != batch_->client_.ptr()) {
    PyErr_SetString(PyExc_ValueError, "a batch has the ops of one daemon only");
    return nullptr;
  }
  const auto* const client = nb::inst_ptr<ClientObject>(nb::handle(arguments[0]));
  const CallUnderWay under_way;
  const Scope scope{.client = arguments[0], .codec = client->codec};
  std::string request;
  if (!BuildRequest(scope, method.request, arguments + 1, static_cast<size_t>(count - 1),
                    &request)) {
    return nullptr;
  }
  batch_->ops_.push_back({.method = &method, .request = std::move(request), .answer = {}});
  PyErr_SetNone(NotedException());
  return nullptr;
}

PyObject* Batched::Answer(const BoundMethod& method, PyObject* client) const {
  const Batch::Op& op = done_->ops_[place_];
  if (op.method != &method) {
    PyErr_SetString(PyExc_RuntimeError, "the method made another op than when it was noted");
    return nullptr;
  }
  if (!op.answer.ok()) {
    Ending ending;
    Take(op.answer, &ending);
    return Raise(ending);
  }
  auto* const held = nb::inst_ptr<ClientObject>(nb::handle(client));
  const Scope scope{.client = client, .codec = held->codec, .raw = method.raw};
  return ReadCounted(scope, method, held, op.answer.reply);
}

size_t Batch::Note(const nb::object& method, const nb::object& name, const nb::tuple& arguments,
                   const nb::dict& keywords) {
  Batched call(this, name.ptr());
  const size_t place = ops_.size();
  const Owned result(call.Run(method.ptr(), arguments.ptr(), keywords.ptr()));
  if (call.left()) {
    PyErr_Clear();
    return place;
  }
  if (ops_.size() > place) ops_.resize(place);
  if (PyErr_Occurred()) throw nb::python_error();
  throw nb::value_error("this method makes no op of its own, so it cannot be in a batch");
}

void Batch::Run() {
  auto* const client = nb::inst_ptr<ClientObject>(client_);
  const CallUnderWay under_way;
  if (client->attention && !Attend(client_.ptr(), client)) throw nb::python_error();
  std::vector<PipelinedCall> calls;
  for (const Op& op : ops_) calls.push_back({.method = op.method->number, .request = op.request});
  Ending ending;
  std::vector<CallResult> answers;
  {
    ReleasedGil gil;
    CallOptions options;
    options.on_interrupt = [&gil] { return gil.SignalRaised(); };
    try {
      answers = client->handle.call_many(calls, options);
    } catch (const Error& error) {
      Describe(error, &ending);
    } catch (const std::exception& error) {
      ending.reason = Reason::kInternal;
      ending.message = error.what();
    }
    gil.TakeBack();
  }
  if (PyErr_Occurred()) throw nb::python_error();
  if (!NoteSession(client_.ptr(), client)) throw nb::python_error();
  if (ending.reason != Reason::kUnspecified) {
    Raise(ending);
    throw nb::python_error();
  }
  for (size_t i = 0; i < ops_.size(); ++i) ops_[i].answer = std::move(answers[i]);
}

nb::object Batch::Finish(size_t place, const nb::object& method, const nb::object& name,
                         const nb::tuple& arguments, const nb::dict& keywords) const {
  Batched call(this, place, name.ptr());
  return Checked(call.Run(method.ptr(), arguments.ptr(), keywords.ptr()));
}

void DefineBatch(nb::module_& module) {
  nb::class_<Batch>(module, "Batch")
      .def(nb::init<nb::object>(), nb::arg("client"))
      .def("note", &Batch::Note, nb::arg("method"), nb::arg("name"), nb::arg("arguments"),
           nb::arg("keywords"))
      .def("run", &Batch::Run)
      .def("finish", &Batch::Finish, nb::arg("place"), nb::arg("method"), nb::arg("name"),
           nb::arg("arguments"), nb::arg("keywords"));
}

}  // namespace coheld::python
