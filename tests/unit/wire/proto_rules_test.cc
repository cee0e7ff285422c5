// The rules that proto/coheld/v1/common.proto states, as tests over all protos.
#include <map>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "proto/wire/methods.h"
#include "tests/unit/wire/proto_comments.h"

namespace coheld::wire::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

// The services whose requests name an object.
const std::set<std::string> kObjectServices = {
    "Array",           //
    "Barrier",         //
    "Condition",       //
    "CountDownLatch",  //
    "Counter",         //
    "Dict",            //
    "Event",           //
    "Host",            //
    "Hosted",          //
    "List",            //
    "Lock",            //
    "Namespace",       //
    "Object",          //
    "Queue",           //
    "RLock",           //
    "ReadWriteLock",   //
    "Semaphore",       //
    "Set",             //
    "SharedValue",     //
    "SortedSet",       //
    "Topic",           //
    "Watch",           //
};

// The first and last method number of each service.
const std::map<std::string, std::pair<uint32_t, uint32_t>> kNumberRanges = {
    {"Session", {1, 99}},            //
    {"Admin", {100, 199}},           //
    {"List", {200, 299}},            //
    {"Dict", {300, 399}},            //
    {"SharedValue", {400, 499}},     //
    {"Queue", {500, 599}},           //
    {"Lock", {600, 699}},            //
    {"Event", {700, 719}},           //
    {"Semaphore", {720, 739}},       //
    {"RLock", {740, 759}},           //
    {"Condition", {760, 779}},       //
    {"Barrier", {780, 799}},         //
    {"ReadWriteLock", {800, 819}},   //
    {"CountDownLatch", {820, 839}},  //
    {"Counter", {840, 859}},         //
    {"Array", {860, 899}},           //
    {"Set", {900, 939}},             //
    {"SortedSet", {940, 979}},       //
    {"Topic", {980, 1019}},          //
    {"Namespace", {1020, 1059}},     //
    {"Host", {1100, 1119}},          //
    {"Hosted", {1120, 1139}},        //
    {"Object", {1060, 1079}},        //
    {"Watch", {1080, 1099}},         //
};

// The words of methods that change nothing, and the methods of such a word that change something.
const std::set<std::string> kReadingVerbs = {
    "Changes",       //
    "Combine",       //
    "Compare",       //
    "Contains",      //
    "Count",         //
    "Deliveries",    //
    "Describe",      //
    "Explain",       //
    "Get",           //
    "GetMany",       //
    "GetRange",      //
    "GetSlice",      //
    "Index",         //
    "Inspect",       //
    "IsSet",         //
    "Items",         //
    "Join",          //
    "Keys",          //
    "Len",           //
    "Locks",         //
    "Objects",       //
    "Peek",          //
    "Ping",          //
    "Range",         //
    "RangeByScore",  //
    "Rank",          //
    "ReadSnapshot",  //
    "Scan",          //
    "Score",         //
    "Sessions",      //
    "Status",        //
    "Values",        //
    "Wait",          //
    "Waits",         //
};

// The words of methods that change something, by what they do to the room that there is; and the
// methods that differ from others of their word.
const std::map<v1::Room, std::set<std::string>> kChangingVerbs = {
    {v1::ROOM_FREED, {"Abort",      "Ack",    "ActionDone",    "Answer",  "Challenge",  "Clear",
                      "Close",      "Delete", "DeleteSlice",   "Detach",  "Discard",    "Get",
                      "GetMany",    "Lease",  "Nack",          "Open",    "Pop",        "PopItem",
                      "PopMax",     "PopMin", "Prove",         "Purge",   "Receive",    "Release",
                      "ReleaseAll", "Remove", "RemoveByScore", "Renew",   "SetTtl",     "Snapshot",
                      "Shutdown",   "Take",   "TaskDone",      "Unguard", "Unsubscribe"}},
    {v1::ROOM_KEPT,
     {"Acquire", "AcquireAll", "AcquireRead", "AcquireWrite", "Attach", "CountDown", "Fill",
      "Guard", "Hold", "Lend", "Notify", "Reset", "Reverse", "SetDurability", "SetRange", "Sort",
      "Wait"}},
    {v1::ROOM_UNSPECIFIED,
     {"Add",        "Append",  "Call",     "CompareAndSet", "CompareExchange", "Complete",
      "Copy",       "Create",  "Extend",   "Increment",     "IncrementMany",   "Insert",
      "Modify",     "Publish", "Put",      "PutMany",       "Repeat",          "Set",
      "SetDefault", "SetMany", "SetSlice", "Subscribe",     "Update",          "UpdateMany"}},
};
const std::map<std::string, v1::Room> kRoomOfItsOwn = {
    {"Array.Add", v1::ROOM_KEPT},
    {"Array.CompareExchange", v1::ROOM_KEPT},
    {"Array.Set", v1::ROOM_KEPT},
    {"Counter.Add", v1::ROOM_KEPT},
    {"Counter.CompareExchange", v1::ROOM_KEPT},
    {"Counter.Set", v1::ROOM_KEPT},
    {"Event.Clear", v1::ROOM_KEPT},
    {"Event.Set", v1::ROOM_KEPT},
    {"Queue.Extend", v1::ROOM_FREED},
};

