// What gRPC promises beyond one call: keepalive, many channels, waiting for a daemon, its drain,
// and the standard health and reflection services.
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "proto/wire/methods.h"
#include "tests/conformance/fixture.h"

namespace coheld::conformance {
namespace {

using std::chrono::milliseconds;
namespace health = grpc::health::v1;

class Connections : public Conformance {
 protected:
  health::HealthCheckResponse::ServingStatus Health(const std::string& service) {
    health::Health::Stub stub(channel());
    health::HealthCheckRequest request;
    request.set_service(service);
    health::HealthCheckResponse reply;
    EXPECT_CALL_OK(Call(stub, &health::Health::Stub::Check, request, &reply));
    return reply.status();
  }
};

TEST_P(Connections, FrequentKeepalivePingsAreTolerated) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 50);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  v1::Queue::Stub stub(Channel(arguments));
  // A daemon that takes offence ends the connection, and the call with it, before its own timeout.
  auto request = GetRequest("q");
  request.set_timeout_ms(1500);
  v1::QueueGetReply reply;
  EXPECT_CALL_FAILS(Call(stub, &v1::Queue::Stub::Get, request, &reply),
                    grpc::StatusCode::FAILED_PRECONDITION, "QUEUE_EMPTY");
}

TEST_P(Connections, HundredChannelsWorkAtOnce) {
  constexpr int kChannels = 100;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kChannels; ++i) channels.push_back(Channel());
  auto request = Named<v1::DictIncrementRequest>("d");
  *request.mutable_key() = Text("calls");
  *request.mutable_amount() = Integer(1);
  std::vector<std::thread> threads;
  for (const auto& each : channels) {
    threads.emplace_back([&] {
      v1::Dict::Stub stub(each);
      for (int i = 0; i < 10; ++i) {
        v1::DictIncrementReply reply;
        EXPECT_CALL_OK(Call(stub, &v1::Dict::Stub::Increment, request, &reply));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  v1::Dict::Stub stub(channel());
  v1::DictIncrementReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Dict::Stub::Increment, request, &reply));
  EXPECT_EQ(reply.value().integer(), kChannels * 10 + 1);
  v1::Admin::Stub admin(channel());
  v1::AdminStatusReply status;
  EXPECT_CALL_OK(Call(admin, &v1::Admin::Stub::Status, v1::AdminStatusRequest(), &status));
  EXPECT_EQ(status.connections(), kChannels + 1);
}

TEST_P(Connections, ThousandCallsOfOneChannelWaitTheirTurn) {
  constexpr int kCalls = 1000;  // More than a connection has streams.
  v1::Dict::Stub stub(channel());
  grpc::CompletionQueue queue;
  auto request = Named<v1::DictIncrementRequest>("d");
  *request.mutable_key() = Text("calls");
  *request.mutable_amount() = Integer(1);
  struct Pending {
    grpc::ClientContext context;
    v1::DictIncrementReply reply;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::DictIncrementReply>> reader;
  };
  std::vector<Pending> calls(kCalls);
  for (Pending& call : calls) {
    call.reader = stub.AsyncIncrement(&call.context, request, &queue);
    call.reader->Finish(&call.reply, &call.status, &call);
  }
  std::set<int64_t> seen;
  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    const auto* call = static_cast<Pending*>(tag);
    EXPECT_CALL_OK(call->status);
    seen.insert(call->reply.value().integer());
  }
  EXPECT_EQ(seen.size(), kCalls);
}

TEST_P(Connections, HealthIsServing) {
  EXPECT_EQ(Health(""), health::HealthCheckResponse::SERVING);
  EXPECT_EQ(Health("coheld.v1.List"), health::HealthCheckResponse::SERVING);
}

TEST_P(Connections, HealthOfAnUnknownServiceIsNotFound) {
  health::Health::Stub stub(channel());
  health::HealthCheckRequest request;
  request.set_service("nobody.Knows");
  health::HealthCheckResponse reply;
  EXPECT_EQ(Call(stub, &health::Health::Stub::Check, request, &reply).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_P(Connections, HealthWatchTellsTheStatusAtOnce) {
  health::Health::Stub stub(channel());
  grpc::ClientContext context;
  const auto reader = stub.Watch(&context, health::HealthCheckRequest());
  health::HealthCheckResponse reply;
  ASSERT_TRUE(reader->Read(&reply));
  EXPECT_EQ(reply.status(), health::HealthCheckResponse::SERVING);
  context.TryCancel();
}

TEST_P(Connections, DrainEndsAHealthWatch) {
  health::Health::Stub stub(channel());
  grpc::ClientContext context;
  const auto reader = stub.Watch(&context, health::HealthCheckRequest());
  health::HealthCheckResponse reply;
  ASSERT_TRUE(reader->Read(&reply));
  daemon_.Terminate();
  while (reader->Read(&reply)) EXPECT_EQ(reply.status(), health::HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(daemon_.WaitForExit(), 0);
}

TEST_P(Connections, CallWaitsForADaemonThatIsNotThereYet) {
  if (GetParam() == Socket::kTcp) return;  // A port of one's own is not known before.
  coheld::testing::DaemonProcess later;
  const std::string address = "unix:" + later.folder() + "/coheld.sock";
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  grpc::Status status;
  std::thread caller([&] {
    v1::Admin::Stub stub(channel);
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::AdminPingReply reply;
    status = stub.Ping(&context, v1::AdminPingRequest(), &reply);
  });
  EXPECT_TRUE(
      Eventually([&] { return channel->GetState(false) == GRPC_CHANNEL_TRANSIENT_FAILURE; }));
  later.Start();
  caller.join();
  EXPECT_CALL_OK(status);
}

TEST_P(Connections, DrainLetsCallsInFlightFinish) {
  v1::Queue::Stub stub(channel());
  v1::QueueGetReply got;
  grpc::Status status;
  std::thread getter([&] {
    auto request = GetRequest("q");
    request.set_timeout_ms(700);
    status = Call(stub, &v1::Queue::Stub::Get, request, &got);
  });
  AwaitWaiters("q", 1);
  daemon_.Terminate();
  getter.join();
  // Either its own timeout or the daemon's word that it shuts down, but never a cut connection.
  EXPECT_TRUE(Reason(status) == "QUEUE_EMPTY" || Reason(status) == "SHUTTING_DOWN")
      << Reason(status) << ": " << status.error_message();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
}

TEST_P(Connections, CallsDuringADrainAreAnsweredOrRefusedAsRetriable) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      v1::Dict::Stub stub(Channel());
      auto request = Named<v1::DictIncrementRequest>("d");
      *request.mutable_key() = Text("calls");
      *request.mutable_amount() = Integer(1);
      while (!stop) {
        v1::DictIncrementReply reply;
        const grpc::Status status = Call(stub, &v1::Dict::Stub::Increment, request, &reply);
        if (status.ok()) continue;
        EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE) << status.error_message();
        return;
      }
    });
  }
  daemon_.Terminate();
  EXPECT_EQ(daemon_.WaitForExit(), 0);
  stop = true;
  for (auto& thread : threads) thread.join();
}

