// Two TlsStreams that talk to each other in memory: whole, cut anywhere, damaged.
#include "proto/wire/tls_stream.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/certificates.h"
#include "tests/integration/daemon_process.h"
#include "tests/unit/seeds.h"

namespace coheld::wire {
namespace {

using testing::Authority;
using testing::CertificateFiles;
using testing::TemporaryFolder;

// One end: what it read, and what it has for the other one.
struct End {
  explicit End(const TlsContext& context) : stream(context) {}

  // Takes bytes of the other end.
  void Take(std::string_view bytes) {
    char buffer[1000];
    stream.Feed(bytes);
    while (const size_t size = stream.Read(buffer, sizeof(buffer))) read.append(buffer, size);
    stream.TakeOutput(&out);
  }

  TlsStream stream;
  std::string read;
  std::string out;
};

class TlsStreamTest : public ::testing::Test {
 protected:
  static std::shared_ptr<const TlsContext> Must(std::shared_ptr<const TlsContext> context,
                                                const std::string& error) {
    EXPECT_NE(context, nullptr) << error;
    return context;
  }

  std::shared_ptr<const TlsContext> ServerContext() {
    const CertificateFiles files = authority_.Issue("daemon");
    std::string error;
    auto made = TlsContext::ForServer({files.certificate, files.key, ""}, &error);
    return Must(std::move(made), error);
  }

  std::shared_ptr<const TlsContext> ClientContext() {
    std::string error;
    auto made = TlsContext::ForClient({"", "", authority_.file()}, &error);
    return Must(std::move(made), error);
  }

  // Carries bytes in pieces of at most so many until nothing is left on either side.
  void Carry(size_t piece) {
    while (!client_.out.empty() || !server_.out.empty()) {
      CarryOne(client_, server_, piece);
      CarryOne(server_, client_, piece);
    }
  }

  static void CarryOne(End& from, End& to, size_t piece) {
    std::string bytes;
    bytes.swap(from.out);
    for (size_t at = 0; at < bytes.size(); at += piece) to.Take(bytes.substr(at, piece));
  }

  void Begin() {
    client_.stream.ExpectServer("localhost");
    client_.Take("");
  }

