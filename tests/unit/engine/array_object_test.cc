// The array's ops as tables, each result as array.array of CPython gives it.
#include <string>

#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class ArrayOps : public OpTable {};

TEST_F(ArrayOps, GetsAndSetsItemsFromBothEnds) {
  Run(R"(
    - Array.Create a typecode="i" values=[1, 2, 3] -> name="a" created=True version=1
    - Array.Get a index=0 -> value=1
    - Array.Get a index=-1 -> value=3
    - Array.Set a index=-3 value=-5 -> version=2
    - Array.GetRange a -> values=[-5, 2, 3] length=3 typecode="i"
    - Array.Get a index=3 -> INDEX_OUT_OF_RANGE "of 3 items"
    - Array.Get a index=-4 -> INDEX_OUT_OF_RANGE
    - Array.Set a index=3 value=1 -> INDEX_OUT_OF_RANGE
  )");
}

TEST_F(ArrayOps, IntegersKeepTheirRange) {
  Run(R"(
    - Array.Create b typecode="b" values=[-128, 127] -> ok
    - Array.GetRange b -> values=[-128, 127]
    - Array.Set b index=0 value=128 -> OVERFLOW "'b'"
    - Array.Create B typecode="B" values=[255, True] -> ok
    - Array.GetRange B -> values=[255, 1]
    - Array.Set B index=0 value=-1 -> OVERFLOW
    - Array.Create h typecode="h" values=[-32768, 32767] -> ok
    - Array.GetRange h -> values=[-32768, 32767]
    - Array.Create H typecode="H" values=[65535] -> ok
    - Array.Set H index=0 value=65536 -> OVERFLOW
    - Array.Create i typecode="i" values=[-2147483648, 2147483647] -> ok
    - Array.GetRange i -> values=[-2147483648, 2147483647]
    - Array.Create I typecode="I" values=[4294967295] -> ok
    - Array.GetRange I -> values=[4294967295]
    - Array.Create q typecode="q" values=[-9223372036854775808, 9223372036854775807] -> ok
    - Array.GetRange q -> values=[-9223372036854775808, 9223372036854775807]
    - Array.Set q index=0 value=9223372036854775808 -> OVERFLOW
    - Array.Create Q typecode="Q" values=[18446744073709551615, 0] -> ok
    - Array.GetRange Q -> values=[18446744073709551615, 0]
    - Array.Set Q index=0 value=18446744073709551616 -> OVERFLOW
    - Array.Create l typecode="l" values=[-1] -> ok
    - Array.Create L typecode="L" values=[9223372036854775808] -> ok
    - Array.GetRange L -> values=[9223372036854775808]
    - Array.Inspect l -> item_bytes=8
    - Array.Inspect h -> item_bytes=2
  )");
}

TEST_F(ArrayOps, ValuesOfAnotherKindAreRefused) {
  Run(R"(
    - Array.Create a typecode="i" values=[1] -> ok
    - Array.Set a index=0 value=1.0 -> TYPECODE_MISMATCH
    - Array.Set a index=0 value="x" -> TYPECODE_MISMATCH
    - Array.Set a index=0 value=None -> TYPECODE_MISMATCH
    - Array.Create u typecode="u" values=["x"] -> ok
    - Array.Set u index=0 value="xy" -> TYPECODE_MISMATCH
    - Array.Set u index=0 value=7 -> TYPECODE_MISMATCH
    - Array.Create d typecode="d" values=["x"] -> TYPECODE_MISMATCH
    - Array.GetRange a -> values=[1]
  )");
}

TEST_F(ArrayOps, RealsAreOfSingleOrDoublePrecision) {
  Run(R"(
    - Array.Create d typecode="d" values=[1, 0.1, 1e300, inf] -> ok
    - Array.GetRange d -> values=[1.0, 0.1, 1e300, inf]
    - Array.Create f typecode="f" values=[1, 0.5, 1e300, -1e300, inf] -> ok
    - Array.GetRange f -> values=[1.0, 0.5, inf, -inf, inf]
    - Array.Set f index=0 value=0.1 -> ok
    - Array.Get f index=0 -> value=0.10000000149011612
    - Array.Set f index=1 value=3.4028235677973366e38 -> ok
    - Array.Get f index=1 -> value=inf
    - Array.Inspect f -> item_bytes=4
  )");
}

