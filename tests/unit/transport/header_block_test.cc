// Header blocks: HTTP/2's rules for fields, and the memory of blocks that were read before.
#include "server/transport/header_block.h"

#include <gtest/gtest.h>

#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

constexpr size_t kBytesMax = 8 << 10;

// A literal that goes into the dynamic table.
std::string Indexed(const std::string& name, const std::string& value) {
  return '\x40' + HeaderBlock({{name, value}}).substr(1);
}

class HeaderBlockTest : public testing::Test {
 protected:
  const RequestHeaders& Read(std::string_view block) {
    EXPECT_EQ(reader_.Read(block, BlockKind::kRequest, true), BlockStep::kWhole);
    return reader_.request();
  }
  bool Malformed(const Fields& fields) { return Read(HeaderBlock(fields)).malformed; }
  bool MalformedWith(const std::string& name, const std::string& value) {
    return Malformed(RequestFields("/a.B/C", {{name, value}}));
  }
  // Puts a path and the content-type into the table, where they are 63 and 62.
  void FillTable(const std::string& path) {
    Read("\x83\x86" + Indexed(":path", path) + Indexed("content-type", "application/grpc"));
  }

  HeaderBlockReader reader_{kBytesMax};
};

// POST, http, and the two newest fields of the table.
constexpr std::string_view kReferring = "\x83\x86\xbf\xbe";

TEST_F(HeaderBlockTest, ABlockThatOnlyRefersIsReadOnce) {
  FillTable("/a.B/C");
  const RequestHeaders* const first = &Read(kReferring);
  EXPECT_EQ(first->head.path, "/a.B/C");
  EXPECT_TRUE(first->post && first->grpc && !first->malformed);
  const RequestHeaders* const second = &Read(kReferring);
  EXPECT_EQ(second->head.path, "/a.B/C");
  EXPECT_EQ(&Read(kReferring), second);  // Remembered, not read again.
}

TEST_F(HeaderBlockTest, AChangeOfTheTableMakesItForget) {
  FillTable("/a.B/C");
  Read(kReferring);
  FillTable("/d.E/F");
  EXPECT_EQ(Read(kReferring).head.path, "/d.E/F");
}

TEST_F(HeaderBlockTest, AnEntryAddedByAMalformedRequestOrByTrailersMakesItForgetToo) {
  FillTable("/a.B/C");
  Read(kReferring);
  EXPECT_TRUE(Read("\x83\x83" + Indexed(":path", "/1") + Indexed("a", "b")).malformed);
  EXPECT_EQ(Read(kReferring).head.path, "/1");
  EXPECT_EQ(reader_.Read(Indexed("c", "d"), BlockKind::kTrailers, true), BlockStep::kWhole);
  EXPECT_TRUE(Read(kReferring).malformed);  // No path any more.
}

TEST_F(HeaderBlockTest, TheSameBytesAsTrailersAreJudgedAsTrailers) {
  FillTable("/a.B/C");
  Read(kReferring);
  EXPECT_EQ(reader_.Read(kReferring, BlockKind::kTrailers, true), BlockStep::kWhole);
  EXPECT_TRUE(reader_.request().malformed);
}

TEST_F(HeaderBlockTest, ManyKindsOfBlocksAreAllReadRight) {
  std::string block;
  for (char c = 'a'; c < 'u'; ++c) block += Indexed(":path", std::string("/") + c);
  Read(block);  // Malformed, but in the table: from 62 'u' back to 81 'a'.
  for (int round = 0; round < 3; ++round) {
    for (char c = 'a'; c < 'u'; ++c) {
      const char index = static_cast<char>(0x80 + 62 + ('t' - c));
      EXPECT_EQ(Read(std::string("\x83\x86") + index).head.path, std::string("/") + c);
    }
  }
}

TEST_F(HeaderBlockTest, FragmentsOfAnySizeSayTheSame) {
  const std::string block = HeaderBlock(RequestFields("/a.B/C", {{"key", "value"}}));
  for (size_t piece = 1; piece < block.size(); ++piece) {
    std::string_view rest = block;
    while (rest.size() > piece) {
      ASSERT_EQ(reader_.Read(rest.substr(0, piece), BlockKind::kRequest, false), BlockStep::kMore);
      rest.remove_prefix(piece);
    }
    EXPECT_EQ(Read(rest).head.path, "/a.B/C");
    EXPECT_EQ(Find(reader_.request().head.metadata, "key"), "value");
  }
}

