// See encode.h. A tuple is split: each item that needs a codec is encoded by itself, so that the
// rest stays readable and orderable for the daemon. A list, set or dict with such an item is
// encoded as a whole, which keeps what its items share, and cycles.
#include "client/python/src/encode.h"

#include <array>
#include <bit>
#include <cstring>
#include <iterator>
#include <string_view>

#include "client/python/src/wire.h"
#include "coheld/v1/common.pb.h"

namespace coheld::python {
namespace {

using Wire = coheld::v1::Value;

enum class Outcome { kDone, kNotNative, kError };

// Digits beyond which an integer is pickled: the daemon's limit for big integers.
constexpr size_t kBigIntegerDigitsMax = 4096;

class ValueEncoder {
 public:
  ValueEncoder(const Scope& scope, bool is_key, std::string* out)
      : scope_(scope), is_key_(is_key), out_(out) {}

  // Appends `field`; what is not native becomes opaque.
  bool Root(uint32_t field, PyObject* object) {
    const size_t start = out_->size();
    const Outcome outcome = Field(field, object, 1, /*splittable=*/true);
    if (outcome == Outcome::kNotNative) return Encoded(field, object, start);
    return outcome == Outcome::kDone;
  }

  // Encodes without any codec, or tells that it takes one.
  Outcome Whole(PyObject* object) { return Field(1, object, 1, /*splittable=*/false); }

 private:
  Outcome Field(uint32_t field, PyObject* object, int depth, bool splittable) {
    PyTypeObject* const type = Py_TYPE(object);
    if (type == &PyUnicode_Type) return Text(field, object);
    if (type == &PyLong_Type) return Integer(field, object);
    if (type == &PyFloat_Type) return Real(field, object);
    if (type == &PyBool_Type) return Small(field, Wire::kBooleanFieldNumber, object == Py_True);
    if (object == Py_None) return Small(field, Wire::kNullFieldNumber, 0);
    if (type == &PyBytes_Type) {
      return Leaf(field, Wire::kBytesFieldNumber,
                  {PyBytes_AS_STRING(object), static_cast<size_t>(PyBytes_GET_SIZE(object))});
    }
    return Compound(field, object, depth, splittable);
  }

