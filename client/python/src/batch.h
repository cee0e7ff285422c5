// Many ops of proxies with one write and one wait: coheld._core.Batch. A proxy's method is called
// twice. The first time its op is only noted, and an exception leaves the method where it would
// wait; once the answers are there, the same call goes through with the answer in place of the op.
// So a batch has every method of every proxy, with its own way of reading the answer.
#pragma once

#include <Python.h>

#include <string>
#include <vector>

#include <nanobind/nanobind.h>

#include "client/python/src/call.h"
#include "coheld/client.h"

namespace coheld::python {

// The ops of a batch. Guarded by the GIL; the package uses it in one thread at a time.
class Batch {
 public:
  explicit Batch(nanobind::object client) : client_(std::move(client)) {}

  // Calls a method of a proxy and notes its op. Returns the op's place. ValueError if it is an op
  // of another client, or the method makes none.
  size_t Note(const nanobind::object& method, const nanobind::object& name,
              const nanobind::tuple& arguments, const nanobind::dict& keywords);
  // Makes the ops that were noted. Each has its answer then.
  void Run();
  // Calls the method again, with the answer to the op at that place.
  nanobind::object Finish(size_t place, const nanobind::object& method,
                          const nanobind::object& name, const nanobind::tuple& arguments,
                          const nanobind::dict& keywords) const;

 private:
  friend class Batched;

  struct Op {
    const BoundMethod* method = nullptr;
    std::string request;
    CallResult answer;
  };

  nanobind::object client_;
  std::vector<Op> ops_;
};

// What is to be done in place of the next call of this thread with an object.
class Batched {
 public:
  // Notes the op (`batch`), or answers it from `done` at that place.
  Batched(Batch* batch, PyObject* name) : batch_(batch), name_(name) {}
  Batched(const Batch* done, size_t place, PyObject* name)
      : done_(done), place_(place), name_(name) {}
  Batched(const Batched&) = delete;
  Batched& operator=(const Batched&) = delete;
  ~Batched();

  // Stands for the call: f(client, *fields).
  PyObject* Call(const BoundMethod& method, PyObject* const* arguments, Py_ssize_t count);

  // Returns what the method returned.
  PyObject* Run(PyObject* method, PyObject* arguments, PyObject* keywords);
  bool called() const { return called_; }
  // True if the method was left by the exception that Call raised to that end.
  bool left() const;

 private:
  friend Batched* TakeBatched(PyObject* name);

  PyObject* Note(const BoundMethod& method, PyObject* const* arguments, Py_ssize_t count);
  PyObject* Answer(const BoundMethod& method, PyObject* client) const;

  Batch* const batch_ = nullptr;
  const Batch* const done_ = nullptr;
  const size_t place_ = 0;
  PyObject* const name_;
  bool called_ = false;
};

// Returns what is to be done in place of a call with the object of this name, once; null: make it.
Batched* TakeBatched(PyObject* name);

// Adds coheld._core.Batch.
void DefineBatch(nanobind::module_& module);

}  // namespace coheld::python
