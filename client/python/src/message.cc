// See message.h.
#include "client/python/src/message.h"

#include <algorithm>
#include <array>
#include <bit>

#include "client/python/src/decode.h"
#include "client/python/src/encode.h"
#include "client/python/src/wire.h"
#include "coheld/v1/common.pb.h"

namespace coheld::python {
namespace {

bool IsValue(const Field& field) {
  return field.kind == FieldKind::kValue || field.kind == FieldKind::kKey;
}

// True if EncodePlain and EncodePlainEntry can write it.
bool HasShortTag(const Field& field) { return field.number < 16; }

// Appends a number field; false with an exception.
bool AppendNumber(const Field& field, PyObject* object, std::string* out) {
  uint64_t number = 0;
  if (field.kind == FieldKind::kUnsigned) {
    const Owned index(PyNumber_Index(object));
    if (!index) return false;
    number = PyLong_AsUnsignedLongLong(index.get());
  } else if (field.kind == FieldKind::kBoolean) {
    number = PyObject_IsTrue(object) == 1;
  } else {
    const Owned index(PyNumber_Index(object));
    if (!index) return false;
    const long long value = PyLong_AsLongLong(index.get());
    number = field.kind == FieldKind::kZigZag ? ZigZag(value) : static_cast<uint64_t>(value);
  }
  if (PyErr_Occurred()) return false;
  if (number == 0 && !field.optional) return true;
  VarintRow().AddTag(field.number, WireType::kVarint).Add(number).AppendTo(out);
  return true;
}

bool AppendText(const Field& field, PyObject* object, std::string* out) {
  if (!PyUnicode_Check(object)) {
    PyErr_Format(PyExc_TypeError, "%s must be str, not %.200s", field.name.c_str(),
                 Py_TYPE(object)->tp_name);
    return false;
  }
  Py_ssize_t size = 0;
  const char* const utf8 = PyUnicode_AsUTF8AndSize(object, &size);
  if (utf8 == nullptr) return false;
  AppendBytes(field.number, {utf8, static_cast<size_t>(size)}, out);
  return true;
}

bool AppendBytesObject(const Field& field, PyObject* object, std::string* out) {
  Py_buffer view;
  if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) != 0) return false;
  AppendBytes(field.number, {static_cast<const char*>(view.buf), static_cast<size_t>(view.len)},
              out);
  PyBuffer_Release(&view);
  return true;
}

bool AppendReal(const Field& field, PyObject* object, std::string* out) {
  const double number = PyFloat_AsDouble(object);
  if (number == -1.0 && PyErr_Occurred()) return false;
  const auto bits = std::bit_cast<uint64_t>(number);
  VarintRow().AddTag(field.number, WireType::kFixed64).AppendTo(out);
  out->append(reinterpret_cast<const char*>(&bits), sizeof bits);
  return true;
}

// Appends a message made of a tuple of its fields.
bool AppendMessage(const Scope& scope, const Field& field, PyObject* object, std::string* out) {
  const Owned fields(PySequence_Tuple(object));
  if (!fields) return false;
  OpenField message(field.number, out);
  if (!BuildRequest(scope, *field.message, PySequence_Fast_ITEMS(fields.get()),
                    static_cast<size_t>(PyTuple_GET_SIZE(fields.get())), out)) {
    return false;
  }
  message.Close();
  return true;
}

bool AppendBound(int field, PyObject* bound, std::string* out) {
  if (bound == Py_None) return true;
  const Owned index(PyNumber_Index(bound));
  if (!index) {
    PyErr_SetString(PyExc_TypeError,
                    "slice indices must be integers or None or have an __index__ method");
    return false;
  }
  int overflow = 0;
  long long value = PyLong_AsLongLongAndOverflow(index.get(), &overflow);
  if (overflow != 0) value = overflow > 0 ? INT64_MAX : INT64_MIN + 1;
  VarintRow()
      .AddTag(static_cast<uint32_t>(field), WireType::kVarint)
      .Add(ZigZag(value))
      .AppendTo(out);
  return true;
}

