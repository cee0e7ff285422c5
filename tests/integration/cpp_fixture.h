// What the C++ SDK's tests share: one daemon for each test program, and each test over a Unix
// socket and over TCP. Tests only.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"

namespace coheld::testing {

enum class Socket { kUnix, kTcp };

// Returns the program's daemon, started at the first call.
inline DaemonProcess& SharedDaemon() {
  static DaemonProcess daemon;
  if (daemon.addresses().empty()) daemon.Start();
  return daemon;
}

// A test with a client of its own.
class CppTest : public ::testing::TestWithParam<Socket> {
 protected:
  static std::string Address() {
    DaemonProcess& daemon = SharedDaemon();
    return GetParam() == Socket::kUnix ? daemon.address_unix() : daemon.address_tcp();
  }

  // Returns a name that no other test uses.
  static std::string Name(const std::string& word) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return std::string(test->test_suite_name()) + "/" + test->name() + "/" + word;
  }

  Client client_ = Client::connect(Address());
};

inline std::string SocketName(const ::testing::TestParamInfo<Socket>& parameter) {
  return parameter.param == Socket::kUnix ? "Unix" : "Tcp";
}

// Instantiates a suite for both sockets.
#define COHELD_ON_BOTH_SOCKETS(suite)                                                       \
  INSTANTIATE_TEST_SUITE_P(                                                                 \
      Over, suite,                                                                          \
      ::testing::Values(::coheld::testing::Socket::kUnix, ::coheld::testing::Socket::kTcp), \
      ::coheld::testing::SocketName)

}  // namespace coheld::testing
