// The header blocks of answers, read back by nghttp2's decoder.
#include "server/transport/reply_headers.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

class ReplyHeadersTest : public testing::Test {
 protected:
  ReplyHeadersTest() { EXPECT_EQ(nghttp2_hd_inflate_new(&inflater_), 0); }
  ~ReplyHeadersTest() override { nghttp2_hd_inflate_del(inflater_); }

  Fields Decode(std::string_view block) {
    Fields fields;
    const auto* in = reinterpret_cast<const uint8_t*>(block.data());
    size_t left = block.size();
    int flags = 0;
    while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
      nghttp2_nv field;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, in, left, 1);
      if (used < 0) {
        ADD_FAILURE() << nghttp2_strerror(static_cast<int>(used));
        return fields;
      }
      in += used;
      left -= static_cast<size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
      fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return fields;
  }
  // The client has said that it keeps a table of this size.
  void SetTableLimit(uint32_t bytes) {
    nghttp2_hd_inflate_change_table_size(inflater_, bytes);
    replies_.SetTableLimit(bytes);
  }
  void ExpectRightAnswers() {
    EXPECT_EQ(Decode(replies_.Begin(false)), begin_);
    EXPECT_EQ(Decode(replies_.End()), end_);
    Fields gzip = begin_;
    gzip.emplace_back("grpc-encoding", "gzip");
    EXPECT_EQ(Decode(replies_.Begin(true)), gzip);
    Fields whole = begin_;
    whole.insert(whole.end(), end_.begin(), end_.end());
    EXPECT_EQ(Decode(replies_.Whole(nullptr)), whole);
  }

  const Fields begin_ = {{":status", "200"}, {"content-type", "application/grpc"}};
  const Fields end_ = {{"grpc-status", "0"}};
  nghttp2_hd_inflater* inflater_ = nullptr;
  ReplyHeaders replies_;
};

TEST_F(ReplyHeadersTest, AnswersAreRightFromTheFirstOn) {
  for (int round = 0; round < 3; ++round) ExpectRightAnswers();
}

TEST_F(ReplyHeadersTest, TheSecondAnswerIsThreeBytes) {
  Decode(replies_.Begin(false));
  Decode(replies_.End());
  EXPECT_EQ(replies_.Begin(false).size(), 2U);
  EXPECT_EQ(replies_.End().size(), 1U);
}

TEST_F(ReplyHeadersTest, AFailureFirstChangesNothing) {
  const Ending ending = {.grpc_status = "5", .message = "no", .details = "AAAA"};
  Fields fields = begin_;
  fields.insert(
      fields.end(),
      {{"grpc-status", "5"}, {"grpc-message", "no"}, {"grpc-status-details-bin", "AAAA"}});
  EXPECT_EQ(Decode(replies_.Whole(&ending)), fields);
  ExpectRightAnswers();
  EXPECT_EQ(Decode(replies_.End({.grpc_status = "12", .accept_encoding = "gzip"})),
            (Fields{{"grpc-status", "12"}, {"grpc-accept-encoding", "gzip"}}));
}

TEST_F(ReplyHeadersTest, LongValuesAreSpelledOut) {
  const std::string text(3000, 'x');
  EXPECT_EQ(Decode(replies_.End({.grpc_status = "2", .message = text})),
            (Fields{{"grpc-status", "2"}, {"grpc-message", text}}));
}

TEST_F(ReplyHeadersTest, HttpErrorsSayWhatIsAllowed) {
  EXPECT_EQ(Decode(replies_.Http("405")), (Fields{{":status", "405"},
                                                  {"content-type", "text/plain; charset=utf-8"},
                                                  {"allow", "POST"}}));
  EXPECT_EQ(Decode(replies_.Http("415")).front(), (Fields::value_type{":status", "415"}));
}

TEST_F(ReplyHeadersTest, AClientWithoutATableIsAnsweredWithoutOne) {
  SetTableLimit(0);
  for (int round = 0; round < 2; ++round) ExpectRightAnswers();
}

TEST_F(ReplyHeadersTest, ATableThatShrinksToNothingIsNotReferredTo) {
  ExpectRightAnswers();
  SetTableLimit(50);
  ExpectRightAnswers();
  SetTableLimit(4096);
  ExpectRightAnswers();
}

TEST_F(ReplyHeadersTest, ATableThatShrinksALittleIsKept) {
  ExpectRightAnswers();
  SetTableLimit(104);
  for (int round = 0; round < 2; ++round) ExpectRightAnswers();
  EXPECT_EQ(replies_.Begin(false).size(), 2U);
}

}  // namespace
}  // namespace coheld::transport
