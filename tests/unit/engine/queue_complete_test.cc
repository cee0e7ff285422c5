// Queue.Complete as tables: an ack and writes to other objects, all or nothing.
#include <memory>
#include <string>
#include <string_view>

#include <google/protobuf/message.h>

#include "proto/wire/methods.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

// Returns bytes as the notation writes them.
std::string Quoted(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string quoted = "b\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    quoted += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return quoted + '"';
}

// Returns a QueueWrite in the notation: of a method, with the fields of its request.
std::string Write(const std::string& method, std::string_view fields) {
  for (const wire::MethodRow& row : wire::Methods()) {
    if (row.name != method) continue;
    const std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()
            ->GetPrototype(row.descriptor->input_type())
            ->New());
    Fill(Reader(fields).ReadFields(), request.get());
    return "{method=" + std::to_string(row.number) +
           " payload=" + Quoted(request->SerializeAsString()) + "}";
  }
  throw BadNotation("no method " + method);
}

class QueueComplete : public OpTable {
 public:
  // Session 1 has the item of "{j}q" as delivery 1.
  void SetUp() override {
    Run(R"(
      - Queue.Put {j}q value="task" -> length=1
      s1 Queue.Lease {j}q -> deliveries=[{delivery=1}]
    )");
  }

  // Completes delivery 1 with these writes and compares the outcome.
  void Complete(const std::string& writes, const std::string& expected) {
    Run("s1 Queue.Complete {j}q delivery=1 writes=[" + writes + "] -> " + expected);
  }
};

TEST_F(QueueComplete, DoesTheWritesAndTheAck) {
  Complete(Write("Dict.Set", R"(name="{j}d" key="a" value=1)") + ", " +
               Write("List.Append", R"(name="{j}l" value=2)") + ", " +
               Write("Counter.Add", R"(name="{j}c" amount=3)"),
           "unfinished=0 replies=[" + Quoted("\x08\x01\x10\x01") + ", " +
               Quoted("\x08\x01\x10\x01") + ", " + Quoted("\x08\x06") + "]");
  Run(R"(
    - Dict.Get {j}d key="a" -> value=1
    - List.Get {j}l index=0 -> value=2
    - Counter.Get {j}c -> value=3
    - Queue.Len {j}q -> leased=0 unfinished=0
    s1 Queue.Ack {j}q delivery=1 -> LEASE_LOST
  )");
}

TEST_F(QueueComplete, WithoutWritesIsAnAck) {
  Complete("", "unfinished=0 replies=[]");
  Run("- Queue.Len {j}q -> leased=0");
}

