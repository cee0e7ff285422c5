// OpenSSL's SSL over a BIO of our own, which reads a view and appends to a string: no copies, and
// no buffers while nothing happens. See tls_stream.h.
#include "proto/wire/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <ctime>
#include <utility>

#include "proto/wire/check.h"

namespace coheld::wire {
namespace {

constexpr char kHandshakeRecord = 22;  // What a TLS connection begins with, or ...
constexpr char kAlertRecord = 21;      // ... at once ends with.
// A fatal alert, protocol_version: what clients that speak TLS, or look for it, understand.
constexpr std::string_view kNoTlsAlert("\x15\x03\x03\x00\x02\x02\x46", 7);
constexpr size_t kNamesShown = 5;

int ToInt(size_t size) { return static_cast<int>(std::min<size_t>(size, INT_MAX)); }

bool IsAddress(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> ignored;
  return inet_pton(AF_INET, name.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), ignored.data()) == 1;
}

std::string TakeText(BIO* memory) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string text(bytes, static_cast<size_t>(std::max(0L, size)));
  BIO_free(memory);
  return text;
}

std::string Day(const ASN1_TIME* time) {
  std::tm day{};
  if (ASN1_TIME_to_tm(time, &day) != 1) return "an unknown day";
  std::array<char, 32> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%d", &day);
  return {text.data(), size};
}

// What a certificate is good for: "localhost, 127.0.0.1".
std::string NamesOf(const X509* certificate) {
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (names == nullptr) return "no name (it has no subjectAltName)";
  std::string text;
  for (size_t i = 0; i < static_cast<size_t>(sk_GENERAL_NAME_num(names)); ++i) {
    if (i == kNamesShown) {
      text += ", ...";
      break;
    }
    BIO* const memory = BIO_new(BIO_s_mem());
    GENERAL_NAME_print(memory, sk_GENERAL_NAME_value(names, static_cast<int>(i)));
    text += (i == 0 ? "" : ", ") + TakeText(memory);
  }
  GENERAL_NAMES_free(names);
  return text;
}

bool IsOfUnknownAuthority(int error) {
  return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
         error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
         error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
         error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

}  // namespace

std::string DescribeCertificate(const x509_st* certificate) {
  BIO* const memory = BIO_new(BIO_s_mem());
  X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return TakeText(memory) + " until " + Day(X509_get0_notAfter(certificate));
}

struct TlsStream::Bytes {
  static TlsStream& Self(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* buffer, int size) {
    std::string_view& input = Self(bio).input_;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t taken = std::min(static_cast<size_t>(size), input.size());
    std::memcpy(buffer, input.data(), taken);
    input.remove_prefix(taken);
    return static_cast<int>(taken);
  }

  static int Write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    Self(bio).sink_->append(bytes, static_cast<size_t>(size));
    return size;
  }

  static long Control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO_METHOD* Make() {
    BIO_METHOD* const made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "coheld bytes");
    COHELD_CHECK(made != nullptr);
    BIO_meth_set_read(made, Read);
    BIO_meth_set_write(made, Write);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = Make();
    return method;
  }
};

TlsStream::TlsStream(const TlsContext& context) : connection_(SSL_new(context.native())) {
  COHELD_CHECK(connection_ != nullptr);
  BIO* const bio = BIO_new(Bytes::Method());
  COHELD_CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(connection_, bio, bio);  // Which owns it now.
  SSL_set_app_data(connection_, this);
  if (context.server()) {
    SSL_set_accept_state(connection_);
  } else {
    SSL_set_connect_state(connection_);
  }
}

TlsStream::~TlsStream() {
  // Else a session that was not shut down counts as broken, and its ticket as bad.
  SSL_set_quiet_shutdown(connection_, 1);
  SSL_free(connection_);
}

TlsStream& TlsStream::Of(const ssl_st* connection) {
  return *static_cast<TlsStream*>(SSL_get_app_data(connection));
}

