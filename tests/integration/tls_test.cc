// The SDK and the daemon over TLS: who is served, what is said to who is not, certificates that are
// renewed, interrupts, forks.
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/certificates.h"
#include "tests/integration/cpp_fixture.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/tls_peer.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;
using testing::Authority;
using testing::CertificateFiles;
using testing::CertificateWords;
using testing::DaemonProcess;
using testing::TemporaryFolder;

class TlsTest : public ::testing::Test {
 protected:
  // Starts a daemon with such a certificate.
  void Start(const CertificateWords& words = {}, std::vector<std::string> more = {}) {
    StartWith(authority_.Issue("daemon", words), std::move(more));
  }

  void StartWith(const CertificateFiles& files, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--tls-cert", files.certificate, "--tls-key", files.key});
    daemon_.Start(more);
  }

  std::string Address() const { return "tls://" + daemon_.address_tcp(); }

  Client Connect(TlsOptions tls, ClientOptions options = {}) const {
    options.tls = std::move(tls);
    return Client::connect(Address(), std::move(options));
  }
  Client Connect() const { return Connect({.ca_file = authority_.file()}); }

  // What connecting fails with.
  std::string Failure(const TlsOptions& tls) const {
    try {
      Connect(tls);
    } catch (const ConnectFailed& failed) {
      return failed.what();
    }
    return "it did not fail";
  }

  TemporaryFolder folder_;
  Authority authority_{folder_.path(), "authority"};
  DaemonProcess daemon_;
};

#define EXPECT_SAYS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << "it says: " << (text)

TEST_F(TlsTest, AClientThatTrustsTheAuthorityIsServed) {
  Start();
  const Client client = Connect();
  List<int64_t>(client, "list").append(7);
  EXPECT_EQ(List<int64_t>(client, "list").size(), 1U);
  EXPECT_TRUE(daemon_.WaitForLog("tls_loaded certificate=\"CN=daemon until"));
}

TEST_F(TlsTest, TheUnixSocketOfTheSameDaemonIsPlain) {
  Start();
  List<int64_t>(Client::connect(daemon_.address_unix()), "list").append(1);
  EXPECT_EQ(List<int64_t>(Connect(), "list").size(), 1U);
}