  Outcome Compound(uint32_t field, PyObject* object, int depth, bool splittable) {
    if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(hooks.proxy_type))) {
      return Ref(field, object);
    }
    if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(hooks.shell_type))) {
      return Shell(field, object);
    }
    PyTypeObject* const type = Py_TYPE(object);
    if (type == reinterpret_cast<PyTypeObject*>(hooks.opaque_type)) return Opaque(field, object);
    const bool container = type == &PyTuple_Type || type == &PyList_Type || type == &PyDict_Type ||
                           type == &PySet_Type;
    if (!container || depth > kNestingMax) return Outcome::kNotNative;
    OpenField value(field, out_);
    const Outcome outcome = Container(object, depth, splittable);
    if (outcome == Outcome::kDone) value.Close();
    return outcome;
  }

  Outcome Container(PyObject* object, int depth, bool splittable) {
    PyTypeObject* const type = Py_TYPE(object);
    if (type == &PyDict_Type) return Map(object, depth);
    if (type == &PySet_Type) return Set(object, depth);
    const bool tuple = type == &PyTuple_Type;
    OpenField items(tuple ? Wire::kTupleFieldNumber : Wire::kListFieldNumber, out_);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(object); ++i) {
      const Owned item(NewRef(PySequence_Fast_GET_ITEM(object, i)));
      const Outcome outcome = Item(item.get(), depth, splittable && tuple);
      if (outcome != Outcome::kDone) return outcome;
    }
    items.Close();
    return Outcome::kDone;
  }

  // An item of a tuple may be opaque by itself, that of another container may not.
  Outcome Item(PyObject* item, int depth, bool splittable) {
    constexpr uint32_t kItems = v1::ValueList::kItemsFieldNumber;
    const size_t start = out_->size();
    const Outcome outcome = Field(kItems, item, depth + 1, splittable);
    if (outcome != Outcome::kNotNative || !splittable) return outcome;
    return Encoded(kItems, item, start) ? Outcome::kDone : Outcome::kError;
  }

  Outcome Set(PyObject* object, int depth) {
    OpenField items(Wire::kSetFieldNumber, out_);
    const Owned iterator(PyObject_GetIter(object));
    if (!iterator) return Outcome::kError;
    while (PyObject* next = PyIter_Next(iterator.get())) {
      const Owned item(next);
      const Outcome outcome = Item(item.get(), depth, /*splittable=*/false);
      if (outcome != Outcome::kDone) return outcome;
    }
    if (PyErr_Occurred()) return Outcome::kError;
    items.Close();
    return Outcome::kDone;
  }

  Outcome Map(PyObject* object, int depth) {
    OpenField map(Wire::kMapFieldNumber, out_);
    Py_ssize_t position = 0;
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    while (PyDict_Next(object, &position, &key, &value)) {
      const Owned held_key(NewRef(key));
      const Owned held_value(NewRef(value));
      OpenField entry(v1::ValueMap::kEntriesFieldNumber, out_);
      Outcome outcome = Field(v1::Entry::kKeyFieldNumber, key, depth + 1, false);
      if (outcome == Outcome::kDone) {
        outcome = Field(v1::Entry::kValueFieldNumber, value, depth + 1, false);
      }
      if (outcome != Outcome::kDone) return outcome;
      entry.Close();
    }
    map.Close();
    return Outcome::kDone;
  }

  // Lone surrogates have no UTF-8: such a text is pickled.
  Outcome Text(uint32_t field, PyObject* object) {
    Py_ssize_t size = 0;
    const char* const utf8 = PyUnicode_AsUTF8AndSize(object, &size);
    if (utf8 != nullptr) {
      return Leaf(field, Wire::kTextFieldNumber, {utf8, static_cast<size_t>(size)});
    }
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) return Outcome::kError;
    PyErr_Clear();
    return Outcome::kNotNative;
  }

  Outcome Integer(uint32_t field, PyObject* object) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) return Small(field, Wire::kIntegerFieldNumber, ZigZag(number));
    return BigInteger(field, object);
  }

  Outcome BigInteger(uint32_t field, PyObject* object) {
    const Owned digits(PyObject_Str(object));
    if (!digits) {  // Over sys.get_int_max_str_digits().
      PyErr_Clear();
      return Outcome::kNotNative;
    }
    Py_ssize_t size = 0;
    const char* const text = PyUnicode_AsUTF8AndSize(digits.get(), &size);
    if (text == nullptr) return Outcome::kError;
    if (static_cast<size_t>(size) > kBigIntegerDigitsMax) return Outcome::kNotNative;
    return Leaf(field, Wire::kBigIntegerFieldNumber, {text, static_cast<size_t>(size)});
  }

  Outcome Real(uint32_t field, PyObject* object) {
    const auto bits = std::bit_cast<uint64_t>(PyFloat_AS_DOUBLE(object));
    VarintRow()
        .AddTag(field, WireType::kBytes)
        .Add(1 + sizeof bits)
        .AddTag(Wire::kRealFieldNumber, WireType::kFixed64)
        .AppendTo(out_);
    out_->append(reinterpret_cast<const char*>(&bits), sizeof bits);
    return Outcome::kDone;
  }

  // A Value of one varint field.
  Outcome Small(uint32_t field, int kind, uint64_t number) {
    VarintRow()
        .AddTag(field, WireType::kBytes)
        .Add(1 + VarintBytes(number))
        .AddTag(static_cast<uint32_t>(kind), WireType::kVarint)
        .Add(number)
        .AppendTo(out_);
    return Outcome::kDone;
  }

  // A Value of one length-delimited field.
  Outcome Leaf(uint32_t field, int kind, std::string_view bytes) {
    VarintRow()
        .AddTag(field, WireType::kBytes)
        .Add(1 + VarintBytes(bytes.size()) + bytes.size())
        .AddTag(static_cast<uint32_t>(kind), WireType::kBytes)
        .Add(bytes.size())
        .AppendTo(out_);
    out_->append(bytes);
    return Outcome::kDone;
  }

  // A proxy of this very client is a ref; one of another daemon can only be pickled.
  Outcome Ref(uint32_t field, PyObject* proxy) {
    const Owned client(PyObject_GetAttrString(proxy, "_client"));
    if (!client) return Outcome::kError;
    if (client.get() != scope_.client) return Outcome::kNotNative;
    OpenField value(field, out_);
    if (!RefField(Wire::kRefFieldNumber, proxy)) return Outcome::kError;
    value.Close();
    return Outcome::kDone;
  }

  bool RefField(int field, PyObject* proxy) {
    const Owned name(PyObject_GetAttrString(proxy, "_name"));
    const Owned word(PyObject_GetAttrString(proxy, "_type_word"));
    if (!name || !word) return false;
    OpenField ref(static_cast<uint32_t>(field), out_);
    if (!TextField(v1::Ref::kNameFieldNumber, name.get()) ||
        !TextField(v1::Ref::kTypeFieldNumber, word.get())) {
      return false;
    }
    ref.Close();
    return true;
  }

  // A hosted object's proxy is of the stdlib's classes; one of a stdlib manager has no handle.
  Outcome Shell(uint32_t field, PyObject* shell) {
    const Owned handle(PyObject_CallOneArg(hooks.handle_of, shell));
    if (!handle) return Outcome::kError;
    return handle.get() == Py_None ? Outcome::kNotNative : Ref(field, handle.get());
  }

  bool TextField(int field, PyObject* text) {
    Py_ssize_t size = 0;
    const char* const utf8 = PyUnicode_AsUTF8AndSize(text, &size);
    if (utf8 == nullptr) return false;
    AppendBytes(static_cast<uint32_t>(field), {utf8, static_cast<size_t>(size)}, out_);
    return true;
  }

  Outcome Opaque(uint32_t field, PyObject* object) {
    const Owned codec(PyObject_GetAttrString(object, "codec"));
    const Owned data(PyObject_GetAttrString(object, "data"));
    if (!codec || !data) return Outcome::kError;
    if (!PyBytes_Check(data.get())) {
      PyErr_SetString(PyExc_TypeError, "Opaque.data must be bytes");
      return Outcome::kError;
    }
    OpenField value(field, out_);
    if (!OpaqueBody(codec.get(), data.get(), nullptr)) return Outcome::kError;
    value.Close();
    return Outcome::kDone;
  }

  // `proxies` may be null.
  bool OpaqueBody(PyObject* codec, PyObject* data, PyObject* proxies) {
    OpenField opaque(Wire::kOpaqueFieldNumber, out_);
    if (!TextField(v1::Opaque::kCodecFieldNumber, codec)) return false;
    AppendBytes(v1::Opaque::kDataFieldNumber,
                {PyBytes_AS_STRING(data), static_cast<size_t>(PyBytes_GET_SIZE(data))}, out_);
    for (Py_ssize_t i = 0; proxies != nullptr && i < PyList_GET_SIZE(proxies); ++i) {
      if (!RefField(v1::Opaque::kRefsFieldNumber, PyList_GET_ITEM(proxies, i))) return false;
    }
    opaque.Close();
    return true;
  }

  // Replaces what was written since `start` by the object as the client's codec writes it.
  bool Encoded(uint32_t field, PyObject* object, size_t start) {
    out_->resize(start);
    if (scope_.codec.empty()) {
      const Owned error(PyObject_CallOneArg(hooks.unsupported, object));
      if (error) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.get())), error.get());
      return false;
    }
    const Owned codec(PyUnicode_FromStringAndSize(scope_.codec.data(), std::ssize(scope_.codec)));
    const Owned encoded(PyObject_CallFunctionObjArgs(
        is_key_ ? hooks.encode_key : hooks.encode_value, scope_.client, object, nullptr));
    if (!codec || !encoded) return false;
    PyObject* data = nullptr;
    PyObject* proxies = nullptr;
    if (!PyArg_ParseTuple(encoded.get(), "O!O!", &PyBytes_Type, &data, &PyList_Type, &proxies)) {
      return false;
    }
    OpenField value(field, out_);
    if (!OpaqueBody(codec.get(), data, proxies)) return false;
    value.Close();
    return true;
  }

  const Scope& scope_;
  bool is_key_;
  std::string* out_;
};

