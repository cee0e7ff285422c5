// The reason table and the encoding of failures in trailers.
#include "proto/wire/status.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/unit/wire/proto_comments.h"

namespace coheld::wire::testing {
namespace {

using google::protobuf::EnumDescriptor;

const EnumDescriptor& Reasons() { return *v1::ErrorReason_descriptor(); }

const std::map<std::string, Code> kCodeWords = {
    {"CANCELLED", Code::kCancelled},
    {"UNKNOWN", Code::kUnknown},
    {"INVALID_ARGUMENT", Code::kInvalidArgument},
    {"DEADLINE_EXCEEDED", Code::kDeadlineExceeded},
    {"NOT_FOUND", Code::kNotFound},
    {"ALREADY_EXISTS", Code::kAlreadyExists},
    {"PERMISSION_DENIED", Code::kPermissionDenied},
    {"RESOURCE_EXHAUSTED", Code::kResourceExhausted},
    {"FAILED_PRECONDITION", Code::kFailedPrecondition},
    {"ABORTED", Code::kAborted},
    {"OUT_OF_RANGE", Code::kOutOfRange},
    {"UNIMPLEMENTED", Code::kUnimplemented},
    {"INTERNAL", Code::kInternal},
    {"UNAVAILABLE", Code::kUnavailable},
    {"UNAUTHENTICATED", Code::kUnauthenticated},
};

// Returns the last word of a comment, without its full stop.
std::string LastWord(std::string comment) {
  if (comment.ends_with(".")) comment.pop_back();
  return comment.substr(comment.find_last_of(" \n") + 1);
}

TEST(Reasons, HaveTheCodeThatTheirCommentSays) {
  for (const auto* file : ProtoFiles()) {
    const EnumDescriptor* reasons = file->FindEnumTypeByName("ErrorReason");
    if (reasons == nullptr) continue;
    for (int i = 1; i < reasons->value_count(); ++i) {
      const auto& value = *reasons->value(i);
      const auto code = kCodeWords.find(LastWord(CommentOf(value)));
      ASSERT_NE(code, kCodeWords.end()) << value.name() << ": its comment ends with no code";
      EXPECT_EQ(CodeOf(static_cast<v1::ErrorReason>(value.number())), code->second) << value.name();
    }
    return;
  }
  FAIL() << "there is no ErrorReason";
}

TEST(Reasons, ComeBackFromTheirWord) {
  for (int i = 1; i < Reasons().value_count(); ++i) {
    const auto reason = static_cast<v1::ErrorReason>(Reasons().value(i)->number());
    EXPECT_EQ(ReasonOf(ReasonWord(reason)), reason) << ReasonWord(reason);
  }
  EXPECT_EQ(ReasonWord(v1::ERROR_REASON_QUEUE_EMPTY), "QUEUE_EMPTY");
}

TEST(Reasons, OfUnknownWordsAreUnspecified) {
  EXPECT_EQ(ReasonOf("NO_SUCH_REASON"), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(""), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf("ERROR_REASON_QUEUE_EMPTY"), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(Reasons, OfANewerPeerHaveAnUnknownCode) {
  EXPECT_EQ(CodeOf(static_cast<v1::ErrorReason>(9999)), Code::kUnknown);
  EXPECT_EQ(ReasonWord(static_cast<v1::ErrorReason>(9999)), "UNSPECIFIED");
}

TEST(StatusDetails, ComeBackAsTheyWereForEveryReason) {
  for (int i = 1; i < Reasons().value_count(); ++i) {
    const Failure sent{static_cast<v1::ErrorReason>(Reasons().value(i)->number()),
                       "what was wrong: \"ü\", 100 %\n"};
    const Failure received = DecodeStatusDetails(EncodeStatusDetails(sent));
    EXPECT_EQ(received.reason, sent.reason);
    EXPECT_EQ(received.message, sent.message);
  }
}

TEST(StatusDetails, AreWhatStockClientsRead) {
  google::rpc::Status status;
  ASSERT_TRUE(status.ParseFromString(
      EncodeStatusDetails({v1::ERROR_REASON_QUEUE_FULL, "the queue has no room"})));
  EXPECT_EQ(status.code(), 9);
  EXPECT_EQ(status.message(), "the queue has no room");
  ASSERT_EQ(status.details_size(), 1);
  google::rpc::ErrorInfo error_info;
  ASSERT_TRUE(status.details(0).UnpackTo(&error_info));
  EXPECT_EQ(status.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(error_info.reason(), "QUEUE_FULL");
  EXPECT_EQ(error_info.domain(), "coheld");
}

TEST(StatusDetails, OfAnotherDomainHaveNoReason) {
  google::rpc::ErrorInfo error_info;
  error_info.set_reason("QUEUE_FULL");
  error_info.set_domain("example.com");
  google::rpc::Status status;
  status.set_message("theirs");
  status.add_details()->PackFrom(error_info);
  const Failure failure = DecodeStatusDetails(status.SerializeAsString());
  EXPECT_EQ(failure.reason, v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(failure.message, "theirs");
}

TEST(StatusDetails, ThatAreGarbageHaveNoReason) {
  EXPECT_EQ(DecodeStatusDetails("\xff\xff\xff").reason, v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(DecodeStatusDetails("").reason, v1::ERROR_REASON_UNSPECIFIED);
}

}  // namespace
}  // namespace coheld::wire::testing
