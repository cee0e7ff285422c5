// Fuzzes values: the way in and out again, and the laws of equality, hash, order and arithmetic.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <google/protobuf/stubs/logging.h>

#include "proto/wire/check.h"
#include "server/engine/registry.h"
#include "server/engine/value.h"
#include "server/engine/value_codec.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/shape.h"

namespace coheld::fuzz {
namespace {

using engine::Value;
using engine::ValueKind;
using wire::Result;

constexpr size_t kValues = 4;
constexpr size_t kRoundTripBytesMax = 64
                                      << 10;  // Larger results would take the time of many inputs.

bool HoldsNan(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kReal:
      return std::isnan(value.real());
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet:
      return std::any_of(value.items().begin(), value.items().end(), HoldsNan);
    case ValueKind::kMap:
      return std::any_of(value.entries().begin(), value.entries().end(), [](const auto& entry) {
        return HoldsNan(entry.first) || HoldsNan(entry.second);
      });
    case ValueKind::kNull:
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kBigInteger:
    case ValueKind::kText:
    case ValueKind::kBytes:
    case ValueKind::kRef:
    case ValueKind::kOpaque:
      return false;
  }
  return false;
}

// What came in goes out, and comes in the same again.
void CheckRoundTrip(const Value& value) {
  v1::Value wire;
  engine::ToWire(value, &wire);
  const Result<Value> again = engine::FromWire(wire);
  COHELD_CHECK(again.ok());
  COHELD_CHECK(HoldsNan(value) || again.value() == value);
  COHELD_CHECK(again.value().kind() == value.kind());
  v1::Value wire_again;
  engine::ToWire(again.value(), &wire_again);
  COHELD_CHECK(wire.SerializeAsString() == wire_again.SerializeAsString());
}

void CheckAlone(const Value& value) {
  CheckRoundTrip(value);
  const Value copy = value;
  COHELD_CHECK(HoldsNan(value) || copy == value);
  if (value.hashable()) COHELD_CHECK(copy.Hash() == value.Hash());
}

void CheckPair(const Value& a, const Value& b) {
  COHELD_CHECK((a == b) == (b == a));
  if (a == b && a.hashable() && b.hashable()) COHELD_CHECK(a.Hash() == b.Hash());
  const Result<std::partial_ordering> order = Compare(a, b);
  const Result<std::partial_ordering> reverse = Compare(b, a);
  COHELD_CHECK(order.ok() == reverse.ok());
  if (order.ok()) {
    COHELD_CHECK((order.value() < 0) == (reverse.value() > 0));
    COHELD_CHECK((order.value() == 0) == (reverse.value() == 0));
    if (!HoldsNan(a) && !HoldsNan(b)) COHELD_CHECK((order.value() == 0) == (a == b));
  }
  for (int op = 0; op <= v1::Operator_MAX + 1; ++op) {
    const Result<Value> result = Apply(static_cast<v1::Operator>(op), a, b);
    if (result.ok() && result.value().owned_bytes() < kRoundTripBytesMax) {
      CheckRoundTrip(result.value());
    }
  }
}

void CheckThree(const Value& a, const Value& b, const Value& c) {
  if (a == b && b == c) COHELD_CHECK(a == c);
  const Result<std::partial_ordering> first = Compare(a, b);
  const Result<std::partial_ordering> second = Compare(b, c);
  const Result<std::partial_ordering> both = Compare(a, c);
  if (!first.ok() || !second.ok() || !both.ok()) return;
  if (first.value() < 0 && second.value() < 0) COHELD_CHECK(both.value() < 0);
}

}  // namespace
}  // namespace coheld::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace coheld::fuzz;
  google::protobuf::SetLogHandler(nullptr);
  ByteSource source(bytes, size);
  std::vector<Value> values;
  while (!source.empty() && values.size() < kValues) {
    coheld::v1::Value wire;
    if (source.Below(4) == 0) {
      if (!coheld::engine::ParseRequest(source.Bytes(source.Short()), &wire)) continue;
    } else {
      Shape(source, &wire);
    }
    Result<Value> value = coheld::engine::FromWire(wire);
    if (value.ok()) values.push_back(std::move(value).value());
  }
  for (const Value& a : values) {
    CheckAlone(a);
    for (const Value& b : values) {
      CheckPair(a, b);
      for (const Value& c : values) CheckThree(a, b, c);
    }
  }
  return 0;
}