TEST_F(ArrayOps, TextsAreCodePoints) {
  Run("- Array.Create u typecode=\"u\" values=[\"a\", \"\u00e9\", \"\u20ac\", \"\U0001F600\"] -> "
      "ok");
  Run("- Array.GetRange u -> values=[\"a\", \"\u00e9\", \"\u20ac\", \"\U0001F600\"]");
  Run(R"(
    - Array.GetRange u encoding=RAW -> data=b"a\0\0\0\xe9\0\0\0\xac\x20\0\0\0\xf6\x01\0"
    - Array.SetRange u slice={stop=1} data=b"\0\xd8\0\0" -> INVALID_VALUE "55296"
    - Array.SetRange u slice={stop=1} data=b"\0\0\x11\0" -> INVALID_VALUE
    - Array.SetRange u slice={stop=1} data=b"z\0\0\0" -> ok
    - Array.Get u index=0 -> value="z"
    - Array.Create w typecode="w" length=2 -> ok
    - Array.Set w index=1 value="b" -> ok
    - Array.Inspect w -> typecode="w" item_bytes=4 length=2
    - Array.Add w index=1 amount=1 -> UNSUPPORTED_OPERAND
  )");
}

TEST_F(ArrayOps, RangesGoBothWays) {
  Run(R"(
    - Array.Create a typecode="h" values=[0, 1, 2, 3, 4, 5] -> ok
    - Array.GetRange a slice={start=1 stop=4} -> values=[1, 2, 3]
    - Array.GetRange a slice={step=-2} -> values=[5, 3, 1]
    - Array.GetRange a slice={start=-2} encoding=RAW -> data=b"\x04\0\x05\0" values=[]
    - Array.GetRange a slice={start=4 stop=0 step=-3} encoding=RAW -> data=b"\x04\0\x01\0"
    - Array.GetRange a slice={start=9} encoding=RAW -> data=b""
    - Array.GetRange a slice={step=0} -> SLICE_STEP_ZERO
    - Array.GetRange a encoding=9 -> INVALID_ARGUMENT
    - Array.SetRange a slice={start=1 stop=3} values=[10, 11] -> version=2
    - Array.SetRange a slice={step=-3} data=b"\x14\0\x15\0" -> version=3
    - Array.GetRange a -> values=[0, 10, 21, 3, 4, 20]
    - Array.SetRange a slice={start=6} values=[] -> ok
  )");
}

TEST_F(ArrayOps, RangeOfAnotherLengthIsRefusedAndNothingChanges) {
  Run(R"(
    - Array.Create a typecode="i" values=[1, 2, 3] -> version=1
    - Array.SetRange a slice={stop=2} values=[9] -> SLICE_SIZE_MISMATCH "1 items"
    - Array.SetRange a slice={stop=2} values=[9, 9, 9] -> SLICE_SIZE_MISMATCH
    - Array.SetRange a values=[7, 8, "x"] -> TYPECODE_MISMATCH
    - Array.SetRange a slice={stop=1} data=b"\0\0\0" -> INVALID_ARGUMENT "whole number"
    - Array.SetRange a slice={stop=1} data=b"\0\0\0\0" values=[1] -> INVALID_ARGUMENT
    - Array.GetRange a -> values=[1, 2, 3] version=1
  )");
}

TEST_F(ArrayOps, FillSetsEveryItemOfASlice) {
  Run(R"(
    - Array.Create a typecode="d" length=5 -> ok
    - Array.GetRange a -> values=[0.0, 0.0, 0.0, 0.0, 0.0]
    - Array.Fill a value=1 -> ok
    - Array.Fill a slice={start=1 step=2} value=2 -> ok
    - Array.GetRange a -> values=[1.0, 2.0, 1.0, 2.0, 1.0]
    - Array.Fill a value="x" -> TYPECODE_MISMATCH
  )");
}

TEST_F(ArrayOps, AddIsAtomicAndChecked) {
  Run(R"(
    - Array.Create a typecode="B" values=[250] -> version=1
    - Array.Add a index=0 amount=5 -> value=255 version=2
    - Array.Add a index=0 amount=1 -> OVERFLOW
    - Array.Add a index=0 amount=0.5 -> TYPECODE_MISMATCH
    - Array.Add a index=0 amount="x" -> UNSUPPORTED_OPERAND
    - Array.Add a index=1 amount=1 -> INDEX_OUT_OF_RANGE
    - Array.Get a index=0 -> value=255 version=2
    - Array.Create f typecode="f" values=[0.5] -> ok
    - Array.Add f index=0 amount=1 -> value=1.5
    - Array.Create Q typecode="Q" values=[18446744073709551614] -> ok
    - Array.Add Q index=0 amount=1 -> value=18446744073709551615
    - Array.Add Q index=0 amount=1 -> OVERFLOW
  )");
}

