// The registry: what every registered type owes.
#include "server/engine/registry.h"

#include <algorithm>
#include <set>
#include <string>

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "proto/wire/methods.h"

namespace coheld::engine::testing {
namespace {

// Methods that the edge answers, not the engine.
const std::set<std::string> kEdgeMethods = {
    "Admin.Ping",   "Admin.ReadSnapshot", "Admin.Sessions", "Admin.Snapshot", "Admin.Status",
    "Session.Call", "Session.Challenge",  "Session.Close",  "Session.Open",   "Session.Prove"};

TEST(Registry, HasAnOpForEveryMethodThatTheEdgeDoesNotAnswer) {
  for (const wire::MethodRow& method : wire::Methods()) {
    const OpRow* op = FindOp(method.number);
    EXPECT_EQ(op == nullptr, kEdgeMethods.contains(method.name)) << method.name;
    EXPECT_TRUE(op == nullptr || op->method == &method) << method.name;
  }
}

TEST(Registry, HasTypesInOrderOfTheirWords) {
  EXPECT_TRUE(std::is_sorted(Types().begin(), Types().end(),
                             [](const auto* a, const auto* b) { return a->word < b->word; }));
}

TEST(Registry, HasOneServiceForEachType) {
  std::set<const google::protobuf::ServiceDescriptor*> services;
  for (const TypeRow* type : Types()) {
    ASSERT_FALSE(type->ops.empty()) << type->word;
    const auto* service = type->ops.front().method->descriptor->service();
    EXPECT_TRUE(services.insert(service).second) << type->word;
    EXPECT_EQ(type->ops.size(), static_cast<size_t>(service->method_count())) << type->word;
    for (const OpRow& op : type->ops) {
      EXPECT_EQ(op.method->descriptor->service(), service) << op.method->name;
    }
  }
}

TEST(Registry, HasACreateForEachType) {
  for (const TypeRow* type : Types()) {
    const auto creates = [](const OpRow& op) { return op.creates; };
    EXPECT_EQ(std::count_if(type->ops.begin(), type->ops.end(), creates), 1) << type->word;
  }
}

TEST(Registry, MakesObjectsThatAreEmptyAndHeldByNobody) {
  for (const TypeRow* type : Types()) {
    const std::unique_ptr<Object> object = type->make();
    EXPECT_EQ(object->size(), type->word == "value" ? 1u : 0u) << type->word;
    EXPECT_TRUE(object->holds().empty()) << type->word;
    for (const WaitQueue* queue : object->wait_queues()) EXPECT_TRUE(queue->empty()) << type->word;
  }
}

TEST(Registry, KnowsNoOpOfAnUnusedNumber) {
  EXPECT_EQ(FindOp(0), nullptr);
  EXPECT_EQ(FindOp(199), nullptr);
  EXPECT_EQ(FindOp(wire::kMethodNumberEnd), nullptr);
  EXPECT_EQ(FindOp(UINT32_MAX), nullptr);
}

}  // namespace
}  // namespace coheld::engine::testing