void TlsStream::ExpectServer(const std::string& name) {
  expected_name_ = name;
  X509_VERIFY_PARAM* const rules = SSL_get0_param(connection_);
  if (IsAddress(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str());
    return;
  }
  SSL_set_tlsext_host_name(connection_, name.c_str());
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(connection_, name.c_str());
}

size_t TlsStream::Read(char* buffer, size_t size) {
  if (ended_ || !error_.empty()) return 0;
  if (!Handshake()) return 0;
  ERR_clear_error();
  const int result = SSL_read(connection_, buffer, ToInt(size));
  if (result > 0) return static_cast<size_t>(result);
  Fail(result);
  return 0;
}

bool TlsStream::LooksLikeTls() {
  if (begun_ || input_.empty()) return true;
  begun_ = true;
  if (input_.front() == kHandshakeRecord || input_.front() == kAlertRecord) return true;
  error_ = "it speaks no TLS";
  trouble_ = Trouble::kNoTls;
  if (SSL_is_server(connection_) == 1) output_ = kNoTlsAlert;
  return false;
}

bool TlsStream::AgreedOnH2() const {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(connection_, &protocol, &size);
  return std::string_view(reinterpret_cast<const char*>(protocol), size) == "h2";
}

bool TlsStream::Handshake() {
  if (established_) return true;
  if (!error_.empty() || !LooksLikeTls()) return false;
  ERR_clear_error();
  const int result = SSL_do_handshake(connection_);
  if (result != 1) {
    Fail(result);
    return false;
  }
  if (!AgreedOnH2()) {
    error_ = "it speaks TLS, but no gRPC (it chose no h2 by ALPN)";
    return false;
  }
  established_ = true;
  return true;
}

bool TlsStream::Write(std::string_view plain, std::string* cipher) {
  COHELD_CHECK(established_);
  TakeOutput(cipher);
  sink_ = cipher;
  while (!plain.empty() && error_.empty()) {
    ERR_clear_error();
    const int result = SSL_write(connection_, plain.data(), ToInt(plain.size()));
    if (result > 0) {
      plain.remove_prefix(static_cast<size_t>(result));
    } else {
      Fail(result);
      if (error_.empty()) error_ = "it cannot be written to";
    }
  }
  sink_ = &output_;
  return error_.empty();
}

void TlsStream::TakeOutput(std::string* cipher) {
  if (output_.empty()) return;
  cipher->append(output_);
  std::string().swap(output_);
}

void TlsStream::Close() {
  if (!established_ || !error_.empty()) return;
  ERR_clear_error();
  SSL_shutdown(connection_);
}

void TlsStream::Fail(int result) {
  switch (SSL_get_error(connection_, result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return;
    default:
      error_ = Explain();
      ERR_clear_error();
  }
}

std::string TlsStream::Explain() {
  if (!fault_.empty()) return fault_;
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  // An alert's number is told as a reason from here on.
  const bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET;
  if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return "it has no certificate";
  if (reason == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED) trouble_ = Trouble::kCertificateWanted;
  const char* const words = ERR_reason_error_string(code);
  if (words == nullptr) return "TLS failed (error " + std::to_string(code) + ")";
  return (alert ? "it refuses the connection: " : "TLS failed: ") + std::string(words);
}

void TlsStream::NoteCertificate(x509_store_ctx_st* checked) {
  const int error = X509_STORE_CTX_get_error(checked);
  X509* const certificate = X509_STORE_CTX_get_current_cert(checked);
  fault_ = "its certificate is not accepted: ";
  if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    fault_ += "it is for " + (certificate == nullptr ? "others" : NamesOf(certificate)) +
              ", not for \"" + expected_name_ + "\"";
    return;
  }
  if (IsOfUnknownAuthority(error)) trouble_ = Trouble::kUnknownAuthority;
  fault_ += X509_verify_cert_error_string(error);
  if (certificate != nullptr) fault_ += " (" + DescribeCertificate(certificate) + ")";
}

}  // namespace coheld::wire