const std::set<std::string> kTakers = {"Barrier.Wait", "Condition.Wait", "Queue.Get",
                                       "Queue.GetMany"};

TEST(Methods, HaveTheirPlaceInTheRangeOfTheirService) {
  for (const MethodRow& row : Methods()) {
    const auto range = kNumberRanges.find(row.descriptor->service()->name());
    ASSERT_NE(range, kNumberRanges.end()) << row.name << ": give its service a range";
    EXPECT_GE(row.number, range->second.first) << row.name;
    EXPECT_LE(row.number, range->second.second) << row.name;
  }
}

TEST(Methods, AreInTheTableWithoutException) {
  size_t count = 0;
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m, ++count) {
        const auto& method = *file->service(s)->method(m);
        const std::string path = "/" + method.service()->full_name() + "/" + method.name();
        EXPECT_NE(FindMethod(path), nullptr) << path;
      }
    }
  }
  EXPECT_EQ(Methods().size(), count);
}

TEST(Methods, HaveUniqueNumbers) {
  std::set<uint32_t> numbers;
  for (const MethodRow& row : Methods()) EXPECT_TRUE(numbers.insert(row.number).second) << row.name;
}

TEST(Methods, AreFoundByNumberAndPath) {
  for (const MethodRow& row : Methods()) {
    EXPECT_EQ(FindMethod(row.number), &row);
    EXPECT_EQ(FindMethod(row.path), &row);
  }
  EXPECT_EQ(FindMethod(uint32_t{0}), nullptr);
  EXPECT_EQ(FindMethod(kMethodNumberEnd), nullptr);
  EXPECT_EQ(FindMethod("/coheld.v1.List/append"), nullptr);
  EXPECT_EQ(FindMethod(""), nullptr);
}

TEST(Methods, OfObjectsNameTheObjectInFieldOne) {
  for (const MethodRow& row : Methods()) {
    if (!kObjectServices.contains(row.descriptor->service()->name())) continue;
    const FieldDescriptor* name = row.descriptor->input_type()->FindFieldByNumber(1);
    ASSERT_NE(name, nullptr) << row.name;
    EXPECT_EQ(name->name(), "name") << row.name;
    EXPECT_EQ(name->type(), FieldDescriptor::TYPE_STRING) << row.name;
    EXPECT_FALSE(name->is_repeated()) << row.name;
    EXPECT_EQ(name->containing_oneof(), nullptr) << row.name;
  }
}

TEST(Methods, AreMarkedAsReadsExactlyWhenTheyChangeNothing) {
  for (const MethodRow& row : Methods()) {
    const bool reads =
        kReadingVerbs.contains(row.descriptor->name()) && !kTakers.contains(row.name);
    EXPECT_EQ(row.read_only, reads) << row.name;
  }
}

// A new word has to be put in one of the lists: its author decides whether it goes on when memory
// or the disk is full.
TEST(Methods, SayWhatTheyDoToTheRoomThatThereIs) {
  for (const MethodRow& row : Methods()) {
    const auto own = kRoomOfItsOwn.find(row.name);
    if (row.read_only || own != kRoomOfItsOwn.end()) {
      EXPECT_EQ(row.room, row.read_only ? v1::ROOM_UNSPECIFIED : own->second) << row.name;
      continue;
    }
    for (const auto& [room, verbs] : kChangingVerbs) {
      EXPECT_EQ(row.room == room, verbs.contains(row.descriptor->name())) << row.name;
    }
  }
}

TEST(Methods, TakeARequestOfTheirOwn) {
  std::set<const Descriptor*> requests;
  for (const MethodRow& row : Methods()) {
    EXPECT_TRUE(requests.insert(row.descriptor->input_type()).second)
        << row.name << " shares " << row.descriptor->input_type()->name();
  }
}

TEST(Methods, SayInTheirCommentWhatTheyDo) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const ServiceDescriptor& service = *file->service(s);
      EXPECT_TRUE(CommentOf(service).starts_with(service.name() + " ")) << service.full_name();
      for (int m = 0; m < service.method_count(); ++m) {
        const auto& method = *service.method(m);
        EXPECT_TRUE(CommentOf(method).starts_with(method.name() + " ")) << method.full_name();
      }
    }
  }
}