bool AppendSlice(const Field& field, PyObject* object, std::string* out) {
  if (!PySlice_Check(object)) {
    PyErr_Format(PyExc_TypeError, "expected a slice, not %.200s", Py_TYPE(object)->tp_name);
    return false;
  }
  const auto* const slice = reinterpret_cast<PySliceObject*>(object);
  OpenField message(field.number, out);
  if (!AppendBound(v1::Slice::kStartFieldNumber, slice->start, out) ||
      !AppendBound(v1::Slice::kStopFieldNumber, slice->stop, out) ||
      !AppendBound(v1::Slice::kStepFieldNumber, slice->step, out)) {
    return false;
  }
  message.Close();
  return true;
}

bool AppendKeyAndValue(const Scope& scope, const Field& field, PyObject* key, PyObject* value,
                       std::string* out) {
  if (HasShortTag(field) && EncodePlainEntry(field.number, key, value, out)) return true;
  OpenField entry(field.number, out);
  if (!EncodeKey(scope, v1::Entry::kKeyFieldNumber, key, out) ||
      !EncodeValue(scope, v1::Entry::kValueFieldNumber, value, out)) {
    return false;
  }
  entry.Close();
  return true;
}

bool AppendEntry(const Scope& scope, const Field& field, PyObject* pair, std::string* out) {
  if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) {
    PyErr_SetString(PyExc_TypeError, "entries must be (key, value) tuples");
    return false;
  }
  return AppendKeyAndValue(scope, field, PyTuple_GET_ITEM(pair, 0), PyTuple_GET_ITEM(pair, 1), out);
}

// Without a tuple for each entry, which the garbage collector would look at again and again.
bool AppendEntries(const Scope& scope, const Field& field, PyObject* dict, std::string* out) {
  const Py_ssize_t size = PyDict_GET_SIZE(dict);
  Py_ssize_t position = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  while (PyDict_Next(dict, &position, &key, &value)) {
    const Owned held_key(NewRef(key));
    const Owned held_value(NewRef(value));
    if (!AppendKeyAndValue(scope, field, key, value, out)) return false;
    if (PyDict_GET_SIZE(dict) == size) continue;  // Pickling a value may run code that changes it.
    PyErr_SetString(PyExc_RuntimeError, "dictionary changed size during iteration");
    return false;
  }
  return true;
}

// Appends one occurrence of a field.
bool AppendOne(const Scope& scope, const Field& field, PyObject* object, std::string* out) {
  switch (field.kind) {
    case FieldKind::kText:
      return AppendText(field, object, out);
    case FieldKind::kBytes:
      return AppendBytesObject(field, object, out);
    case FieldKind::kBoolean:
    case FieldKind::kUnsigned:
    case FieldKind::kZigZag:
    case FieldKind::kSigned:
      return AppendNumber(field, object, out);
    case FieldKind::kValue:
    case FieldKind::kDeferredValue:
      return EncodeValue(scope, field.number, object, out);
    case FieldKind::kKey:
      return EncodeKey(scope, field.number, object, out);
    case FieldKind::kEntry:
      return AppendEntry(scope, field, object, out);
    case FieldKind::kSlice:
      return AppendSlice(field, object, out);
    case FieldKind::kReal:
      return AppendReal(field, object, out);
    case FieldKind::kMessage:
      return AppendMessage(scope, field, object, out);
    case FieldKind::kOptionalValue:
    case FieldKind::kRef:
      break;
  }
  PyErr_Format(PyExc_TypeError, "field %s cannot be sent", field.name.c_str());
  return false;
}

// Appends a list without copying it first, if all of it is plain. False if not: then nothing was
// appended.
bool AppendPlainList(const Field& field, PyObject* list, std::string* out) {
  const size_t start = out->size();
  if (EncodePlain(field.number, list, 0, out) == PyList_GET_SIZE(list)) return true;
  out->resize(start);
  return false;
}

