// See ahead.h.
#include "client/python/src/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "client/python/src/call.h"
#include "client/python/src/client_object.h"
#include "client/python/src/message.h"
#include "client/python/src/scope.h"

namespace coheld::python {
namespace {

namespace nb = nanobind;

// How often a wait looks for signals.
constexpr std::chrono::milliseconds kSignalPoll{100};

// What the thread needs.
struct Work {
  Client handle;
  uint32_t method = 0;
  std::string request;
  uint64_t thread = 0;
  std::atomic<bool> dropped = false;
  std::promise<Ending> done = {};
};

// Signals are for the program's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

Ending Make(Work& work) {
  Ending ending;
  CallOptions options;
  options.thread = work.thread;
  options.on_interrupt = [&work] { return work.dropped.load(); };
  try {
    Take(work.handle.try_call(work.method, work.request, options), &ending);
  } catch (const Error& error) {
    Describe(error, &ending);
  } catch (const std::exception& error) {
    ending.reason = Reason::kInternal;
    ending.message = error.what();
  }
  return ending;
}

// A call under way.
class Ahead {
 public:
  Ahead(nb::object client, const BoundMethod& method, std::string request)
      : client_(std::move(client)),
        method_(method),
        work_{.handle = Held()->handle,
              .method = method.number,
              .request = std::move(request),
              .thread = this_thread_id()},
        done_(work_.done.get_future()) {
    const SignalsBlocked blocked;
    thread_ = std::make_unique<std::thread>([this] { work_.done.set_value(Make(work_)); });
  }
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;
  // Waits for the thread, which learns of it within a quarter of a second.
  ~Ahead() {
    work_.dropped = true;
    ReleasedGil gil;
    Join();
    gil.TakeBack();
  }

  // Waits for the answer and returns it, once.
  nb::object Result() {
    Ending ending;
    ReleasedGil gil;
    if (Own()) {
      bool raised = false;
      while (!raised && done_.wait_for(kSignalPoll) != std::future_status::ready) {
        raised = gil.SignalRaised();
      }
      if (raised) work_.dropped = true;
      Join();
      ending = done_.get();
    } else {
      ending = Make(work_);  // The thread is the parent's.
    }
    gil.TakeBack();
    if (PyErr_Occurred()) throw nb::python_error();
    if (!ending.reply) {
      Raise(ending);
      throw nb::python_error();
    }
    const Scope scope{.client = client_.ptr(), .codec = Held()->codec, .raw = method_.raw};
    PyObject* const result = ReadCounted(scope, method_, Held(), *ending.reply);
    if (result == nullptr) throw nb::python_error();
    return nb::steal(result);
  }

 private:
  ClientObject* Held() const { return nb::inst_ptr<ClientObject>(client_); }
  bool Own() const { return process_ == getpid(); }
  void Join() {
    if (thread_ == nullptr) return;
    if (Own()) {
      thread_->join();
      thread_.reset();
    } else {
      (void)thread_.release();  // A child has no such thread to wait for.
    }
  }

  const nb::object client_;
  const BoundMethod& method_;  // Never freed.
  const pid_t process_ = getpid();
  Work work_;
  std::future<Ending> done_;
  std::unique_ptr<std::thread> thread_;
};

// The caller owns it.
Ahead* Begin(const nb::object& callable, const nb::object& client, const nb::args& fields) {
  PyObject* const capsule = PyCFunction_GetSelf(callable.ptr());
  if (capsule == nullptr || PyCapsule_IsValid(capsule, kCapsuleName) == 0 ||
      Py_TYPE(client.ptr()) != client_type) {
    PyErr_Clear();
    throw nb::type_error("expected what method() returned, and a client");
  }
  const auto& method =
      *static_cast<const BoundMethod*>(PyCapsule_GetPointer(capsule, kCapsuleName));
  const CallUnderWay under_way;
  const auto* const held = nb::inst_ptr<ClientObject>(client);
  const Scope scope{.client = client.ptr(), .codec = held->codec};
  std::string request;
  if (!BuildRequest(scope, method.request, PySequence_Fast_ITEMS(fields.ptr()), fields.size(),
                    &request)) {
    throw nb::python_error();
  }
  return new Ahead(client, method, std::move(request));
}

}  // namespace

void DefineAhead(nb::module_& module) {
  nb::class_<Ahead>(module, "Ahead").def("result", &Ahead::Result);
  module.def("begin", Begin, nb::arg("method"), nb::arg("client"), nb::arg("fields"),
             nb::rv_policy::take_ownership);
}

}  // namespace coheld::python
