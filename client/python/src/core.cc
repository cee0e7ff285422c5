// The extension module coheld._core: the C++ client for Python. It gives a Client, and method(),
// which makes one callable for each method of the protos; the Python package builds everything else
// on those two.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/python/src/ahead.h"
#include "client/python/src/batch.h"
#include "client/python/src/call.h"
#include "client/python/src/call_site.h"
#include "client/python/src/client_object.h"
#include "client/python/src/decode.h"
#include "client/python/src/encode.h"
#include "client/python/src/message.h"
#include "client/python/src/scope.h"
#include "coheld/client.h"
#include "coheld/guard.h"
#include "proto/wire/methods.h"

namespace coheld::python {

Hooks hooks;

PyObject* Absent() {
  static PyObject* const absent = [] {
    PyObject* const type = reinterpret_cast<PyObject*>(&PyBaseObject_Type);
    return PyObject_CallNoArgs(type);
  }();
  return absent;
}

namespace {

namespace nb = nanobind;

size_t PlaceOf(const MessageTable& table, const std::string& method, const std::string& field) {
  const auto found =
      std::find_if(table.fields.begin(), table.fields.end(),
                   [&field](const Field& candidate) { return candidate.name == field; });
  if (found == table.fields.end()) {
    throw nb::value_error(("the reply of " + method + " has no field " + field).c_str());
  }
  return static_cast<size_t>(found - table.fields.begin());
}

const wire::MethodRow& RowOf(const std::string& name) {
  for (const wire::MethodRow& row : wire::Methods()) {
    if (row.name == name) return row;
  }
  throw nb::value_error(("no method is called " + name).c_str());
}

// Ops that may wait say for how long.
bool MayWait(const wire::MethodRow& row) {
  return row.descriptor->input_type()->FindFieldByName("timeout_ms") != nullptr;
}

using FastCall = PyObject* (*)(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count);

PyMethodDef Definition(const char* name, FastCall call, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(call)), METH_FASTCALL,
          doc};
}

// Makes a Python callable of a method. It is never freed: there is one for each that the package
// names.
nb::object Bind(PyMethodDef* definition, std::unique_ptr<BoundMethod> method) {
  const nb::object capsule = nb::steal(PyCapsule_New(method.release(), kCapsuleName, nullptr));
  if (!capsule.is_valid()) throw nb::python_error();
  return nb::steal(PyCFunction_NewEx(definition, capsule.ptr(), nullptr));
}

nb::object BindRequest(const std::string& name) {
  static PyMethodDef definition =
      Definition("request", MakeRequest, "Serialise a request: f(client, name, *fields).");
  const wire::MethodRow& row = RowOf(name);
  return Bind(&definition, std::make_unique<BoundMethod>(
                               BoundMethod{.number = row.number,
                                           .name = name,
                                           .request = ReadTable(*row.descriptor->input_type()),
                                           .reply = {},
                                           .chosen = {}}));
}

nb::object BindMethod(const std::string& name, const nb::args& results, bool raw) {
  static PyMethodDef definition =
      Definition("method", CallMethod, "Call one method of the daemon: f(client, name, *fields).");
  const wire::MethodRow& row = RowOf(name);
  auto method =
      std::make_unique<BoundMethod>(BoundMethod{.number = row.number,
                                                .name = name,
                                                .request = ReadTable(*row.descriptor->input_type()),
                                                .reply = ReadTable(*row.descriptor->output_type()),
                                                .chosen = {},
                                                .raw = raw,
                                                .may_wait = MayWait(row)});
  for (const nb::handle result : results) {
    method->chosen.push_back(PlaceOf(method->reply, name, nb::cast<std::string>(result)));
  }
  return Bind(&definition, std::move(method));
}

// The hooks are held for the life of the process.
PyObject* Keep(const nb::kwargs& installed, const char* name) {
  return nb::object(installed[name]).release().ptr();
}