bool AppendMany(const Scope& scope, const Field& field, PyObject* objects, std::string* out) {
  if (PyDict_CheckExact(objects) && field.kind == FieldKind::kEntry) {
    return AppendEntries(scope, field, objects, out);
  }
  const bool plain = IsValue(field) && HasShortTag(field);
  if (plain && PyList_CheckExact(objects) && AppendPlainList(field, objects, out)) return true;
  // Copied first: pickling an item may run code that changes the list.
  const Owned items(PyDict_CheckExact(objects) ? PyDict_Items(objects) : PySequence_List(objects));
  if (!items) return false;
  const Py_ssize_t size = PyList_GET_SIZE(items.get());
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (plain) i = EncodePlain(field.number, items.get(), i, out);
    if (i < size && !AppendOne(scope, field, PyList_GET_ITEM(items.get(), i), out)) return false;
  }
  return true;
}

bool LeftOut(const Field& field, PyObject* object) {
  if (object == Absent()) return true;
  const bool is_value = field.kind == FieldKind::kValue || field.kind == FieldKind::kKey ||
                        field.kind == FieldKind::kDeferredValue;
  return object == Py_None && !is_value && !field.repeated &&
         (field.optional || field.kind == FieldKind::kSlice);
}

PyObject* DecodeMessage(const Scope& scope, const MessageTable& table, std::string_view bytes);

PyObject* DecodeOptionalValue(const Scope& scope, std::string_view bytes) {
  FieldReader reader(bytes);
  if (reader.Next()) return DecodeValue(scope, reader.bytes());
  return reader.broken() ? BrokenReply() : NewRef(Absent());
}

PyObject* DecodeSlice(std::string_view bytes) {
  std::array<Owned, 4> bounds;  // By field number.
  FieldReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() < 1 || reader.field() > 3) continue;
    bounds[reader.field()] = Owned(PyLong_FromLongLong(UnZigZag(reader.number())));
    if (!bounds[reader.field()]) return nullptr;
  }
  return PySlice_New(bounds[1].get(), bounds[2].get(), bounds[3].get());
}

// Returns one occurrence of a field as a new reference.
template <typename Reader>
PyObject* DecodeOne(const Scope& scope, const Field& field, const Reader& reader) {
  const std::string_view bytes = reader.bytes();
  switch (field.kind) {
    case FieldKind::kText:
      return PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr);
    case FieldKind::kBytes:
    case FieldKind::kDeferredValue:
      return PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
    case FieldKind::kBoolean:
      return PyBool_FromLong(reader.number() != 0);
    case FieldKind::kUnsigned:
      return PyLong_FromUnsignedLongLong(reader.number());
    case FieldKind::kZigZag:
      return PyLong_FromLongLong(UnZigZag(reader.number()));
    case FieldKind::kSigned:
      return PyLong_FromLongLong(static_cast<int64_t>(reader.number()));
    case FieldKind::kValue:
    case FieldKind::kKey:
      return DecodeValue(scope, bytes);
    case FieldKind::kEntry:
      return DecodeEntry(scope, bytes);
    case FieldKind::kOptionalValue:
      return DecodeOptionalValue(scope, bytes);
    case FieldKind::kMessage:
      return DecodeMessage(scope, *field.message, bytes);
    case FieldKind::kReal:
      return PyFloat_FromDouble(std::bit_cast<double>(reader.number()));
    case FieldKind::kRef:
      return DecodeRef(scope, bytes);
    case FieldKind::kSlice:
      return DecodeSlice(bytes);
  }
  return BrokenReply();
}

