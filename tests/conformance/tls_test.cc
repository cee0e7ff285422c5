// Stock grpc++ clients over TLS: unary calls, streams, client certificates.
#include <fstream>
#include <sstream>

#include "proto/wire/methods.h"
#include "tests/conformance/fixture.h"
#include "tests/integration/certificates.h"

namespace coheld::conformance {
namespace {

using coheld::testing::Authority;
using coheld::testing::CertificateFiles;
using coheld::testing::TemporaryFolder;

std::string ContentOf(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

class Tls : public ::testing::Test {
 protected:
  void Start(std::vector<std::string> arguments = {}) {
    const CertificateFiles files = authority_.Issue("daemon");
    arguments.insert(arguments.end(), {"--tls-cert", files.certificate, "--tls-key", files.key});
    daemon_.Start(arguments);
  }

  // A channel of a client that trusts an authority and has a certificate, or not.
  std::shared_ptr<grpc::Channel> Channel(const Authority& trusted,
                                         const CertificateFiles& own = {}) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ContentOf(trusted.file());
    if (!own.certificate.empty()) {
      options.pem_cert_chain = ContentOf(own.certificate);
      options.pem_private_key = ContentOf(own.key);
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetSslTargetNameOverride("localhost");
    return grpc::CreateCustomChannel(daemon_.address_tcp(), grpc::SslCredentials(options),
                                     arguments);
  }

  static grpc::Status Append(const std::shared_ptr<grpc::Channel>& channel,
                             const std::string& text) {
    v1::List::Stub stub(channel);
    v1::ListChangeReply reply;
    return Call(stub, &v1::List::Stub::Append, AppendRequest("list", Text(text)), &reply);
  }

  TemporaryFolder folder_;
  Authority authority_{folder_.path(), "authority"};
  coheld::testing::DaemonProcess daemon_;
};

TEST_F(Tls, UnaryCallsAreServed) {
  Start();
  const auto channel = Channel(authority_);
  for (int i = 0; i < 100; ++i) EXPECT_CALL_OK(Append(channel, "item"));
  EXPECT_CALL_OK(Append(channel, std::string(5'000'000, 'x')));
  v1::List::Stub stub(channel);
  v1::ListLenReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::List::Stub::Len, Named<v1::ListLenRequest>("list"), &reply));
  EXPECT_EQ(reply.length(), 101U);
}

TEST_F(Tls, StreamsAreServed) {
  constexpr uint64_t kFrames = 2000;
  Start();
  const auto channel = Channel(authority_);
  v1::Session::Stub stub(channel);
  v1::SessionOpenReply session;
  EXPECT_CALL_OK(Call(stub, &v1::Session::Stub::Open, v1::SessionOpenRequest(), &session));
  grpc::ClientContext context;
  context.AddMetadata("coheld-session", session.token());
  const auto stream = stub.Call(&context);
  v1::CallRequest frame;
  frame.set_method(wire::FindMethod("/coheld.v1.List/Append")->number);
  frame.set_payload(AppendRequest("list", Text("item")).SerializeAsString());
  for (uint64_t id = 1; id <= kFrames; ++id) {
    frame.set_id(id);
    ASSERT_TRUE(stream->Write(frame));
  }
  stream->WritesDone();
  v1::CallReply reply;
  uint64_t answers = 0;
  while (stream->Read(&reply)) answers += reply.has_error() ? 0 : 1;
  EXPECT_CALL_OK(stream->Finish());
  EXPECT_EQ(answers, kFrames);
}

TEST_F(Tls, AClientThatTrustsAnotherAuthorityDoesNotConnect) {
  Start();
  const Authority other(folder_.path(), "other");
  EXPECT_EQ(Append(Channel(other), "item").error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(Tls, ClientCertificatesAreAskedFor) {
  Start({"--tls-client-ca", authority_.file()});
  EXPECT_CALL_OK(Append(Channel(authority_, authority_.Issue("client")), "item"));
  EXPECT_EQ(Append(Channel(authority_), "item").error_code(), grpc::StatusCode::UNAVAILABLE);
  const Authority other(folder_.path(), "other");
  EXPECT_EQ(Append(Channel(authority_, other.Issue("stranger")), "item").error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace coheld::conformance
