// See decode.h.
#include "client/python/src/decode.h"

#include <bit>
#include <cstring>
#include <string>

#include "coheld/v1/common.pb.h"

namespace coheld::python {
namespace {

using Wire = coheld::v1::Value;

PyObject* Text(std::string_view bytes) {
  return PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), nullptr);
}

PyObject* BytesObject(std::string_view bytes) {
  return PyBytes_FromStringAndSize(bytes.data(), static_cast<Py_ssize_t>(bytes.size()));
}

// Reads a varint that takes all of the bytes, else returns nullptr without an exception.
PyObject* Integer(std::string_view varint) {
  uint64_t number = 0;
  for (size_t i = 0; i < varint.size() && i < wire::kVarintBytesMax; ++i) {
    const auto byte = static_cast<unsigned char>(varint[i]);
    number |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    return i + 1 == varint.size() ? PyLong_FromLongLong(UnZigZag(number)) : nullptr;
  }
  return nullptr;
}

// Decodes what is short and has no parts, which is most of what comes by the thousands; runs no
// Python code. nullptr without an exception: it is something else, or not written as usual.
PyObject* Plain(std::string_view value) {
  if (value.size() < 2) return nullptr;
  const char tag = value.front();
  value.remove_prefix(1);
  const auto first = static_cast<unsigned char>(value.front());
  switch (tag) {
    case Wire::kIntegerFieldNumber << 3:
      return Integer(value);
    case (Wire::kTextFieldNumber << 3) | static_cast<int>(WireType::kBytes):
      return first < 0x80 && first == value.size() - 1 ? Text(value.substr(1)) : nullptr;
    case (Wire::kBytesFieldNumber << 3) | static_cast<int>(WireType::kBytes):
      return first < 0x80 && first == value.size() - 1 ? BytesObject(value.substr(1)) : nullptr;
    case (Wire::kRealFieldNumber << 3) | static_cast<int>(WireType::kFixed64): {
      double number = 0;
      if (value.size() != sizeof number) return nullptr;
      std::memcpy(&number, value.data(), sizeof number);
      return PyFloat_FromDouble(number);
    }
    case Wire::kBooleanFieldNumber << 3:
      return value.size() == 1 && first < 0x80 ? PyBool_FromLong(first) : nullptr;
    case Wire::kNullFieldNumber << 3:
      return value.size() == 1 && first < 0x80 ? NewRef(Py_None) : nullptr;
    default:
      return nullptr;
  }
}

PyObject* List(const Scope& scope, std::string_view body, int depth) {
  Owned list;
  FieldReader reader(body);
  while (reader.Next()) {
    if (reader.field() != v1::ValueList::kItemsFieldNumber) continue;
    if (!list) {
      list = Owned(DecodeValues(scope, &reader, depth + 1));
      if (!list) return nullptr;
      continue;
    }
    const Owned item(DecodeValue(scope, reader.bytes(), depth + 1));
    if (!item || PyList_Append(list.get(), item.get()) != 0) return nullptr;
  }
  if (reader.broken()) return BrokenReply();
  return list ? list.Release() : PyList_New(0);
}

PyObject* Tuple(const Scope& scope, std::string_view body, int depth) {
  const Owned list(List(scope, body, depth));
  return list ? PyList_AsTuple(list.get()) : nullptr;
}

PyObject* Set(const Scope& scope, std::string_view body, int depth) {
  const Owned list(List(scope, body, depth));
  return list ? PySet_New(list.get()) : nullptr;
}

PyObject* Map(const Scope& scope, std::string_view body, int depth) {
  Owned map(PyDict_New());
  if (!map) return nullptr;
  FieldReader reader(body);
  while (reader.Next()) {
    if (reader.field() != v1::ValueMap::kEntriesFieldNumber) continue;
    const Owned entry(DecodeEntry(scope, reader.bytes(), depth + 1));
    if (!entry || PyDict_SetItem(map.get(), PyTuple_GET_ITEM(entry.get(), 0),
                                 PyTuple_GET_ITEM(entry.get(), 1)) != 0) {
      return nullptr;
    }
  }
  return reader.broken() ? BrokenReply() : map.Release();
}