void InstallHooks(const nb::kwargs& installed) {
  SetPackageFolder(nb::cast<std::string>(installed["package_folder"]));
  hooks = {.encode_value = Keep(installed, "encode_value"),
           .encode_key = Keep(installed, "encode_key"),
           .decode = Keep(installed, "decode"),
           .make_proxy = Keep(installed, "make_proxy"),
           .make_error = Keep(installed, "make_error"),
           .refused = Keep(installed, "refused"),
           .unsupported = Keep(installed, "unsupported"),
           .interrupted = Keep(installed, "interrupted"),
           .attend = Keep(installed, "attend"),
           .session_lost = Keep(installed, "session_lost"),
           .proxy_type = Keep(installed, "proxy_type"),
           .shell_type = Keep(installed, "shell_type"),
           .handle_of = Keep(installed, "handle_of"),
           .opaque_type = Keep(installed, "opaque_type")};
}

// Connects without the GIL; the error is raised with it.
void ConstructClient(ClientObject* place, const std::string& address, const std::string& program,
                     const std::string& codec, const nb::bytes& key, std::optional<double> patience,
                     const std::string& tls_ca, const std::string& tls_cert,
                     const std::string& tls_key, const std::string& tls_server_name) {
  Ending ending;
  ClientOptions options;
  options.tls = {.ca_file = tls_ca,
                 .cert_file = tls_cert,
                 .key_file = tls_key,
                 .server_name = tls_server_name};
  options.program = program;
  options.key.assign(key.c_str(), key.size());
  if (patience) {
    options.connect_timeout = std::chrono::milliseconds(static_cast<int64_t>(*patience * 1000));
    options.reconnect_timeout = options.connect_timeout;
  }
  ReleasedGil gil;
  bool connected = false;
  try {
    new (place)
        ClientObject{.handle = Client::connect(address, options), .codec = codec, .handles = {}};
    place->session = place->handle.session_id();
    connected = true;
  } catch (const Error& error) {
    Describe(error, &ending);
  }
  gil.TakeBack();
  if (connected) return;
  Raise(ending);
  throw nb::python_error();
}

nb::bytes ReadKeyFile(const std::string& path) {
  Ending ending;
  try {
    const std::string key = read_key_file(path);
    return nb::bytes(key.data(), key.size());
  } catch (const Error& error) {
    Describe(error, &ending);
  }
  Raise(ending);
  throw nb::python_error();
}

bool IsNativeFor(const nb::handle client, const nb::handle object) {
  const auto& held = nb::cast<const ClientObject&>(client);
  const Scope scope{.client = client.ptr(), .codec = held.codec};
  const std::optional<bool> native = IsNative(scope, object.ptr());
  if (!native) throw nb::python_error();
  return *native;
}

nb::object DecodeFor(const nb::handle client, const nb::bytes& bytes) {
  auto* const held = nb::inst_ptr<ClientObject>(client);
  const Scope scope{.client = client.ptr(), .codec = held->codec};
  const std::string_view value(bytes.c_str(), bytes.size());
  CountedRefs refs(held);
  if (MayHoldRefs(value)) VisitRefs(value, [&refs](std::string_view name) { refs.Add(name); });
  nb::object decoded = nb::steal(DecodeValue(scope, value));
  if (!decoded.is_valid()) throw nb::python_error();
  return decoded;
}

nb::dict DescribeSession(const ClientObject& client) {
  Ending ending;
  SessionDetails details;
  ReleasedGil gil;
  try {
    details = client.handle.session();
  } catch (const Error& error) {
    Describe(error, &ending);
  }
  gil.TakeBack();
  if (ending.reason != Reason::kUnspecified) {
    Raise(ending);
    throw nb::python_error();
  }
  nb::dict result;
  result["id"] = details.id;
  result["ttl"] = std::chrono::duration<double>(details.ttl).count();
  result["durability"] = details.durability;
  result["version"] = details.version;
  return result;
}

void CloseClient(const ClientObject& client) {
  ReleasedGil gil;
  client.handle.close();
  gil.TakeBack();
}