// Writes what is short and has no parts, which is most of what comes by the thousands, where one
// byte each is room for tags and lengths. The bytes are those of ValueEncoder.
class PlainWriter {
 public:
  // What one value takes at most; an Entry of two still has one byte of length.
  static constexpr size_t kBytesMax = 60;
  static_assert(2 * kBytesMax < 0x80);

  // `at` has room for kBytesMax. Returns what follows the value, or nullptr if it is none of these.
  static char* Write(uint32_t field, PyObject* object, char* at) {
    *at++ = Tag(field, WireType::kBytes);
    PyTypeObject* const type = Py_TYPE(object);
    if (type == &PyLong_Type) {
      int overflow = 0;
      const long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
      return overflow == 0 ? Number(Wire::kIntegerFieldNumber, ZigZag(number), at) : nullptr;
    }
    if (type == &PyUnicode_Type) {
      if (!PyUnicode_IS_COMPACT_ASCII(object)) return nullptr;
      return Text(Wire::kTextFieldNumber, PyUnicode_1BYTE_DATA(object),
                  PyUnicode_GET_LENGTH(object), at);
    }
    if (type == &PyFloat_Type) return Real(PyFloat_AS_DOUBLE(object), at);
    if (type == &PyBool_Type) return Number(Wire::kBooleanFieldNumber, object == Py_True, at);
    if (object == Py_None) return Number(Wire::kNullFieldNumber, 0, at);
    if (type != &PyBytes_Type) return nullptr;
    return Text(Wire::kBytesFieldNumber, PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object), at);
  }

 private:
  static char Tag(uint32_t field, WireType type) {
    return static_cast<char>(wire::FieldTag(field, type));
  }

  static char* Number(int kind, uint64_t number, char* at) {
    char* const length = at++;
    *at++ = Tag(static_cast<uint32_t>(kind), WireType::kVarint);
    at = wire::WriteVarint(number, at);
    *length = static_cast<char>(at - length - 1);
    return at;
  }

  static char* Text(int kind, const void* bytes, Py_ssize_t size, char* at) {
    constexpr size_t kHeadBytes = 4;  // Two tags, two lengths.
    if (static_cast<size_t>(size) > kBytesMax - kHeadBytes) return nullptr;
    *at++ = static_cast<char>(size + 2);
    *at++ = Tag(static_cast<uint32_t>(kind), WireType::kBytes);
    *at++ = static_cast<char>(size);
    std::memcpy(at, bytes, static_cast<size_t>(size));
    return at + size;
  }

  static char* Real(double number, char* at) {
    *at++ = 1 + sizeof number;
    *at++ = Tag(Wire::kRealFieldNumber, WireType::kFixed64);
    std::memcpy(at, &number, sizeof number);
    return at + sizeof number;
  }
};

}  // namespace

