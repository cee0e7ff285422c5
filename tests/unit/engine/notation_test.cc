// The tests' own notation and fixture: a table that does not hold must fail.
#include "tests/unit/engine/notation.h"

#include <string>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "coheld/v1/queue.pb.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

TEST(Notation, ValuesComeBackAsTheyWereWritten) {
  for (const std::string text : {"None",
                                 "True",
                                 "False",
                                 "0",
                                 "-5",
                                 "9223372036854775807",
                                 "-9223372036854775808",
                                 "18446744073709551616",
                                 "1.5",
                                 "-0.25",
                                 "1e+300",
                                 "inf",
                                 "-inf",
                                 "nan",
                                 "\"a\\\"b\\n\"",
                                 "\"é\"",
                                 "b\"\\000\\377\"",
                                 "[1, [2], []]",
                                 "(1, 2)",
                                 "(1,)",
                                 "()",
                                 "{1, 2}",
                                 "set()",
                                 "{\"a\": 1, 2: [3]}",
                                 "{}",
                                 "ref(\"l\", \"list\")",
                                 "opaque(\"pickle\", b\"\\200\")"}) {
    Reader reader(text);
    EXPECT_EQ(Show(ToValue(reader.ReadTerm())), text);
    EXPECT_TRUE(reader.AtEnd()) << text;
  }
}

TEST(Notation, FieldsThatAreNotNamedAreNotCompared) {
  v1::QueueLenReply reply;
  reply.set_length(3);
  reply.set_kind(v1::QUEUE_KIND_LIFO);
  const auto mismatch = [&](std::string_view text) {
    return Mismatch(Reader(text).ReadFields(), reply);
  };
  EXPECT_EQ(mismatch("length=3"), "");
  EXPECT_EQ(mismatch("kind=LIFO maxsize=0"), "");
  EXPECT_NE(mismatch("length=4"), "");
  EXPECT_NE(mismatch("length=3 unfinished=1"), "");
  EXPECT_NE(mismatch("kind=FIFO"), "");
}

TEST(Notation, UnknownFieldsAndOpenBracketsAreErrors) {
  v1::QueueLenReply reply;
  EXPECT_THROW(Mismatch(Reader("size=3").ReadFields(), reply), BadNotation);
  EXPECT_THROW(Reader("[1, 2").ReadTerm(), BadNotation);
  EXPECT_THROW(Reader("\"open").ReadTerm(), BadNotation);
  EXPECT_THROW(Reader("{1: 2").ReadTerm(), BadNotation);
  EXPECT_THROW(ToValue(Reader("none").ReadTerm()), BadNotation);
}

// A table outside of a test of its own, to see it fail.
class Table : public OpTable {
  void TestBody() override {}
};

void RunOneLine(const std::string& line) {
  Table table;
  table.Run("- Queue.Create q maxsize=1 -> created=True");
  table.Run("- Queue.Put q value=1 -> length=1");
  table.Run("- Queue.Put q value=2 -> parked #a");
  table.Run(line);
}

TEST(OpTable, FailsWhenALineDoesNotHold) {
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Peek q -> value=7"), "1 instead of 7");
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Peek q -> value=absent"), "present");
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Put q value=3 -> length=2"), "it parked");
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Join q timeout_ms=0 -> parked #b"), "did not park");
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Len q -> lenght=1"), "no field");
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Length q -> length=1"), "no method");
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Len q"), "-> is missing");
  EXPECT_NONFATAL_FAILURE(RunOneLine("cancel #b"), "nothing was parked as #b");
}

TEST(OpTable, FailsOnAReplyThatIsNotExpectedAndOnAMissingOne) {
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Get q -> value=1"), "unexpected reply: #a length=1");
  EXPECT_NONFATAL_FAILURE(RunOneLine("cancel #a"), "unexpected reply: #a CANCELLED");
  EXPECT_NONFATAL_FAILURE(RunOneLine("- Queue.Peek q -> value=1; #a length=1"), "no reply for #a");
}

}  // namespace
}  // namespace coheld::engine::testing