// The two length-delimited fields 1 and 2 of Ref and Opaque.
bool Pair(std::string_view body, std::string_view* first, std::string_view* second) {
  FieldReader reader(body);
  while (reader.Next()) {
    if (reader.field() == 1) *first = reader.bytes();
    if (reader.field() == 2) *second = reader.bytes();
  }
  return !reader.broken();
}

// True for the codecs whose data runs code when it is decoded.
bool RunsCode(std::string_view codec) {
  return codec == "pickle" || codec == "cloudpickle" || codec == "dill";
}

// A client decodes its own codec; one that trusts any kind of pickle trusts plain ones too.
bool Trusted(const Scope& scope, std::string_view codec) {
  return codec == scope.codec || (codec == "pickle" && RunsCode(scope.codec));
}

PyObject* Opaque(const Scope& scope, std::string_view body) {
  std::string_view codec, data;
  if (!Pair(body, &codec, &data)) return BrokenReply();
  const Owned data_bytes(BytesObject(data));
  if (!data_bytes) return nullptr;
  const Owned codec_text(Text(codec));
  if (!codec_text) return nullptr;
  if (!scope.raw && Trusted(scope, codec)) {
    return PyObject_CallFunctionObjArgs(hooks.decode, codec_text.get(), data_bytes.get(), nullptr);
  }
  if (scope.raw || !RunsCode(codec)) {
    return PyObject_CallFunctionObjArgs(hooks.opaque_type, codec_text.get(), data_bytes.get(),
                                        nullptr);
  }
  const Owned error(
      PyObject_CallFunctionObjArgs(hooks.refused, codec_text.get(), data_bytes.get(), nullptr));
  if (error) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
  return nullptr;
}

PyObject* Kind(const Scope& scope, const FieldReader& field, int depth) {
  switch (field.field()) {
    case Wire::kBooleanFieldNumber:
      return PyBool_FromLong(field.number() != 0);
    case Wire::kIntegerFieldNumber:
      return PyLong_FromLongLong(UnZigZag(field.number()));
    case Wire::kBigIntegerFieldNumber:
      return PyLong_FromString(std::string(field.bytes()).c_str(), nullptr, 10);
    case Wire::kRealFieldNumber:
      return PyFloat_FromDouble(std::bit_cast<double>(field.number()));
    case Wire::kTextFieldNumber:
      return Text(field.bytes());
    case Wire::kBytesFieldNumber:
      return BytesObject(field.bytes());
    case Wire::kListFieldNumber:
      return List(scope, field.bytes(), depth);
    case Wire::kTupleFieldNumber:
      return Tuple(scope, field.bytes(), depth);
    case Wire::kSetFieldNumber:
      return Set(scope, field.bytes(), depth);
    case Wire::kMapFieldNumber:
      return Map(scope, field.bytes(), depth);
    case Wire::kRefFieldNumber:
      return DecodeRef(scope, field.bytes());
    case Wire::kOpaqueFieldNumber:
      return Opaque(scope, field.bytes());
    default:  // Null, and a kind that a newer daemon invented.
      return NewRef(Py_None);
  }
}

void VisitRef(std::string_view ref, const RefVisitor& visit) {
  FieldReader name(ref);
  if (name.Next() && name.field() == v1::Ref::kNameFieldNumber) visit(name.bytes());
}

}  // namespace

PyObject* BrokenReply() {
  PyErr_SetString(PyExc_ValueError, "the daemon sent a reply that is not a valid message");
  return nullptr;
}