  void Establish() {
    Begin();
    Carry(100'000);
    ASSERT_TRUE(client_.stream.established()) << client_.stream.error();
    ASSERT_TRUE(server_.stream.established()) << server_.stream.error();
  }

  TemporaryFolder folder_;
  Authority authority_{folder_.path(), "authority"};
  const std::shared_ptr<const TlsContext> server_context_ = ServerContext();
  const std::shared_ptr<const TlsContext> client_context_ = ClientContext();
  End server_{*server_context_};
  End client_{*client_context_};
};

TEST_F(TlsStreamTest, BytesPassBothWays) {
  Establish();
  ASSERT_TRUE(client_.stream.Write("question", &client_.out));
  ASSERT_TRUE(server_.stream.Write("answer", &server_.out));
  Carry(100'000);
  EXPECT_EQ(server_.read, "question");
  EXPECT_EQ(client_.read, "answer");
}

TEST_F(TlsStreamTest, BytesMayComeOneByOne) {
  Begin();
  Carry(1);
  ASSERT_TRUE(server_.stream.Write("answer", &server_.out));
  Carry(1);
  EXPECT_EQ(client_.read, "answer");
  EXPECT_EQ(client_.stream.error() + server_.stream.error(), "");
}

TEST_F(TlsStreamTest, MuchPassesHoweverItIsCut) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(static_cast<unsigned>(seed));
  Establish();
  std::string much(3'000'000, '\0');
  std::generate(much.begin(), much.end(), [&random] { return static_cast<char>(random()); });
  for (size_t at = 0; at < much.size();) {
    const size_t size = std::min<size_t>(random() % 40'000, much.size() - at);
    ASSERT_TRUE(client_.stream.Write(std::string_view(much).substr(at, size), &client_.out));
    at += size;
  }
  std::string bytes;
  bytes.swap(client_.out);
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = random() % 20'000;
    server_.Take(bytes.substr(at, size));
    at += size;
  }
  EXPECT_TRUE(server_.read == much);
}

TEST_F(TlsStreamTest, EverySingleBitThatIsFlippedIsNoticed) {
  for (size_t bit = 0; bit < 8 * 24; ++bit) {
    End server(*server_context_);
    End client(*client_context_);
    client.stream.ExpectServer("localhost");
    client.Take("");
    while (!client.out.empty() || !server.out.empty()) {
      CarryOne(client, server, 100'000);
      CarryOne(server, client, 100'000);
    }
    ASSERT_TRUE(client.stream.Write("x", &client.out));
    ASSERT_EQ(client.out.size(), 23U);  // A head of 5, the byte, its kind, a tag of 16.
    if (bit / 8 >= client.out.size()) continue;
    client.out[bit / 8] = static_cast<char>(client.out[bit / 8] ^ (1 << bit % 8));
    server.Take(client.out);
    EXPECT_EQ(server.read, "") << bit;
    // A length that grew is only noticed when more comes.
    server.Take(std::string(70'000, 'y'));
    EXPECT_EQ(server.read, "") << bit;
    EXPECT_NE(server.stream.error(), "") << bit;
  }
}

TEST_F(TlsStreamTest, AnEndThatIsSaidIsToldFromOneThatIsNot) {
  Establish();
  ASSERT_TRUE(client_.stream.Write("last", &client_.out));
  client_.stream.Close();
  client_.stream.TakeOutput(&client_.out);
  const size_t notice = 24;  // The record of the alert.
  server_.Take(client_.out.substr(0, client_.out.size() - notice));
  EXPECT_EQ(server_.read, "last");
  EXPECT_FALSE(server_.stream.ended());
  server_.Take(client_.out.substr(client_.out.size() - notice));
  EXPECT_TRUE(server_.stream.ended());
  EXPECT_EQ(server_.stream.error(), "");
}

TEST_F(TlsStreamTest, APlainClientGetsAnAlertAtItsFirstByte) {
  server_.Take("P");
  EXPECT_EQ(server_.stream.error(), "it speaks no TLS");
  EXPECT_EQ(server_.stream.trouble(), TlsStream::Trouble::kNoTls);
  EXPECT_EQ(server_.out, std::string("\x15\x03\x03\0\x02\x02\x46", 7));
  server_.out.clear();
  server_.Take("RI * HTTP/2.0");
  EXPECT_EQ(server_.out, "");
}

TEST_F(TlsStreamTest, GarbageInPlaceOfAHandshakeEndsIt) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::minstd_rand random(static_cast<unsigned>(seed));
  for (int round = 0; round < 200; ++round) {
    End server(*server_context_);
    std::string bytes(20'000, '\0');
    std::generate(bytes.begin(), bytes.end(), [&random] { return static_cast<char>(random()); });
    bytes[0] = '\x16';
    bytes[1] = '\x03';
    server.Take(bytes);
    EXPECT_NE(server.stream.error(), "");
    EXPECT_FALSE(server.stream.established());
    EXPECT_EQ(server.read, "");
  }
}

TEST_F(TlsStreamTest, AServerThatSpeaksNoTlsIsNoticed) {
  Begin();
  client_.Take(std::string("\0\0\x12\x04\0\0\0\0\0", 9));
  EXPECT_EQ(client_.stream.trouble(), TlsStream::Trouble::kNoTls);
}

TEST_F(TlsStreamTest, AnotherServersCertificateIsNotAccepted) {
  client_.stream.ExpectServer("other.example");
  client_.Take("");
  Carry(100'000);
  EXPECT_NE(client_.stream.error().find("it is for DNS:localhost"), std::string::npos)
      << client_.stream.error();
  EXPECT_FALSE(server_.stream.established());
  EXPECT_NE(server_.stream.error(), "");
}

}  // namespace
}  // namespace coheld::wire