Py_ssize_t EncodePlain(uint32_t field, PyObject* list, Py_ssize_t begin, std::string* out) {
  std::array<char, 4096> gathered;
  char* at = gathered.data();
  Py_ssize_t place = begin;
  for (; place < PyList_GET_SIZE(list); ++place) {
    if (static_cast<size_t>(gathered.data() + gathered.size() - at) < PlainWriter::kBytesMax) {
      out->append(gathered.data(), static_cast<size_t>(at - gathered.data()));
      at = gathered.data();
    }
    char* const next = PlainWriter::Write(field, PyList_GET_ITEM(list, place), at);
    if (next == nullptr) break;
    at = next;
  }
  out->append(gathered.data(), static_cast<size_t>(at - gathered.data()));
  return place;
}

bool EncodePlainEntry(uint32_t field, PyObject* key, PyObject* value, std::string* out) {
  std::array<char, 2 + 2 * PlainWriter::kBytesMax> entry;
  char* at = PlainWriter::Write(v1::Entry::kKeyFieldNumber, key, entry.data() + 2);
  if (at != nullptr) at = PlainWriter::Write(v1::Entry::kValueFieldNumber, value, at);
  if (at == nullptr) return false;
  entry[0] = static_cast<char>(wire::FieldTag(field, WireType::kBytes));
  entry[1] = static_cast<char>(at - entry.data() - 2);
  out->append(entry.data(), static_cast<size_t>(at - entry.data()));
  return true;
}

bool EncodeValue(const Scope& scope, uint32_t field, PyObject* object, std::string* out) {
  return ValueEncoder(scope, /*is_key=*/false, out).Root(field, object);
}

bool EncodeKey(const Scope& scope, uint32_t field, PyObject* object, std::string* out) {
  if (!PyUnicode_CheckExact(object) && PyObject_Hash(object) == -1) return false;
  return ValueEncoder(scope, /*is_key=*/true, out).Root(field, object);
}

std::optional<bool> IsNative(const Scope& scope, PyObject* object) {
  std::string scratch;
  const Outcome outcome = ValueEncoder(scope, /*is_key=*/false, &scratch).Whole(object);
  if (outcome == Outcome::kError) return std::nullopt;
  return outcome == Outcome::kDone;
}

}  // namespace coheld::python