TEST_F(TlsTest, LargeValuesArriveWhole) {
  Start();
  const Client client = Connect();
  std::string large(20'000'000, '\0');
  for (size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>((i * 2654435761U >> 13) & 0x7f);
  Dict<std::string, std::string> dict(client, "dict");
  dict.set("large", large);
  EXPECT_TRUE(dict.at("large") == large);
}

TEST_F(TlsTest, ManyThreadsHaveConnectionsOfTheirOwn) {
  Start();
  const Client client = Connect();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&client] {
      for (int round = 0; round < 100; ++round) List<int64_t>(client, "list").append(round);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(List<int64_t>(client, "list").size(), 800U);
}

TEST_F(TlsTest, TheKeyIsProvedOverTlsAsWell) {
  const std::string key_file = folder_.path() + "/secret";
  std::ofstream(key_file) << "secret";
  ASSERT_EQ(chmod(key_file.c_str(), 0600), 0);
  Start({}, {"--key-file", key_file});
  Connect({.ca_file = authority_.file()}, {.key = "secret"});
  EXPECT_THROW(Connect({.ca_file = authority_.file()}, {.key = "guess"}), Unauthenticated);
  EXPECT_THROW(Connect(), Unauthenticated);
}

TEST_F(TlsTest, AnUnknownAuthorityIsRefusedWithAdvice) {
  Start();
  const Authority other(folder_.path(), "other");
  const std::string failure = Failure({.ca_file = other.file()});
  EXPECT_SAYS(failure, "its certificate is not accepted: unable to get local issuer");
  EXPECT_SAYS(failure, "CN=daemon");
  EXPECT_SAYS(failure, "as the CA file");
  EXPECT_TRUE(daemon_.WaitForLog("it refuses the connection: tlsv1 alert unknown ca"));
}

TEST_F(TlsTest, TheSystemsAuthoritiesAreTrustedUnlessTold) {
  Start();
  EXPECT_SAYS(Failure({}), "its certificate is not accepted");
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  Start({.begins_in_s = -7200, .ends_in_s = -3600});
  EXPECT_SAYS(Failure({.ca_file = authority_.file()}), "certificate has expired (CN=daemon until ");
  EXPECT_TRUE(daemon_.WaitForLog("tls_certificate_out_of_date"));
}

TEST_F(TlsTest, ACertificateForAnotherNameIsRefused) {
  Start({.names = "DNS:daemon.example,IP:10.0.0.1"});
  EXPECT_SAYS(Failure({.ca_file = authority_.file()}),
              "it is for DNS:daemon.example, IP Address:10.0.0.1, not for \"127.0.0.1\"");
  EXPECT_SAYS(Failure({.ca_file = authority_.file(), .server_name = "other.example"}),
              "not for \"other.example\"");
  Connect({.ca_file = authority_.file(), .server_name = "daemon.example"});
  Connect({.ca_file = authority_.file(), .server_name = "10.0.0.1"});
}

TEST_F(TlsTest, OnlyClientsWithACertificateAreServedIfTold) {
  Start({}, {"--tls-client-ca", authority_.file()});
  const CertificateFiles own = authority_.Issue("client", {.subject = "client"});
  List<int64_t>(
      Connect({.ca_file = authority_.file(), .cert_file = own.certificate, .key_file = own.key}),
      "list")
      .append(1);
  EXPECT_SAYS(Failure({.ca_file = authority_.file()}), "certificate required");
  EXPECT_SAYS(Failure({.ca_file = authority_.file()}), "only clients with a certificate");
  EXPECT_TRUE(daemon_.WaitForLog("it has no certificate"));
}

TEST_F(TlsTest, ACertificateOfAnotherAuthorityIsRefusedByTheDaemon) {
  Start({}, {"--tls-client-ca", authority_.file()});
  const Authority other(folder_.path(), "other");
  const CertificateFiles foreign = other.Issue("foreign", {.subject = "stranger"});
  EXPECT_SAYS(Failure({.ca_file = authority_.file(),
                       .cert_file = foreign.certificate,
                       .key_file = foreign.key}),
              "it refuses the connection: tlsv1 alert unknown ca");
  EXPECT_TRUE(daemon_.WaitForLog("CN=stranger"));
}

TEST_F(TlsTest, TlsToAPlainPortSaysSo) {
  daemon_.Start();
  EXPECT_SAYS(Failure({.ca_file = authority_.file()}), "it speaks no TLS; connect to host:port");
}

TEST_F(TlsTest, APlainClientOfATlsPortIsToldSo) {
  Start();
  try {
    Client::connect(daemon_.address_tcp());
    ADD_FAILURE() << "it connected";
  } catch (const ConnectFailed& failed) {
    EXPECT_SAYS(std::string(failed.what()), "the daemon speaks TLS there; connect to tls://");
  }
  EXPECT_TRUE(daemon_.WaitForLog("reason=TLS failures=1 error=\"it speaks no TLS\""));
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  Start();
  const auto complaint = [this](const TlsOptions& tls) -> std::string {
    try {
      Connect(tls);
    } catch (const InvalidArgument& refused) {
      return refused.what();
    }
    return "it did not fail";
  };
  EXPECT_SAYS(complaint({.ca_file = "/none.pem"}), "\"/none.pem\": No such file");
  const CertificateFiles own = authority_.Issue("client");
  EXPECT_SAYS(complaint({.ca_file = own.key}), "it is no such PEM file");
  EXPECT_SAYS(complaint({.cert_file = own.certificate}), "needs its key");
  const CertificateFiles other = authority_.Issue("other");
  EXPECT_SAYS(complaint({.cert_file = own.certificate, .key_file = other.key}),
              "it is not the key of the certificate");
}

TEST_F(TlsTest, OptionsWithoutATlsAddressAreRefused) {
  daemon_.Start();
  ClientOptions options;
  options.tls.ca_file = authority_.file();
  EXPECT_THROW(Client::connect(daemon_.address_tcp(), options), InvalidArgument);
}

TEST_F(TlsTest, TheEnvironmentCompletesTheOptions) {
  Start({.names = "DNS:daemon.example"});
  setenv("COHELD_TLS_CA", authority_.file().c_str(), 1);
  setenv("COHELD_TLS_SERVER_NAME", "daemon.example", 1);
  EXPECT_NO_THROW(Client::connect(Address()));
  unsetenv("COHELD_TLS_CA");
  unsetenv("COHELD_TLS_SERVER_NAME");
}

TEST_F(TlsTest, AHangupLoadsTheRenewedCertificateAndDropsNobody) {
  Start({.subject = "first"});
  const Client before = Connect();
  const uint64_t session = before.session_id();
  authority_.Issue("daemon", {.subject = "second"});
  daemon_.Signal(SIGHUP);
  ASSERT_TRUE(daemon_.WaitForLog("tls_loaded certificate=\"CN=second"));
  List<int64_t>(before, "list").append(1);
  EXPECT_EQ(before.session_id(), session);
  EXPECT_EQ(List<int64_t>(Connect(), "list").size(), 1U);
  EXPECT_EQ(testing::TlsPeer(daemon_.port(), {}).PeerSubject(), "second");
}

TEST_F(TlsTest, ABadFileKeepsTheCertificateThatWasThere) {
  Start({.subject = "first"});
  std::ofstream(folder_.path() + "/daemon.pem") << "no certificate\n";
  daemon_.Signal(SIGHUP);
  ASSERT_TRUE(daemon_.WaitForLog("tls_reload_failed error=\"cannot take the certificate from"));
  EXPECT_EQ(testing::TlsPeer(daemon_.port(), {}).PeerSubject(), "first");
  Connect();
}

TEST_F(TlsTest, ADaemonWithoutUsableFilesDoesNotStart) {
  const CertificateFiles files = authority_.Issue("daemon");
  DaemonProcess daemon;
  daemon.Spawn({"--listen", "127.0.0.1:0", "--tls-cert", files.certificate, "--tls-key", "/none"});
  EXPECT_EQ(daemon.WaitForExit(), 1);
  EXPECT_SAYS(daemon.Log(), "cannot take the key from \"/none\": No such file");
}

TEST_F(TlsTest, AKeyThatOthersCanReadIsWarnedOf) {
  const CertificateFiles files = authority_.Issue("daemon");
  ASSERT_EQ(chmod(files.key.c_str(), 0644), 0);
  StartWith(files);
  EXPECT_TRUE(daemon_.WaitForLog("tls_key_readable path=" + files.key + " mode=0644"));
}

TEST_F(TlsTest, ListeningForOthersWithoutTlsIsWarnedOf) {
  DaemonProcess open;
  open.Start({"--listen", "0.0.0.0:0"});
  EXPECT_TRUE(open.WaitForLog("listens_unencrypted address=0.0.0.0:"));
  EXPECT_SAYS(open.Output(), "is open to others");
  Start({}, {"--listen", "0.0.0.0:0"});
  EXPECT_EQ(daemon_.Log().find("listens_unencrypted"), std::string::npos);
}

TEST_F(TlsTest, AProtocolThatIsNotHttp2IsRefused) {
  Start();
  EXPECT_THROW(testing::TlsPeer(daemon_.port(), {.protocol = "http/1.1"}), std::runtime_error);
  EXPECT_TRUE(daemon_.WaitForLog("it offers no h2 by ALPN"));
  EXPECT_THROW(testing::TlsPeer(daemon_.port(), {.protocol = ""}), std::runtime_error);
  EXPECT_TRUE(daemon_.WaitForLog("it offers no ALPN"));
}

TEST_F(TlsTest, VersionsBefore12AreRefused) {
  Start();
  EXPECT_THROW(testing::TlsPeer(daemon_.port(), {.newest = testing::TlsVersion::k11}),
               std::runtime_error);
  EXPECT_EQ(testing::TlsPeer(daemon_.port(), {.newest = testing::TlsVersion::k12}).Version(),
            "TLSv1.2");
  EXPECT_EQ(testing::TlsPeer(daemon_.port(), {}).Version(), "TLSv1.3");
}

TEST_F(TlsTest, ARenegotiationIsRefused) {
  Start();
  testing::TlsPeer peer(daemon_.port(), {.newest = testing::TlsVersion::k12});
  EXPECT_FALSE(peer.Renegotiates());
}

TEST_F(TlsTest, AHandshakeThatIsNotFinishedEndsAtTheDeadline) {
  Start();
  testing::TlsPeer peer(daemon_.port(), {.handshake = false});
  peer.SendRaw(std::string("\x16\x03\x01\x02\x00\x01", 6));  // The head of a ClientHello.
  EXPECT_TRUE(daemon_.WaitForLog("reason=HANDSHAKE_TIMEOUT"));
}

TEST_F(TlsTest, ManyHandshakesAtOnceAllSucceed) {
  Start();
  std::vector<std::unique_ptr<testing::TlsPeer>> peers;
  for (int i = 0; i < 200; ++i) {
    peers.push_back(std::make_unique<testing::TlsPeer>(
        daemon_.port(), testing::TlsPeer::Options{.handshake = false}));
  }
  for (const auto& peer : peers) peer->Begin();
  for (const auto& peer : peers) EXPECT_NO_THROW(peer->Finish());
  Connect();
}

TEST_F(TlsTest, AHandshakeWithoutAnAnswerEndsWithConnectTimeout) {
  const testing::SilentServer silent;
  const auto begin = std::chrono::steady_clock::now();
  ClientOptions options;
  options.connect_timeout = 200ms;
  options.tls.ca_file = authority_.file();
  try {
    Client::connect("tls://" + silent.address(), options);
    ADD_FAILURE() << "it connected";
  } catch (const ConnectFailed& failed) {
    EXPECT_SAYS(std::string(failed.what()), "did not answer the TLS handshake in time");
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 190ms);
}

TEST_F(TlsTest, AHandshakeCanBeInterrupted) {
  const testing::SilentServer silent;
  ClientOptions options;
  options.connect_timeout = 60s;
  options.tls.ca_file = authority_.file();
  options.on_interrupt = [] { return true; };
  EXPECT_THROW(Client::connect("tls://" + silent.address(), options), Interrupted);
}

// GCC 12's AddressSanitizer does not guard its allocator against fork(): a child may hang in
// malloc.
#if !defined(__SANITIZE_ADDRESS__)
TEST_F(TlsTest, AChildConnectsAnewWhileThreadsOfTheParentWork) {
  Start();
  const Client client = Connect();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      // Connects again and again: OpenSSL's locks are busy.
      while (!stop) List<int64_t>(Connect(), "parent").append(1);
    });
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(testing::InChild([&client] {
      List<int64_t>(client, "children").append(1);
      return true;
    }));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(List<int64_t>(client, "children").size(), 20U);
}
#endif