PyObject* DecodeValue(const Scope& scope, std::string_view value, int depth) {
  // One more than a sender may nest: the daemon wraps nothing deeper.
  if (depth > kNestingMax + 2) return BrokenReply();
  if (PyObject* const plain = Plain(value)) return plain;
  if (PyErr_Occurred() != nullptr) return nullptr;
  FieldReader reader(value);
  if (!reader.Next()) return reader.broken() ? BrokenReply() : NewRef(Py_None);
  return Kind(scope, reader, depth);
}

PyObject* DecodeValues(const Scope& scope, FieldReader* reader, int depth) {
  if (depth > kNestingMax + 2) return BrokenReply();
  const uint32_t field = reader->field();
  Py_ssize_t room = 1;
  for (FieldReader ahead = *reader; ahead.NextShort(field);) ++room;
  Owned list(PyList_New(room));
  if (!list) return nullptr;
  Py_ssize_t size = 0;
  PyObject* item = Plain(reader->bytes());
  while (item != nullptr) {
    PyList_SET_ITEM(list.get(), size++, item);
    if (size == room || !reader->NextShort(field)) return list.Release();
    item = Plain(reader->bytes());
  }
  // No other code sees the list before it has exactly what was decoded.
  Py_SET_SIZE(reinterpret_cast<PyVarObject*>(list.get()), size);
  if (PyErr_Occurred() != nullptr) return nullptr;
  const Owned other(DecodeValue(scope, reader->bytes(), depth));
  if (!other || PyList_Append(list.get(), other.get()) != 0) return nullptr;
  return list.Release();
}

PyObject* DecodeRef(const Scope& scope, std::string_view body) {
  std::string_view name, word;
  if (!Pair(body, &name, &word)) return BrokenReply();
  const Owned name_text(Text(name));
  const Owned word_text(Text(word));
  if (!name_text || !word_text) return nullptr;
  return PyObject_CallFunctionObjArgs(hooks.make_proxy, scope.client, word_text.get(),
                                      name_text.get(), nullptr);
}

void VisitRefs(std::string_view value, const RefVisitor& visit, int depth) {
  if (depth > kNestingMax + 2) return;
  FieldReader kind(value);
  if (!kind.Next()) return;
  FieldReader parts(kind.bytes());
  switch (kind.field()) {
    case Wire::kListFieldNumber:
    case Wire::kTupleFieldNumber:
    case Wire::kSetFieldNumber:
      while (parts.Next()) VisitRefs(parts.bytes(), visit, depth + 1);
      return;
    case Wire::kMapFieldNumber:
      while (parts.Next()) VisitEntryRefs(parts.bytes(), visit, depth + 1);
      return;
    case Wire::kRefFieldNumber:
      return VisitRef(kind.bytes(), visit);
    case Wire::kOpaqueFieldNumber:
      while (parts.Next()) {
        if (parts.field() == v1::Opaque::kRefsFieldNumber) VisitRef(parts.bytes(), visit);
      }
      return;
    default:  // Holds no Ref.
      return;
  }
}

void VisitEntryRefs(std::string_view entry, const RefVisitor& visit, int depth) {
  FieldReader parts(entry);
  while (parts.Next()) VisitRefs(parts.bytes(), visit, depth);
}

PyObject* DecodeEntry(const Scope& scope, std::string_view entry, int depth) {
  Owned key(NewRef(Py_None));
  Owned value(NewRef(Py_None));
  FieldReader reader(entry);
  while (reader.Next()) {
    if (reader.field() == v1::Entry::kKeyFieldNumber) {
      key = Owned(DecodeValue(scope, reader.bytes(), depth));
    } else if (reader.field() == v1::Entry::kValueFieldNumber) {
      value = Owned(DecodeValue(scope, reader.bytes(), depth));
    }
    if (!key || !value) return nullptr;
  }
  return reader.broken() ? BrokenReply() : PyTuple_Pack(2, key.get(), value.get());
}

}  // namespace coheld::python