// Returns what a field that was not sent reads as.
PyObject* DefaultOf(const Field& field) {
  if (field.repeated) return PyList_New(0);
  if (field.optional) return NewRef(Absent());
  switch (field.kind) {
    case FieldKind::kText:
      return PyUnicode_FromString("");
    case FieldKind::kBytes:
    case FieldKind::kDeferredValue:
      return PyBytes_FromStringAndSize(nullptr, 0);
    case FieldKind::kBoolean:
      return NewRef(Py_False);
    case FieldKind::kUnsigned:
    case FieldKind::kZigZag:
    case FieldKind::kSigned:
      return PyLong_FromLong(0);
    case FieldKind::kReal:
      return PyFloat_FromDouble(0);
    case FieldKind::kRef:
    case FieldKind::kValue:
    case FieldKind::kKey:
    case FieldKind::kEntry:
    case FieldKind::kOptionalValue:
    case FieldKind::kSlice:
    case FieldKind::kMessage:
      return NewRef(Py_None);
  }
  return nullptr;
}

bool IsVarint(FieldKind kind) {
  return kind == FieldKind::kBoolean || kind == FieldKind::kUnsigned ||
         kind == FieldKind::kZigZag || kind == FieldKind::kSigned;
}

// Appends the numbers of a packed field.
bool StorePacked(const Scope& scope, const Field& field, std::string_view packed, Owned* slot) {
  if (!*slot) *slot = Owned(PyList_New(0));
  if (!*slot) return false;
  PackedReader numbers(packed);
  while (numbers.Next()) {
    const Owned item(DecodeOne(scope, field, numbers));
    if (!item || PyList_Append(slot->get(), item.get()) != 0) return false;
  }
  return !numbers.broken() || BrokenReply() != nullptr;
}

// Stores one occurrence: appends to a repeated field, else replaces. Takes those right behind the
// first one of values too.
bool Store(const Scope& scope, const Field& field, FieldReader* reader, Owned* slot) {
  if (field.repeated && IsVarint(field.kind) && reader->type() == WireType::kBytes) {
    return StorePacked(scope, field, reader->bytes(), slot);
  }
  if (field.repeated && IsValue(field) && !*slot) {
    *slot = Owned(DecodeValues(scope, reader));
    return slot->get() != nullptr;
  }
  Owned item(DecodeOne(scope, field, *reader));
  if (!item) return false;
  if (!field.repeated) {
    *slot = std::move(item);
    return true;
  }
  if (!*slot) *slot = Owned(PyList_New(0));
  return *slot && PyList_Append(slot->get(), item.get()) == 0;
}

constexpr size_t kFieldsMax = 16;

// Fills one slot for each field that `wanted` has a bit for.
bool DecodeFields(const Scope& scope, const MessageTable& table, uint32_t wanted,
                  std::string_view bytes, std::array<Owned, kFieldsMax>* slots) {
  FieldReader reader(bytes);
  while (reader.Next()) {
    for (size_t i = 0; i < table.fields.size(); ++i) {
      if (table.fields[i].number != reader.field() || (wanted >> i & 1) == 0) continue;
      if (!Store(scope, table.fields[i], &reader, &(*slots)[i])) return false;
      break;
    }
  }
  if (reader.broken()) return BrokenReply() != nullptr;
  for (size_t i = 0; i < table.fields.size(); ++i) {
    if ((wanted >> i & 1) == 0 || (*slots)[i]) continue;
    (*slots)[i] = Owned(DefaultOf(table.fields[i]));
    if (!(*slots)[i]) return false;
  }
  return true;
}

// Returns one field of a message.
PyObject* ReadField(const Scope& scope, const Field& field, std::string_view message) {
  Owned found;
  FieldReader reader(message);
  while (reader.Next()) {
    if (reader.field() == field.number && !Store(scope, field, &reader, &found)) return nullptr;
  }
  if (reader.broken()) return BrokenReply();
  return found ? found.Release() : DefaultOf(field);
}