void ExpectComments(const EnumDescriptor& type) {
  EXPECT_TRUE(CommentOf(type).starts_with(type.name() + " ")) << type.full_name();
  for (int v = 0; v < type.value_count(); ++v) {
    EXPECT_NE(CommentOf(*type.value(v)), "") << type.value(v)->full_name();
  }
}

void ExpectComments(const Descriptor& message) {
  EXPECT_TRUE(CommentOf(message).starts_with(message.name() + " ")) << message.full_name();
  for (int f = 0; f < message.field_count(); ++f) {
    const FieldDescriptor& field = *message.field(f);
    EXPECT_TRUE(CommentOf(field).starts_with(field.name())) << field.full_name();
  }
  for (int i = 0; i < message.nested_type_count(); ++i) ExpectComments(*message.nested_type(i));
  for (int i = 0; i < message.enum_type_count(); ++i) ExpectComments(*message.enum_type(i));
}

TEST(Messages, AndTheirFieldsBeginTheirCommentWithTheirName) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int i = 0; i < file->message_type_count(); ++i) ExpectComments(*file->message_type(i));
  }
}

TEST(Enums, HaveACommentOnEveryValue) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int i = 0; i < file->enum_type_count(); ++i) ExpectComments(*file->enum_type(i));
  }
}

TEST(Enums, BeginWithUnspecified) {
  for (const FileDescriptor* file : ProtoFiles()) {
    for (int i = 0; i < file->enum_type_count(); ++i) {
      const auto& first = *file->enum_type(i)->value(0);
      EXPECT_EQ(first.number(), 0) << first.full_name();
      EXPECT_TRUE(first.name().ends_with("_UNSPECIFIED")) << first.full_name();
    }
  }
}

