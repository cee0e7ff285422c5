// The bodies of fixture.h, and what the parameterised tests run over.
#include "tests/conformance/fixture.h"

#include <thread>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace coheld::conformance {

void Conformance::SetUp() { daemon_.Start(); }

std::string Conformance::address() const {
  return GetParam() == Socket::kUnix ? daemon_.address_unix() : daemon_.address_tcp();
}

std::shared_ptr<grpc::Channel> Conformance::Channel(grpc::ChannelArguments arguments) const {
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
}

std::shared_ptr<grpc::Channel> Conformance::channel() {
  if (channel_ == nullptr) channel_ = Channel();
  return channel_;
}

std::string Conformance::OpenSession() {
  v1::Session::Stub stub(channel());
  v1::SessionOpenRequest request;
  request.mutable_label()->set_program("conformance_test");
  v1::SessionOpenReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Session::Stub::Open, request, &reply));
  return reply.token();
}

uint64_t Conformance::Waiters(const std::string& name) {
  v1::Admin::Stub stub(channel());
  v1::AdminDescribeReply reply;
  // A missing object has no waiters.
  Call(stub, &v1::Admin::Stub::Describe, Named<v1::AdminDescribeRequest>(name), &reply);
  return reply.summary().waiters();
}

void Conformance::AwaitWaiters(const std::string& name, uint64_t waiters) {
  EXPECT_TRUE(Eventually([&] { return Waiters(name) == waiters; }))
      << "there are " << Waiters(name) << " waiters on " << name << ", not " << waiters;
}

uint64_t Conformance::QueueLength(const std::string& name) {
  v1::Queue::Stub stub(channel());
  v1::QueueLenReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Queue::Stub::Len, Named<v1::QueueLenRequest>(name), &reply));
  return reply.length();
}

bool Eventually(const std::function<bool()>& holds) {
  const auto until = std::chrono::steady_clock::now() + coheld::testing::DaemonProcess::kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    // What is waited for happens in another process that does not tell: ask again.
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

v1::Value Integer(int64_t integer) {
  v1::Value value;
  value.set_integer(integer);
  return value;
}

v1::Value Text(const std::string& text) {
  v1::Value value;
  value.set_text(text);
  return value;
}

v1::Value Bytes(const std::string& bytes) {
  v1::Value value;
  value.set_bytes(bytes);
  return value;
}

v1::QueuePutRequest PutRequest(const std::string& name, const v1::Value& value) {
  auto request = Named<v1::QueuePutRequest>(name);
  *request.mutable_value() = value;
  return request;
}

v1::QueueGetRequest GetRequest(const std::string& name) { return Named<v1::QueueGetRequest>(name); }

v1::ListAppendRequest AppendRequest(const std::string& name, const v1::Value& value) {
  auto request = Named<v1::ListAppendRequest>(name);
  *request.mutable_value() = value;
  return request;
}

std::string Reason(const grpc::Status& status) {
  google::rpc::Status details;
  if (status.error_details().empty()) return "(no status details)";
  if (!details.ParseFromString(status.error_details())) return "(details do not parse)";
  if (details.code() != static_cast<int>(status.error_code())) return "(details have another code)";
  google::rpc::ErrorInfo info;
  for (const auto& detail : details.details()) {
    if (detail.UnpackTo(&info) && info.domain() == "coheld") return info.reason();
  }
  return "(no ErrorInfo of domain coheld)";
}

}  // namespace coheld::conformance