PyObject* DecodeMessage(const Scope& scope, const MessageTable& table, std::string_view bytes) {
  std::array<Owned, kFieldsMax> slots;
  if (!DecodeFields(scope, table, ~0u, bytes, &slots)) return nullptr;
  Owned result(PyDict_New());
  if (!result) return nullptr;
  for (size_t i = 0; i < table.fields.size(); ++i) {
    const char* const name = table.fields[i].name.c_str();
    if (PyDict_SetItemString(result.get(), name, slots[i].get()) != 0) return nullptr;
  }
  return result.Release();
}

void VisitFieldRefs(const Field& field, std::string_view bytes, const RefVisitor& visit) {
  switch (field.kind) {
    case FieldKind::kValue:
    case FieldKind::kKey:
      return VisitRefs(bytes, visit);
    case FieldKind::kEntry:
      return VisitEntryRefs(bytes, visit);
    case FieldKind::kOptionalValue: {
      FieldReader value(bytes);
      if (value.Next()) VisitRefs(value.bytes(), visit);
      return;
    }
    case FieldKind::kRef: {
      FieldReader name(bytes);
      if (name.Next() && name.field() == v1::Ref::kNameFieldNumber) visit(name.bytes());
      return;
    }
    case FieldKind::kMessage:
      return VisitReplyRefs(*field.message, bytes, visit);
    case FieldKind::kDeferredValue:  // Counted when it is decoded.
    case FieldKind::kText:
    case FieldKind::kBytes:
    case FieldKind::kBoolean:
    case FieldKind::kUnsigned:
    case FieldKind::kZigZag:
    case FieldKind::kSigned:
    case FieldKind::kReal:
    case FieldKind::kSlice:
      return;
  }
}

}  // namespace

bool BuildRequest(const Scope& scope, const MessageTable& table, PyObject* const* arguments,
                  size_t count, std::string* out) {
  if (count > table.fields.size()) {
    PyErr_Format(PyExc_TypeError, "at most %zu fields, but %zu were given", table.fields.size(),
                 count);
    return false;
  }
  for (size_t i = 0; i < count; ++i) {
    const Field& field = table.fields[i];
    if (LeftOut(field, arguments[i])) continue;
    const bool done = field.repeated ? AppendMany(scope, field, arguments[i], out)
                                     : AppendOne(scope, field, arguments[i], out);
    if (!done) return false;
  }
  return true;
}

void VisitReplyRefs(const MessageTable& table, std::string_view reply, const RefVisitor& visit) {
  FieldReader reader(reply);
  while (reader.Next()) {
    if (reader.type() != WireType::kBytes) continue;
    const auto field = std::find_if(
        table.fields.begin(), table.fields.end(),
        [&reader](const Field& candidate) { return candidate.number == reader.field(); });
    if (field != table.fields.end()) VisitFieldRefs(*field, reader.bytes(), visit);
  }
}

PyObject* ReadReply(const Scope& scope, const MessageTable& table,
                    const std::vector<size_t>& chosen, std::string_view reply) {
  if (chosen.empty()) return NewRef(Py_None);
  if (chosen.size() == 1) return ReadField(scope, table.fields[chosen[0]], reply);
  uint32_t wanted = 0;
  for (const size_t i : chosen) wanted |= 1u << i;
  std::array<Owned, kFieldsMax> slots;
  if (!DecodeFields(scope, table, wanted, reply, &slots)) return nullptr;
  Owned result(PyTuple_New(static_cast<Py_ssize_t>(chosen.size())));
  if (!result) return nullptr;
  for (size_t i = 0; i < chosen.size(); ++i) {
    PyTuple_SET_ITEM(result.get(), static_cast<Py_ssize_t>(i), NewRef(slots[chosen[i]].get()));
  }
  return result.Release();
}

PyObject* ReadMessage(const Scope& scope, const MessageTable& table, std::string_view message) {
  return DecodeMessage(scope, table, message);
}

}  // namespace coheld::python