// Method numbers are for ever: streams carry them and journals will hold them. A new method adds a
// line here; no line ever changes.
TEST(Methods, NeverChangeTheirNumber) {
  const std::map<uint32_t, std::string> expected = {
      {1, "Session.Open"},
      {2, "Session.Close"},
      {3, "Session.Call"},
      {4, "Session.Challenge"},
      {5, "Session.Prove"},
      {100, "Admin.Ping"},
      {101, "Admin.Status"},
      {102, "Admin.Objects"},
      {103, "Admin.Describe"},
      {104, "Admin.Delete"},
      {105, "Admin.Sessions"},
      {106, "Admin.Locks"},
      {107, "Admin.Waits"},
      {108, "Admin.Explain"},
      {109, "Admin.Snapshot"},
      {110, "Admin.ReadSnapshot"},
      {200, "List.Create"},
      {201, "List.Len"},
      {202, "List.Get"},
      {203, "List.Set"},
      {204, "List.Delete"},
      {205, "List.GetSlice"},
      {206, "List.SetSlice"},
      {207, "List.DeleteSlice"},
      {208, "List.Append"},
      {209, "List.Extend"},
      {210, "List.Insert"},
      {211, "List.Pop"},
      {212, "List.Remove"},
      {213, "List.Index"},
      {214, "List.Count"},
      {215, "List.Contains"},
      {216, "List.Reverse"},
      {217, "List.Sort"},
      {218, "List.Repeat"},
      {219, "List.Clear"},
      {220, "List.Copy"},
      {221, "List.Scan"},
      {300, "Dict.Create"},
      {301, "Dict.Len"},
      {302, "Dict.Get"},
      {303, "Dict.GetMany"},
      {304, "Dict.Set"},
      {305, "Dict.SetMany"},
      {306, "Dict.SetDefault"},
      {307, "Dict.Delete"},
      {308, "Dict.Pop"},
      {309, "Dict.PopItem"},
      {310, "Dict.Contains"},
      {311, "Dict.Keys"},
      {312, "Dict.Values"},
      {313, "Dict.Items"},
      {314, "Dict.Clear"},
      {315, "Dict.Copy"},
      {316, "Dict.Increment"},
      {317, "Dict.CompareAndSet"},
      {318, "Dict.Scan"},
      {319, "Dict.IncrementMany"},
      {400, "SharedValue.Create"},
      {401, "SharedValue.Get"},
      {402, "SharedValue.Set"},
      {403, "SharedValue.Modify"},
      {404, "SharedValue.CompareExchange"},
      {405, "SharedValue.Wait"},
      {500, "Queue.Create"},
      {501, "Queue.Len"},
      {502, "Queue.Put"},
      {503, "Queue.PutMany"},
      {504, "Queue.Get"},
      {505, "Queue.GetMany"},
      {506, "Queue.Peek"},
      {507, "Queue.TaskDone"},
      {508, "Queue.Join"},
      {509, "Queue.Purge"},
      {510, "Queue.Shutdown"},
      {511, "Queue.Lease"},
      {512, "Queue.Ack"},
      {513, "Queue.Nack"},
      {514, "Queue.Extend"},
      {515, "Queue.Complete"},
      {516, "Queue.Deliveries"},
      {600, "Lock.Create"},
      {601, "Lock.Acquire"},
      {602, "Lock.Release"},
      {603, "Lock.Inspect"},
      {604, "Lock.AcquireAll"},
      {605, "Lock.ReleaseAll"},
      {606, "Lock.Renew"},
      {700, "Event.Create"},
      {701, "Event.IsSet"},
      {702, "Event.Set"},
      {703, "Event.Clear"},
      {704, "Event.Wait"},
      {720, "Semaphore.Create"},
      {721, "Semaphore.Acquire"},
      {722, "Semaphore.Release"},
      {723, "Semaphore.Inspect"},
      {740, "RLock.Create"},
      {741, "RLock.Acquire"},
      {742, "RLock.Release"},
      {743, "RLock.Inspect"},
      {746, "RLock.Renew"},
      {760, "Condition.Create"},
      {761, "Condition.Wait"},
      {762, "Condition.Notify"},
      {763, "Condition.Inspect"},
      {780, "Barrier.Create"},
      {781, "Barrier.Wait"},
      {782, "Barrier.ActionDone"},
      {783, "Barrier.Abort"},
      {784, "Barrier.Reset"},
      {785, "Barrier.Inspect"},
      {800, "ReadWriteLock.Create"},
      {801, "ReadWriteLock.AcquireRead"},
      {802, "ReadWriteLock.AcquireWrite"},
      {803, "ReadWriteLock.Release"},
      {804, "ReadWriteLock.Inspect"},
      {820, "CountDownLatch.Create"},
      {821, "CountDownLatch.CountDown"},
      {822, "CountDownLatch.Wait"},
      {823, "CountDownLatch.Inspect"},
      {840, "Counter.Create"},
      {841, "Counter.Get"},
      {842, "Counter.Add"},
      {843, "Counter.Set"},
      {844, "Counter.CompareExchange"},
      {860, "Array.Create"},
      {861, "Array.Inspect"},
      {862, "Array.Get"},
      {863, "Array.Set"},
      {864, "Array.GetRange"},
      {865, "Array.SetRange"},
      {866, "Array.Fill"},
      {867, "Array.Add"},
      {868, "Array.CompareExchange"},
      {900, "Set.Create"},
      {901, "Set.Len"},
      {902, "Set.Contains"},
      {903, "Set.Add"},
      {904, "Set.Discard"},
      {905, "Set.Remove"},
      {906, "Set.Pop"},
      {907, "Set.Clear"},
      {908, "Set.Scan"},
      {909, "Set.Update"},
      {910, "Set.Combine"},
      {911, "Set.Compare"},
      {912, "Set.Copy"},
      {940, "SortedSet.Create"},
      {941, "SortedSet.Len"},
      {942, "SortedSet.Add"},
      {943, "SortedSet.Increment"},
      {944, "SortedSet.Remove"},
      {945, "SortedSet.RemoveByScore"},
      {946, "SortedSet.Score"},
      {947, "SortedSet.Rank"},
      {948, "SortedSet.Range"},
      {949, "SortedSet.RangeByScore"},
      {950, "SortedSet.Count"},
      {951, "SortedSet.PopMin"},
      {952, "SortedSet.PopMax"},
      {980, "Topic.Create"},
      {981, "Topic.Subscribe"},
      {982, "Topic.Unsubscribe"},
      {983, "Topic.Publish"},
      {984, "Topic.Receive"},
      {985, "Topic.Inspect"},
      {1020, "Namespace.Create"},
      {1021, "Namespace.Get"},
      {1022, "Namespace.Set"},
      {1023, "Namespace.Delete"},
      {1024, "Namespace.Items"},
      {1025, "Namespace.UpdateMany"},
      {1100, "Host.Create"},
      {1101, "Host.Attach"},
      {1102, "Host.Detach"},
      {1103, "Host.Take"},
      {1104, "Host.Answer"},
      {1105, "Host.Call"},
      {1106, "Host.Inspect"},
      {1120, "Hosted.Create"},
      {1121, "Hosted.Inspect"},
      {1060, "Object.Hold"},
      {1061, "Object.Release"},
      {1062, "Object.Lend"},
      {1063, "Object.SetTtl"},
      {1064, "Object.Inspect"},
      {1065, "Object.Guard"},
      {1066, "Object.Unguard"},
      {1067, "Object.SetDurability"},
      {1080, "Watch.Changes"},
  };
  std::map<uint32_t, std::string> actual;
  for (const MethodRow& row : Methods()) actual[row.number] = row.name;
  EXPECT_EQ(actual, expected);
}

}  // namespace
}  // namespace coheld::wire::testing