// (method name, dict of the request's fields): what a watch tells.
nb::object ReadRequest(const nb::handle client, uint32_t number, const nb::bytes& payload) {
  const wire::MethodRow* const row = wire::FindMethod(number);
  if (row == nullptr) throw nb::value_error("no method has this number: update the package");
  const auto& held = nb::cast<const ClientObject&>(client);
  const Scope scope{.client = client.ptr(), .codec = held.codec};
  const MessageTable table = ReadTable(*row->descriptor->input_type());
  PyObject* const fields = ReadMessage(scope, table, {payload.c_str(), payload.size()});
  if (fields == nullptr) throw nb::python_error();
  return nb::make_tuple(row->name, nb::steal(fields));
}

nb::list ListOf(const std::vector<std::string>& names) {
  nb::list list;
  for (const std::string& name : names) list.append(name);
  return list;
}

nb::list InheritHandles(ClientObject& client) {
  client.session = 0;
  return ListOf(client.handles.Inherit());
}

nb::list LoseHandles(ClientObject& client) { return ListOf(client.handles.Lose()); }

// A UsingToken as a context manager.
class TokenScope {
 public:
  explicit TokenScope(uint64_t token) : token_(token) {}
  void Enter() { using_.emplace(token_); }
  void Exit(const nb::args&) { using_.reset(); }

 private:
  const uint64_t token_;
  std::optional<UsingToken> using_;
};

}  // namespace

NB_MODULE(_core, module) {
  // Clients live until the process ends; that is no leak.
  nb::set_leak_warnings(false);
  module.doc() = "The C++ client for Python; use the package coheld instead.";
  module.attr("ABSENT") = nb::borrow(Absent());
  module.def("method", BindMethod, nb::arg("name"), nb::arg("results"), nb::kw_only(),
             nb::arg("raw") = false);
  module.def("request", BindRequest, nb::arg("name"));
  module.def("install_hooks", InstallHooks, nb::arg("hooks"));
  module.def("is_native", IsNativeFor, nb::arg("client"), nb::arg("object").none());
  module.def("decode_value", DecodeFor, nb::arg("client"), nb::arg("value"));
  module.def("read_request", ReadRequest, nb::arg("client"), nb::arg("method"), nb::arg("payload"));
  module.def("read_key_file", ReadKeyFile, nb::arg("path"));
  module.def("thread_id", this_thread_id);
  DefineBatch(module);
  DefineAhead(module);
  nb::class_<ClientObject> type(module, "Client", nb::dynamic_attr(), nb::is_weak_referenceable(),
                                nb::is_final());
  client_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  type.def("__init__", ConstructClient, nb::arg("address"), nb::arg("program"), nb::arg("codec"),
           nb::arg("key"), nb::arg("patience").none(), nb::arg("tls_ca") = "",
           nb::arg("tls_cert") = "", nb::arg("tls_key") = "", nb::arg("tls_server_name") = "")
      .def_prop_ro("address", [](const ClientObject& client) { return client.handle.address(); })
      .def_ro("codec", &ClientObject::codec)
      .def_rw("attention", &ClientObject::attention)
      .def("received",
           [](ClientObject& client, const std::string& name) { client.handles.Received(name); })
      .def("born", [](ClientObject& client, const std::string& name) { client.handles.Born(name); })
      .def("died",
           [](ClientObject& client, const std::string& name) {
             GiveBack(client, name, client.handles.Died(name));
           })
      .def("settle",
           [](ClientObject& client, const std::string& name) {
             GiveBack(client, name, client.handles.Settle(name));
           })
      .def("live", [](const ClientObject& client,
                      const std::string& name) { return client.handles.Live(name); })
      .def("mark_forked", [](ClientObject& client) { client.handles.MarkForked(); })
      .def("inherit", InheritHandles)
      .def("lose", LoseHandles)
      .def("session", DescribeSession)
      .def("close", CloseClient);
  nb::class_<TokenScope>(module, "UsingToken")
      .def(nb::init<uint64_t>(), nb::arg("token"))
      .def("__enter__", &TokenScope::Enter)
      .def("__exit__", &TokenScope::Exit);
}

}  // namespace coheld::python