TEST_F(ArrayOps, CompareExchangeChangesOnlyWhatIsExpected) {
  Run(R"(
    - Array.Create a typecode="i" values=[1, 2] -> version=1
    - Array.CompareExchange a index=0 expected=1.0 desired=5 -> exchanged=True current=5 version=2
    - Array.CompareExchange a index=0 expected=1 desired=6 -> exchanged=False current=5 version=2
    - Array.CompareExchange a index=0 expected=5 desired="x" -> TYPECODE_MISMATCH
    - Array.CompareExchange a index=-1 expected=2 desired=3 -> exchanged=True current=3
  )");
}

TEST_F(ArrayOps, ShapeMultipliesToTheLength) {
  Run(R"(
    - Array.Create a typecode="i" values=[1, 2, 3, 4, 5, 6] shape=[2, 3] -> ok
    - Array.Inspect a -> typecode="i" item_bytes=4 length=6 shape=[2, 3]
    - Array.Create b typecode="d" shape=[2, 0, 3] -> ok
    - Array.Inspect b -> length=0 shape=[2, 0, 3]
    - Array.Create c typecode="d" shape=[4, 5] -> ok
    - Array.Inspect c -> length=20
    - Array.Create d typecode="d" length=20 shape=[4, 6] -> INVALID_ARGUMENT "20 items"
    - Array.Create d typecode="d" shape=[4294967296, 4294967296] -> INVALID_ARGUMENT
    - Array.Create d typecode="d" length=3 -> ok
    - Array.Inspect d -> shape=[3]
  )");
}

TEST_F(ArrayOps, CreateTakesItsItemsFromOneSource) {
  Run(R"(
    - Array.Create a typecode="i" values=[1] length=2 -> INVALID_ARGUMENT "one of them"
    - Array.Create a typecode="i" values=[1] data=b"\0\0\0\0" -> INVALID_ARGUMENT
    - Array.Create a typecode="x" length=2 -> INVALID_ARGUMENT "\"x\""
    - Array.Create a typecode="" length=2 -> INVALID_ARGUMENT
    - Array.Create a typecode="ii" length=2 -> INVALID_ARGUMENT
    - Array.Create a typecode="?" length=2 -> INVALID_ARGUMENT
    - Array.Create a typecode="i" data=b"\0\0\0\0\0" -> INVALID_ARGUMENT
    - Array.Create a typecode="d" length=1000000000000 -> TOO_LARGE
    - Array.Create a typecode="d" length=18446744073709551615 -> TOO_LARGE
    - Admin.Objects -> objects=[]
    - Array.Create a typecode="i" data=b"\x01\0\0\0\xff\xff\xff\xff" -> created=True
    - Array.GetRange a -> values=[1, -1]
    - Array.Create a typecode="d" length=9 -> created=False
    - Array.Create a typecode="d" exclusive=True -> OBJECT_EXISTS
    - Admin.Objects -> objects=[{name="a" type="array" size=2}]
  )");
}

TEST_F(ArrayOps, OnlyCreateMakesAnArray) {
  Run(R"(
    - Array.Set a index=0 value=1 -> OBJECT_NOT_FOUND "create it"
    - Array.SetRange a values=[] -> OBJECT_NOT_FOUND
    - Array.Fill a value=1 -> OBJECT_NOT_FOUND
    - Array.Add a index=0 amount=1 -> OBJECT_NOT_FOUND
    - Array.CompareExchange a index=0 expected=1 desired=1 -> OBJECT_NOT_FOUND
    - Array.Get a index=0 -> INDEX_OUT_OF_RANGE
    - Array.GetRange a encoding=RAW -> data=b"" typecode="" length=0
    - Array.Inspect a -> typecode="" length=0
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(ArrayOps, ChangesOnlyTheVersionThatIsExpected) {
  Run(R"(
    - Array.Create a typecode="i" length=2 -> version=1
    - Array.Set a index=0 value=1 if_version=1 -> version=2
    - Array.Set a index=0 value=2 if_version=1 -> VERSION_MISMATCH
    - Array.SetRange a values=[1, 2] if_version=1 -> VERSION_MISMATCH
    - Array.Fill a value=1 if_version=1 -> VERSION_MISMATCH
    - Array.GetRange a -> values=[1, 0] version=2
  )");
}

TEST_F(ArrayOps, LargeArraysAreReadAndWrittenInRanges) {
  KeepEngine();
  Run("- Array.Create a typecode=\"q\" length=16000000 -> ok");
  Run("- Array.Fill a slice={start=15999999} value=-1 -> ok");
  Run(R"(- Array.GetRange a slice={start=15999998} encoding=RAW
        -> data=b"\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff")");
  Run("- Array.GetRange a slice={step=-16000000} -> values=[-1]");
  Run("- Array.Create b typecode=\"b\" length=30000000 -> ok");
  Run("- Array.GetRange b -> TOO_LARGE \"in slices\"");
}

}  // namespace
}  // namespace coheld::engine::testing