TEST_F(TlsTest, AClientReconnectsToADaemonThatCameBack) {
  const CertificateFiles files = authority_.Issue("daemon");
  const std::string data = folder_.path() + "/data";
  StartWith(files, {"--data-dir", data});
  const Client client = Connect();
  List<int64_t>(client, "list").append(1);
  const std::string address = daemon_.address_tcp();
  daemon_.Kill();
  daemon_.WaitForExit();
  DaemonProcess again;
  again.Start({"--data-dir", data, "--listen", address, "--tls-cert", files.certificate,
               "--tls-key", files.key});
  List<int64_t>(client, "list").append(2);
  EXPECT_EQ(List<int64_t>(client, "list").size(), 2U);
}

TEST_F(TlsTest, ARenewedClientCertificateIsUsedForTheNextConnection) {
  Start({}, {"--tls-client-ca", authority_.file()});
  const CertificateFiles own = authority_.Issue("client");
  ClientOptions options;
  options.idle_channels_max = 0;  // Each call connects.
  options.reconnect_timeout = 2s;
  const Client client = Connect(
      {.ca_file = authority_.file(), .cert_file = own.certificate, .key_file = own.key}, options);
  List<int64_t>(client, "list").append(1);
  const Authority other(folder_.path(), "other");
  const CertificateFiles foreign = other.Issue("client");
  EXPECT_EQ(foreign.certificate, own.certificate);
  EXPECT_THROW(List<int64_t>(client, "list").append(2), ConnectFailed);
}

}  // namespace
}  // namespace coheld
