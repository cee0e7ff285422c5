// What the conformance tests share: a daemon for each test, stock grpc++ channels to it over both
// kinds of socket, and short words for values and errors. Nothing of coheld's own client is used.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "coheld/v1/admin.grpc.pb.h"
#include "coheld/v1/dict.grpc.pb.h"
#include "coheld/v1/list.grpc.pb.h"
#include "coheld/v1/lock.grpc.pb.h"
#include "coheld/v1/queue.grpc.pb.h"
#include "coheld/v1/session.grpc.pb.h"
#include "coheld/v1/shared_value.grpc.pb.h"
#include "tests/integration/daemon_process.h"

namespace coheld::conformance {

enum class Socket { kUnix, kTcp };

// How googletest names a parameter.
inline void PrintTo(Socket socket, std::ostream* out) {
  *out << (socket == Socket::kUnix ? "Unix" : "Tcp");
}

// One daemon; runs each test over a Unix socket and over TCP.
class Conformance : public ::testing::TestWithParam<Socket> {
 public:
  // Starts the daemon.
  void SetUp() override;

 protected:
  // The daemon's address as grpc++ takes it.
  std::string address() const;
  // Makes a channel with a connection of its own.
  std::shared_ptr<grpc::Channel> Channel(grpc::ChannelArguments arguments = {}) const;
  // The channel that all tests with one client use.
  std::shared_ptr<grpc::Channel> channel();

  // Opens a session over channel() and returns its token.
  std::string OpenSession();
  // How many ops are parked on an object now.
  uint64_t Waiters(const std::string& name);
  // Waits until that many ops are parked on an object.
  void AwaitWaiters(const std::string& name, uint64_t waiters);
  // How many items a queue holds.
  uint64_t QueueLength(const std::string& name);

  coheld::testing::DaemonProcess daemon_;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

// Checks something again and again until it is true. False after DaemonProcess::kPatience.
bool Eventually(const std::function<bool()>& holds);

v1::Value Integer(int64_t integer);
v1::Value Text(const std::string& text);
v1::Value Bytes(const std::string& bytes);

// Makes the request of any op on one object.
template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

// Requests that most tests send.
v1::QueuePutRequest PutRequest(const std::string& name, const v1::Value& value);
v1::QueueGetRequest GetRequest(const std::string& name);
v1::ListAppendRequest AppendRequest(const std::string& name, const v1::Value& value);

// The word of google.rpc.ErrorInfo.reason in the status details, such as "QUEUE_EMPTY"; says why if
// there is none.
std::string Reason(const grpc::Status& status);

// Makes a unary call by a stub's method with a fresh context. The reply is only there if it is OK.
template <typename Stub, typename Request, typename Reply>
grpc::Status Call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Reply*),
                  const Request& request, Reply* reply) {
  grpc::ClientContext context;
  return (stub.*method)(&context, request, reply);
}

// Fails the test with the status unless it is OK.
#define EXPECT_CALL_OK(call)                                                                \
  do {                                                                                      \
    const grpc::Status call_status = (call);                                                \
    EXPECT_TRUE(call_status.ok()) << call_status.error_code() << " " << Reason(call_status) \
                                  << ": " << call_status.error_message();                   \
  } while (false)

// Fails the test unless the call ended with that gRPC code and coheld reason.
#define EXPECT_CALL_FAILS(call, code, reason)                                 \
  do {                                                                        \
    const grpc::Status call_status = (call);                                  \
    EXPECT_EQ(call_status.error_code(), code) << call_status.error_message(); \
    EXPECT_EQ(Reason(call_status), reason) << call_status.error_message();    \
  } while (false)

}  // namespace coheld::conformance