TEST_F(QueueComplete, DoesNothingIfOneWriteWouldFail) {
  Run(R"(
    - Counter.Create {j}c initial=5 -> ok
    - Dict.Set {j}d key="b" value=1 -> ok
  )");
  Complete(Write("Counter.Add", R"(name="{j}c" amount=3)") + ", " +
               Write("List.Append", R"(name="{j}l" value=2)") + ", " +
               Write("Dict.Delete", R"(name="{j}d" key="a")"),
           R"(KEY_NOT_FOUND "writes[2]: the dict has no key 'a' (nothing was done")");
  Run(R"(
    - Counter.Get {j}c -> value=5 version=1
    - Dict.Len {j}d -> length=1 version=1
    - Admin.Objects prefix="{j}l" -> objects=[]
    - Queue.Len {j}q -> leased=1
    s1 Queue.Ack {j}q delivery=1 -> unfinished=0
  )");
}

TEST_F(QueueComplete, ChecksTheDeliveryFirst) {
  Run(R"(
    s1 Queue.Complete {j}q delivery=2 writes=[{method=1}] -> LEASE_LOST
    s1 Queue.Complete {j}q delivery=1 writes=[{method=1}]
      -> INVALID_ARGUMENT "writes[0]: no op has number 1"
  )");
}

TEST_F(QueueComplete, RefusesOpsThatAreNotOfTheList) {
  Complete(Write("Dict.Clear", R"(name="{j}d")"), R"(INVALID_ARGUMENT "Dict.Clear cannot be")");
  Complete(Write("Queue.Get", R"(name="{j}p")"), R"(INVALID_ARGUMENT "Queue.Get cannot be")");
  Complete(Write("Queue.Complete", R"(name="{j}q" delivery=1)"), "INVALID_ARGUMENT");
  Complete(Write("Dict.Get", R"(name="{j}d" key=1)"), "INVALID_ARGUMENT");
  Run("- Queue.Len {j}q -> leased=1");
}

TEST_F(QueueComplete, RefusesTwoWritesToOneObject) {
  Complete(Write("List.Append", R"(name="{j}l" value=1)") + ", " +
               Write("List.Append", R"(name="{j}l" value=2)"),
           R"(INVALID_ARGUMENT "writes[1]: another op before it is on \"{j}l\" too")");
  Run("- List.Len {j}l -> length=0");
}

TEST_F(QueueComplete, RefusesObjectsOfAnotherShard) {
  Complete(Write("List.Append", R"(name="{k}l" value=1)"), R"(INVALID_NAME "{tag}")");
  Complete(Write("List.Append", R"(name="l" value=1)"), "INVALID_NAME");
  Run("- Admin.Objects type=\"list\" -> objects=[]");
}

TEST_F(QueueComplete, RefusesObjectsOfAnotherTypeAndMalformedWrites) {
  Run("- Dict.Set {j}d key=1 value=1 -> ok");
  Complete(Write("List.Append", R"(name="{j}d" value=1)"), "WRONG_TYPE \"writes[0]\"");
  Complete(R"({method=208 payload=b"\xff"})", "MALFORMED \"writes[0]\"");
  Complete(Write("List.Append", R"(name="" value=1)"), "INVALID_NAME");
}

TEST_F(QueueComplete, RefusesMoreThanAThousandWrites) {
  std::string writes = "{}";
  for (int i = 0; i < 1000; ++i) writes += ", {}";
  Complete(writes, "TOO_MANY \"1001 writes\"");
}

TEST_F(QueueComplete, PutsIntoItsOwnQueueToo) {
  Run("- Queue.Join {j}q -> parked #join");
  Complete(Write("Queue.PutMany", R"(name="{j}q" values=["next", "last"] delay_ms=10)"),
           "unfinished=2");
  Run(R"(
    - Queue.Len {j}q -> length=0 delayed=2 unfinished=2 leased=0
    advance 10
    s1 Queue.Lease {j}q limit=2 -> deliveries=[{delivery=2 value="next"}, {value="last"}]
    s1 Queue.Ack {j}q delivery=2 -> ok
    s1 Queue.Ack {j}q delivery=3 -> unfinished=0; #join joined=True
  )");
}

TEST_F(QueueComplete, NeverWaitsForRoom) {
  Run(R"(
    - Queue.Create {j}p maxsize=1 -> ok
    - Queue.Put {j}p value=1 -> length=1
  )");
  Complete(Write("Queue.Put", R"(name="{j}p" value=2)"), R"(QUEUE_FULL "writes[0]")");
  Run("- Queue.Put {j}p value=3 -> parked #put");
  Run("- Queue.Get {j}p -> value=1; #put length=1");
}

TEST_F(QueueComplete, TellsAPutThatCameBefore) {
  Run("- Queue.Put {j}p value=1 dedup_key=\"k\" -> length=1");
  Complete(Write("Queue.Put", R"(name="{j}p" value=1 dedup_key="k")"),
           "replies=[" + Quoted("\x08\x01\x10\x01") + "]");
  Run("- Queue.Len {j}p -> length=1");
}

TEST_F(QueueComplete, RefusesAnItemWithoutAnOrder) {
  Run(R"(
    - Queue.Create {j}p kind=PRIORITY -> ok
    - Queue.Put {j}p value=1 -> length=1
  )");
  Complete(Write("Queue.PutMany", R"(name="{j}p" values=[0, "text"])"), "NOT_ORDERABLE");
  Run("- Queue.Len {j}p -> length=1 unfinished=1");
  Complete(Write("Queue.PutMany", R"(name="{j}p" values=[0, 2])"), "unfinished=0");
  Run("- Queue.GetMany {j}p -> values=[0, 1, 2]");
}

TEST_F(QueueComplete, WakesThoseWhoWaitForAWrite) {
  Run(R"(
    - Queue.Get {j}p -> parked #get
    - SharedValue.Wait {j}v -> parked #wait
  )");
  Complete(Write("Queue.Put", R"(name="{j}p" value="x")") + ", " +
               Write("SharedValue.Set", R"(name="{j}v" value=2)"),
           "unfinished=0; #get value=\"x\"; #wait value=2");
}

TEST_F(QueueComplete, ComparesVersionsBeforeAnythingIsDone) {
  Run("- Dict.Set {j}d key=1 value=1 -> version=1");
  Complete(Write("List.Append", R"(name="{j}l" value=1)") + ", " +
               Write("Dict.Set", R"(name="{j}d" key=1 value=2 if_version=7)"),
           "VERSION_MISMATCH");
  Complete(Write("List.Append", R"(name="{j}l" value=1)") + ", " +
               Write("Dict.Set", R"(name="{j}d" key=1 value=2 if_version=1)"),
           "unfinished=0");
}

TEST_F(QueueComplete, TellsWatchersEachWriteAsItself) {
  KeepEngine();
  Run(R"(
    - Dict.Set {j}d key=1 value=1 -> version=1
    - Watch.Changes {j}d -> version=1
  )");
  Complete(Write("Dict.Set", R"(name="{j}d" key=1 value=2)"), "unfinished=0");
  Run(R"(- Watch.Changes {j}d after_version=1 -> changes=[{version=2 method=304 session=1}])");
}

TEST_F(QueueComplete, KeepsWhatItsWritesReferTo) {
  Run("s1 List.Create -> name=\"~1\"");
  Complete(Write("List.Append", R"(name="{j}l" value=ref("~1", "list"))"), "unfinished=0");
  Run(R"(
    - Object.Inspect ~1 -> references=1 handles=1
    end s1
    - Object.Inspect ~1 -> references=1 handles=0
  )");
}

TEST_F(QueueComplete, TakesEveryOpOfTheList) {
  Run(R"(
    - List.Append {j}1 value=1 -> ok
    - Dict.Set {j}2 key="a" value=1 -> ok
    - SortedSet.Add {j}3 members=[{member="m" score=1}] -> ok
  )");
  const std::string writes[] = {
      Write("Counter.Set", R"(name="{j}a" value=1)"),
      Write("Counter.Add", R"(name="{j}b")"),
      Write("Dict.Delete", R"(name="{j}2" key="a")"),
      Write("Dict.Increment", R"(name="{j}c" key="n" amount=1)"),
      Write("Dict.IncrementMany", R"(name="{j}d" amounts=[{key=1 value=2}])"),
      Write("Dict.Set", R"(name="{j}e" key=1 value=1)"),
      Write("Dict.SetMany", R"(name="{j}f" entries=[{key=1 value=2}])"),
      Write("List.Append", R"(name="{j}g" value=1)"),
      Write("List.Extend", R"(name="{j}h" values=[1, 2])"),
      Write("List.Set", R"(name="{j}1" index=0 value=2)"),
      Write("Namespace.Set", R"(name="{j}i" attribute="a" value=1)"),
      Write("Namespace.UpdateMany", R"(name="{j}j" attributes=[{attribute="a" value=1}])"),
      Write("Queue.Put", R"(name="{j}k" value=1)"),
      Write("Queue.PutMany", R"(name="{j}l" values=[1])"),
      Write("Set.Add", R"(name="{j}m" values=[1])"),
      Write("Set.Discard", R"(name="{j}n" values=[1])"),
      Write("SharedValue.Modify", R"(name="{j}o" operator=ADD operand=1)"),
      Write("SharedValue.Set", R"(name="{j}p" value=1)"),
      Write("SortedSet.Add", R"(name="{j}r" members=[{member="m" score=1}])"),
      Write("SortedSet.Increment", R"(name="{j}s" member="m" amount=1)"),
      Write("SortedSet.Remove", R"(name="{j}3" members=["m"])"),
      Write("Topic.Publish", R"(name="{j}t" values=[1])"),
  };
  std::string all;
  for (const std::string& write : writes) all += (all.empty() ? "" : ", ") + write;
  Complete(all + ", " + Write("Dict.Delete", R"(name="{j}z" key="a")"), "KEY_NOT_FOUND");
  Run("- Admin.Objects -> objects=[{name=\"{j}1\" version=1}, {name=\"{j}2\" version=1},"
      " {name=\"{j}3\" version=1}, {name=\"{j}q\"}]");
  Complete(all, "unfinished=0");
  Run(R"(
    - List.Get {j}1 index=0 -> value=2
    - Dict.Len {j}2 -> length=0
    - SortedSet.Len {j}3 -> length=0
    - Dict.Get {j}c key="n" -> value=1
    - SharedValue.Get {j}o -> value=1
    - Queue.Len {j}l -> length=1
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
