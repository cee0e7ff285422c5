// A daemon with a key, for stock clients: what is refused, what is not, and how to prove the key.
#include <sys/stat.h>

#include <fstream>

#include "grpc/health/v1/health.grpc.pb.h"
#include "proto/wire/key_proof.h"
#include "proto/wire/methods.h"
#include "tests/conformance/fixture.h"

namespace coheld::conformance {
namespace {

constexpr char kKey[] = "the shared secret";
constexpr auto kUnauthenticated = grpc::StatusCode::UNAUTHENTICATED;

class Keys : public Conformance {
 protected:
  void SetUp() override {
    const std::string path = folder_.path() + "/key";
    std::ofstream(path) << kKey << "\n";
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
    daemon_.Start({"--key-file", path});
  }

  // Asks for a challenge and answers it as one who knows this key.
  v1::KeyProof Prove(std::string_view key) {
    v1::Session::Stub stub(channel());
    v1::SessionChallengeReply challenge;
    EXPECT_CALL_OK(
        Call(stub, &v1::Session::Stub::Challenge, v1::SessionChallengeRequest(), &challenge));
    EXPECT_TRUE(challenge.has_key());
    v1::KeyProof proof;
    proof.set_nonce(challenge.nonce());
    proof.set_client_nonce(wire::RandomBytes(wire::kNonceBytes));
    proof.set_proof(wire::KeyProof(key, wire::Prover::kClient, NoncesOf(proof)));
    return proof;
  }

  static wire::Nonces NoncesOf(const v1::KeyProof& proof) {
    return {.daemon = proof.nonce(), .client = proof.client_nonce()};
  }

  grpc::Status Open(const v1::KeyProof& proof, v1::SessionOpenReply* reply) {
    v1::Session::Stub stub(channel());
    v1::SessionOpenRequest request;
    *request.mutable_proof() = proof;
    return Call(stub, &v1::Session::Stub::Open, request, reply);
  }

 private:
  coheld::testing::TemporaryFolder folder_;
};

TEST_P(Keys, AnOpWithoutASessionIsRefused) {
  v1::List::Stub list(channel());
  v1::ListChangeReply change;
  EXPECT_CALL_FAILS(Call(list, &v1::List::Stub::Append, AppendRequest("l", Integer(1)), &change),
                    kUnauthenticated, "UNAUTHENTICATED");
  v1::Admin::Stub admin(channel());
  v1::AdminStatusReply status;
  EXPECT_CALL_FAILS(Call(admin, &v1::Admin::Stub::Status, v1::AdminStatusRequest(), &status),
                    kUnauthenticated, "UNAUTHENTICATED");
}

TEST_P(Keys, AFrameWithoutASessionIsRefused) {
  v1::Session::Stub stub(channel());
  grpc::ClientContext context;
  auto stream = stub.Call(&context);
  v1::CallRequest frame;
  frame.set_id(1);
  frame.set_method(wire::FindMethod("/coheld.v1.List/Append")->number);
  frame.set_payload(AppendRequest("l", Integer(1)).SerializeAsString());
  ASSERT_TRUE(stream->Write(frame));
  v1::CallReply reply;
  ASSERT_TRUE(stream->Read(&reply));
  EXPECT_EQ(reply.error().reason(), v1::ERROR_REASON_UNAUTHENTICATED);
  EXPECT_EQ(reply.error().code(), kUnauthenticated);
  stream->WritesDone();
  EXPECT_CALL_OK(stream->Finish());
}

TEST_P(Keys, ASessionWithoutAProofIsRefused) {
  v1::Session::Stub stub(channel());
  v1::SessionOpenReply reply;
  EXPECT_CALL_FAILS(Call(stub, &v1::Session::Stub::Open, v1::SessionOpenRequest(), &reply),
                    kUnauthenticated, "UNAUTHENTICATED");
}

TEST_P(Keys, AProofOpensASessionThatIsServed) {
  const v1::KeyProof proof = Prove(kKey);
  v1::SessionOpenReply opened;
  EXPECT_CALL_OK(Open(proof, &opened));
  EXPECT_EQ(opened.proof(), wire::KeyProof(kKey, wire::Prover::kDaemon, NoncesOf(proof)));
  grpc::ClientContext context;
  context.AddMetadata("coheld-session", opened.token());
  v1::List::Stub list(channel());
  v1::ListChangeReply change;
  EXPECT_CALL_OK(list.Append(&context, AppendRequest("l", Integer(1)), &change));
}

TEST_P(Keys, AProofByAnotherKeyIsRefused) {
  v1::SessionOpenReply reply;
  EXPECT_CALL_FAILS(Open(Prove("another secret"), &reply), kUnauthenticated, "UNAUTHENTICATED");
}

TEST_P(Keys, AReplayedProofIsRefused) {
  const v1::KeyProof proof = Prove(kKey);
  v1::SessionOpenReply reply;
  EXPECT_CALL_OK(Open(proof, &reply));
  EXPECT_CALL_FAILS(Open(proof, &reply), kUnauthenticated, "UNAUTHENTICATED");
}

TEST_P(Keys, ProveAnswersWithTheDaemonsProofAndOpensNothing) {
  v1::SessionProveRequest request;
  *request.mutable_proof() = Prove(kKey);
  v1::Session::Stub stub(channel());
  v1::SessionProveReply reply;
  EXPECT_CALL_OK(Call(stub, &v1::Session::Stub::Prove, request, &reply));
  EXPECT_EQ(reply.proof(), wire::KeyProof(kKey, wire::Prover::kDaemon, NoncesOf(request.proof())));
  v1::List::Stub list(channel());
  v1::ListChangeReply change;
  EXPECT_CALL_FAILS(Call(list, &v1::List::Stub::Append, AppendRequest("l", Integer(1)), &change),
                    kUnauthenticated, "UNAUTHENTICATED");
}

TEST_P(Keys, HealthAndPingAnswerEverybody) {
  grpc::health::v1::Health::Stub health(channel());
  grpc::health::v1::HealthCheckResponse checked;
  EXPECT_CALL_OK(Call(health, &grpc::health::v1::Health::Stub::Check,
                      grpc::health::v1::HealthCheckRequest(), &checked));
  EXPECT_EQ(checked.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  v1::Admin::Stub admin(channel());
  v1::AdminPingReply pinged;
  EXPECT_CALL_OK(Call(admin, &v1::Admin::Stub::Ping, v1::AdminPingRequest(), &pinged));
}

INSTANTIATE_TEST_SUITE_P(, Keys, ::testing::Values(Socket::kUnix, Socket::kTcp),
                         [](const auto& socket) {
                           return socket.param == Socket::kUnix ? "Unix" : "Tcp";
                         });

}  // namespace
}  // namespace coheld::conformance