// Server reflection as grpc_cli uses it, for both versions of the service.
template <typename Service, typename Request, typename Response>
class Reflection {
 public:
  explicit Reflection(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(channel), stream_(stub_.ServerReflectionInfo(&context_)) {}

  ~Reflection() { Finish(); }

  // What `grpc_cli ls` prints.
  std::set<std::string> Services() {
    Request request;
    request.set_list_services("");
    const Response response = Ask(request);
    std::set<std::string> names;
    for (const auto& service : response.list_services_response().service()) {
      names.insert(service.name());
    }
    return names;
  }

  // Loads the file that defines a symbol and all that it imports.
  const google::protobuf::FileDescriptor* Load(const std::string& symbol) {
    Request request;
    request.set_file_containing_symbol(symbol);
    return Build(Fetch(request));
  }

  Response Ask(const Request& request) {
    Response response;
    EXPECT_TRUE(stream_->Write(request));
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }

  grpc::Status Finish() {
    if (stream_ == nullptr) return {};
    stream_->WritesDone();
    const grpc::Status status = stream_->Finish();
    stream_ = nullptr;
    return status;
  }

 private:
  // Asks for files and keeps them; returns the name of the first.
  std::string Fetch(const Request& request) {
    const Response response = Ask(request);
    std::string first;
    for (const auto& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      if (first.empty()) first = file.name();
      files_[file.name()] = file;
    }
    return first;
  }

  const google::protobuf::FileDescriptor* Build(const std::string& name) {
    if (const auto* built = pool_.FindFileByName(name)) return built;
    if (files_.count(name) == 0) {
      Request request;
      request.set_file_by_filename(name);
      Fetch(request);
    }
    for (const auto& import : files_[name].dependency()) Build(import);
    return pool_.BuildFile(files_[name]);
  }

  grpc::ClientContext context_;
  typename Service::Stub stub_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
  std::map<std::string, google::protobuf::FileDescriptorProto> files_;
  google::protobuf::DescriptorPool pool_;
};

namespace v1_reflection = grpc::reflection::v1;
namespace v1alpha_reflection = grpc::reflection::v1alpha;
using ReflectionV1 =
    Reflection<v1_reflection::ServerReflection, v1_reflection::ServerReflectionRequest,
               v1_reflection::ServerReflectionResponse>;
using ReflectionV1Alpha =
    Reflection<v1alpha_reflection::ServerReflection, v1alpha_reflection::ServerReflectionRequest,
               v1alpha_reflection::ServerReflectionResponse>;

std::set<std::string> AllServices() {
  std::set<std::string> services = {"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                    "grpc.reflection.v1alpha.ServerReflection"};
  for (const wire::MethodRow& row : wire::Methods()) {
    services.insert(row.descriptor->service()->full_name());
  }
  return services;
}

TEST_P(Connections, ReflectionV1ListsTheServices) {
  ReflectionV1 reflection(channel());
  EXPECT_EQ(reflection.Services(), AllServices());
  EXPECT_CALL_OK(reflection.Finish());
}

TEST_P(Connections, ReflectionV1AlphaListsTheServices) {
  ReflectionV1Alpha reflection(channel());
  EXPECT_EQ(reflection.Services(), AllServices());
  EXPECT_CALL_OK(reflection.Finish());
}

TEST_P(Connections, ReflectionDescribesEveryServiceItLists) {
  ReflectionV1 reflection(channel());
  for (const std::string& name : reflection.Services()) {
    const auto* file = reflection.Load(name);
    ASSERT_NE(file, nullptr) << name;
    const auto* service = file->pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    EXPECT_GT(service->method_count(), 0) << name;
  }
}

TEST_P(Connections, ReflectionOfAnUnknownSymbolIsNotFound) {
  ReflectionV1 reflection(channel());
  v1_reflection::ServerReflectionRequest request;
  request.set_file_containing_symbol("nobody.Knows");
  EXPECT_EQ(reflection.Ask(request).error_response().error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(reflection.Services(), AllServices());
}

INSTANTIATE_TEST_SUITE_P(, Connections, ::testing::Values(Socket::kUnix, Socket::kTcp),
                         [](const auto& socket) {
                           return socket.param == Socket::kUnix ? "Unix" : "Tcp";
                         });

}  // namespace
}  // namespace coheld::conformance