TEST_F(HeaderBlockTest, WhatIsNotHpackIsDamaged) {
  EXPECT_EQ(reader_.Read("\xFF\xFF\xFF", BlockKind::kRequest, true), BlockStep::kDamaged);
  HeaderBlockReader fresh(kBytesMax);
  EXPECT_EQ(fresh.Read("\xBE", BlockKind::kRequest, true), BlockStep::kDamaged);  // Empty table.
}

TEST_F(HeaderBlockTest, APlainRequestIsFine) {
  EXPECT_FALSE(Malformed(RequestFields("/a.B/C")));
  EXPECT_FALSE(MalformedWith("content-length", "12"));
  EXPECT_EQ(reader_.request().content_length, 12U);
}

TEST_F(HeaderBlockTest, PseudoHeaderFieldsAreThereOnceAndFirst) {
  const Fields fields = RequestFields("/a.B/C");
  for (size_t missing = 0; missing < 3; ++missing) {
    Fields some = fields;
    some.erase(some.begin() + static_cast<long>(missing));
    EXPECT_TRUE(Malformed(some)) << fields[missing].first;
  }
  for (size_t twice = 0; twice < 4; ++twice) {
    Fields more = fields;
    more.insert(more.begin(), fields[twice]);
    EXPECT_TRUE(Malformed(more)) << fields[twice].first;
  }
  Fields late = fields;
  std::swap(late.front(), late.back());
  EXPECT_TRUE(Malformed(late));
  EXPECT_TRUE(MalformedWith(":status", "200"));
  EXPECT_TRUE(MalformedWith(":protocol", "websocket"));
}

TEST_F(HeaderBlockTest, PathsBeginWithASlash) {
  EXPECT_TRUE(MalformedWith(":path", ""));
  EXPECT_TRUE(MalformedWith(":path", "a.B/C"));
  EXPECT_TRUE(MalformedWith(":path", "*"));
  EXPECT_FALSE(Malformed(RequestFields("*", {{":method", "OPTIONS"}})));
}

TEST_F(HeaderBlockTest, NamesAndValuesAreChecked) {
  EXPECT_TRUE(MalformedWith("Key", "value"));
  EXPECT_TRUE(MalformedWith("k y", "value"));
  EXPECT_TRUE(MalformedWith("", "value"));
  EXPECT_TRUE(MalformedWith("key", "a\r\nb"));
  EXPECT_TRUE(MalformedWith("key", std::string("a\0b", 3)));
  EXPECT_FALSE(MalformedWith("key", ""));
}

TEST_F(HeaderBlockTest, BlanksAroundAValueAreDropped) {
  EXPECT_FALSE(MalformedWith("key", "  a b\t"));
  EXPECT_EQ(Find(reader_.request().head.metadata, "key"), "a b");
}

TEST_F(HeaderBlockTest, FieldsOfHttp1ConnectionsAreMalformed) {
  for (const char* name :
       {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"}) {
    EXPECT_TRUE(MalformedWith(name, "x")) << name;
  }
  EXPECT_TRUE(MalformedWith("te", "gzip"));
}

TEST_F(HeaderBlockTest, ContentLengthsAreOneNumber) {
  EXPECT_TRUE(MalformedWith("content-length", "12x"));
  EXPECT_TRUE(MalformedWith("content-length", "-1"));
  EXPECT_TRUE(MalformedWith("content-length", std::string(30, '9')));
  Fields twice = RequestFields("/a.B/C", {{"content-length", "1"}});
  twice.emplace_back("content-length", "1");
  EXPECT_TRUE(Malformed(twice));
}

TEST_F(HeaderBlockTest, TooLargeBlocksAreCountedToTheirEnd) {
  const RequestHeaders& request =
      Read(HeaderBlock(RequestFields("/a.B/C", {{"big", std::string(kBytesMax, 'x')}})));
  EXPECT_GT(request.bytes, kBytesMax);
  EXPECT_TRUE(request.head.metadata.empty());
}

}  // namespace
}  // namespace coheld::transport
