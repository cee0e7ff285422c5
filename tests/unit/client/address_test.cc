// Addresses: the three forms, and what is refused.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <string>

#include <gtest/gtest.h>

#include "client/cpp/src/socket.h"

namespace coheld::core {
namespace {

TEST(AddressTest, AUnixPathResolvesToItself) {
  const auto found = Address::Parse("unix:/a/b").Resolve();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_STREQ(reinterpret_cast<const sockaddr_un&>(found[0].storage).sun_path, "/a/b");
}

TEST(AddressTest, NumbersNeedNoResolver) {
  const auto v4 = Address::Parse("127.0.0.1:80").Resolve();
  ASSERT_EQ(v4.size(), 1u);
  EXPECT_EQ(ntohs(reinterpret_cast<const sockaddr_in&>(v4[0].storage).sin_port), 80);
  const auto v6 = Address::Parse("[::1]:80").Resolve();
  ASSERT_EQ(v6.size(), 1u);
  EXPECT_EQ(v6[0].storage.ss_family, AF_INET6);
}

TEST(AddressTest, OtherFormsAreRefused) {
  for (const std::string text : {"", "host", "host:", "host:x", "host:65536", ":80", "::1:80",
                                 "[::1]", "unix:", "host:-1"}) {
    EXPECT_THROW(Address::Parse(text), InvalidArgument) << text;
  }
  EXPECT_THROW(Address::Parse("unix:/" + std::string(107, 'x')), InvalidArgument);
}

}  // namespace
}  // namespace coheld::core
