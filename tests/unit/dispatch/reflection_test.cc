// Health and reflection as bytes in, bytes out.
#include "server/dispatch/reflection.h"

#include <gtest/gtest.h>

#include <set>

#include <google/protobuf/descriptor.pb.h>

#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "proto/wire/methods.h"
#include "server/dispatch/health.h"

namespace coheld::dispatch {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

ServerReflectionResponse Ask(const ServerReflectionRequest& request) {
  ServerReflectionResponse reply;
  EXPECT_TRUE(reply.ParseFromString(ReflectionReply(request.SerializeAsString())));
  return reply;
}

TEST(Reflection, ListsEveryService) {
  ServerReflectionRequest request;
  request.set_list_services("*");
  std::set<std::string> names;
  const ServerReflectionResponse reply = Ask(request);
  for (const auto& service : reply.list_services_response().service()) names.insert(service.name());
  std::set<std::string> expected = {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                    "grpc.reflection.v1alpha.ServerReflection"};
  for (const wire::MethodRow& row : wire::Methods()) {
    expected.insert(row.descriptor->service()->full_name());
  }
  EXPECT_EQ(names, expected);
  EXPECT_TRUE(names.contains("coheld.v1.Session"));
}

TEST(Reflection, SymbolComesWithAllThatItImports) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("coheld.v1.List");
  std::set<std::string> files;
  const ServerReflectionResponse reply = Ask(request);
  for (const std::string& bytes : reply.file_descriptor_response().file_descriptor_proto()) {
    google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(bytes));
    files.insert(file.name());
  }
  EXPECT_EQ(files, (std::set<std::string>{"coheld/v1/list.proto", "coheld/v1/common.proto",
                                          "google/protobuf/descriptor.proto"}));
}

TEST(Reflection, FindsFilesByName) {
  ServerReflectionRequest request;
  request.set_file_by_filename("coheld/v1/queue.proto");
  EXPECT_EQ(Ask(request).file_descriptor_response().file_descriptor_proto_size(), 3);
}

TEST(Reflection, FindsExtensions) {
  ServerReflectionRequest request;
  request.mutable_file_containing_extension()->set_containing_type("google.protobuf.MethodOptions");
  request.mutable_file_containing_extension()->set_extension_number(50701);
  EXPECT_GT(Ask(request).file_descriptor_response().file_descriptor_proto_size(), 0);
  request.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  EXPECT_EQ(Ask(request).all_extension_numbers_response().extension_number(0), 50701);
}

TEST(Reflection, UnknownNamesAreNotFound) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("coheld.v1.Nothing");
  EXPECT_EQ(Ask(request).error_response().error_code(), 5);
  request.set_file_by_filename("nothing.proto");
  EXPECT_EQ(Ask(request).error_response().error_code(), 5);
  request.set_all_extension_numbers_of_type("Nothing");
  EXPECT_EQ(Ask(request).error_response().error_code(), 5);
}

TEST(Reflection, GarbageIsInvalid) {
  ServerReflectionResponse reply;
  ASSERT_TRUE(reply.ParseFromString(ReflectionReply("\xff\xff")));
  EXPECT_EQ(reply.error_response().error_code(), 3);
  EXPECT_EQ(Ask(ServerReflectionRequest()).error_response().error_code(), 3);
}

TEST(Reflection, BothVersionsAnswerAlike) {
  ServerReflectionRequest request;
  request.set_file_containing_symbol("coheld.v1.Value");
  EXPECT_EQ(ReflectionReply(request.SerializeAsString()),
            ReflectionAlphaReply(request.SerializeAsString()));
}

HealthCheckResponse::ServingStatus StatusOf(const std::string& bytes) {
  HealthCheckResponse reply;
  EXPECT_TRUE(reply.ParseFromString(bytes));
  return reply.status();
}

std::string HealthRequestFor(const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  return request.SerializeAsString();
}

TEST(Health, DaemonAndItsServicesServe) {
  for (const char* service : {"", "coheld.v1.List", "grpc.health.v1.Health"}) {
    EXPECT_EQ(StatusOf(HealthReply(HealthRequestFor(service), {}).value()),
              HealthCheckResponse::SERVING);
  }
}

TEST(Health, NothingServesAtShutdown) {
  EXPECT_EQ(StatusOf(HealthReply(HealthRequestFor(""), {.serving = false}).value()),
            HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(StatusOf(HealthNotServing()), HealthCheckResponse::NOT_SERVING);
}

TEST(Health, UnknownServiceFailsCheckButIsWatched) {
  EXPECT_EQ(HealthReply(HealthRequestFor("x.Y"), {}).failure().reason,
            v1::ERROR_REASON_OBJECT_NOT_FOUND);
  EXPECT_EQ(StatusOf(HealthReply(HealthRequestFor("x.Y"), {.watch = true}).value()),
            HealthCheckResponse::SERVICE_UNKNOWN);
}

TEST(Health, GarbageIsMalformed) {
  EXPECT_EQ(HealthReply("\xff", {}).failure().reason, v1::ERROR_REASON_MALFORMED);
}

}  // namespace
}  // namespace coheld::dispatch
