// OpenSSL's SSL_CTX. See tls_context.h.
#include "proto/wire/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "proto/wire/check.h"
#include "proto/wire/tls_stream.h"

namespace coheld::wire {
namespace {

// As ALPN lists it: each name after its length.
constexpr unsigned char kH2[] = {2, 'h', '2'};
// Of TLS 1.2: forward secret, with authentication. TLS 1.3 has no others.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
// Tickets of another program that has the same certificate are none of ours.
constexpr std::string_view kSessionContext = "coheld";

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Names = std::unique_ptr<STACK_OF(X509_NAME), void (*)(STACK_OF(X509_NAME)*)>;

std::string Cannot(const char* what, const std::string& path, const std::string& why) {
  return std::string("cannot take the ") + what + " from \"" + path + "\": " + why;
}

// Why OpenSSL failed last.
std::string Why() {
  const unsigned long code = ERR_peek_error();
  const char* const reason = ERR_reason_error_string(code);
  std::string why = reason != nullptr ? reason : "unknown error " + std::to_string(code);
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) why = "it is no such PEM file, or encrypted (" + why + ")";
  ERR_clear_error();
  return why;
}

// OpenSSL's own words for a missing file are not for people.
std::string Unreadable(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return std::strerror(errno);
  std::fclose(file);
  return "";
}

// Nobody is there to ask.
int NoPassword(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*user*/) { return -1; }

// Clients without ALPN speak something else than gRPC.
int RequireAlpn(SSL* connection, int* alert, void* /*user*/) {
  const unsigned char* bytes = nullptr;
  size_t size = 0;
  const int type = TLSEXT_TYPE_application_layer_protocol_negotiation;
  if (SSL_client_hello_get0_ext(connection, type, &bytes, &size) == 1) {
    return SSL_CLIENT_HELLO_SUCCESS;
  }
  TlsStream::Of(connection).NoteFault("it offers no ALPN, and gRPC needs h2");
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  return SSL_CLIENT_HELLO_ERROR;
}

int ChooseH2(SSL* connection, const unsigned char** chosen, unsigned char* chosen_size,
             const unsigned char* offered, unsigned int offered_size, void* /*user*/) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, chosen_size, kH2, sizeof(kH2), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    TlsStream::Of(connection).NoteFault("it offers no h2 by ALPN, and gRPC needs it");
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

int Verify(int accepted, X509_STORE_CTX* checked) {
  if (accepted == 1) return 1;
  auto* const connection =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(checked, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsStream::Of(connection).NoteCertificate(checked);
  return 0;
}

SSL_CTX* NewContext(bool server) {
  // Objects that live as long as the program may close connections after OpenSSL's own end.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
  return SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
}

}  // namespace

TlsContext::TlsContext(bool server) : context_(NewContext(server)), server_(server) {
  COHELD_CHECK(context_ != nullptr);
  SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION);
  SSL_CTX_set_options(context_, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Idle connections give their buffers back.
  SSL_CTX_set_mode(context_, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_default_passwd_cb(context_, NoPassword);
  COHELD_CHECK(SSL_CTX_set_cipher_list(context_, kCiphers) == 1);
  // Sessions are resumed by tickets, of which we keep nothing.
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  if (server) {
    SSL_CTX_set_num_tickets(context_, 1);
    SSL_CTX_set_session_id_context(context_,
                                   reinterpret_cast<const unsigned char*>(kSessionContext.data()),
                                   static_cast<unsigned>(kSessionContext.size()));
    SSL_CTX_set_client_hello_cb(context_, RequireAlpn, nullptr);
    SSL_CTX_set_alpn_select_cb(context_, ChooseH2, nullptr);
  } else {
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, Verify);
    COHELD_CHECK(SSL_CTX_set_alpn_protos(context_, kH2, sizeof(kH2)) == 0);
  }
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::shared_ptr<const TlsContext> TlsContext::ForServer(const TlsFiles& files, std::string* error) {
  const std::shared_ptr<TlsContext> made(new TlsContext(true));
  *error = made->Load(files);
  return error->empty() ? made : nullptr;
}

std::shared_ptr<const TlsContext> TlsContext::ForClient(const TlsFiles& files, std::string* error) {
  const std::shared_ptr<TlsContext> made(new TlsContext(false));
  *error = made->Load(files);
  return error->empty() ? made : nullptr;
}

std::string TlsContext::Load(const TlsFiles& files) {
  ERR_clear_error();
  if (files.certificate.empty() != files.key.empty() || (server_ && files.key.empty())) {
    return "a certificate needs its key, and a key its certificate";
  }
  if (!files.certificate.empty()) {
    if (std::string error = LoadOwn(files); !error.empty()) return error;
  }
  if (!files.authorities.empty()) return LoadAuthorities(files.authorities);
  if (!server_) SSL_CTX_set_default_verify_paths(context_);
  return "";
}

std::string TlsContext::LoadOwn(const TlsFiles& files) {
  std::string why = Unreadable(files.certificate);
  if (why.empty() && SSL_CTX_use_certificate_chain_file(context_, files.certificate.c_str()) != 1) {
    why = Why();
  }
  if (!why.empty()) return Cannot("certificate", files.certificate, why);
  why = Unreadable(files.key);
  if (why.empty() &&
      SSL_CTX_use_PrivateKey_file(context_, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    why = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH
              ? "it is not the key of the certificate in \"" + files.certificate + "\""
              : Why();
  }
  ERR_clear_error();
  return why.empty() ? "" : Cannot("key", files.key, why);
}

std::string TlsContext::LoadAuthorities(const std::string& path) {
  std::string why = Unreadable(path);
  if (why.empty() && SSL_CTX_load_verify_file(context_, path.c_str()) != 1) why = Why();
  if (!why.empty()) return Cannot("authorities' certificates", path, why);
  if (!server_) return "";
  // Clients that have several certificates are told which to take.
  SSL_CTX_set_client_CA_list(context_, SSL_load_client_CA_file(path.c_str()));
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, Verify);
  return "";
}

std::string TlsContext::Describe() const {
  X509* const certificate = SSL_CTX_get0_certificate(context_);
  return certificate == nullptr ? "" : DescribeCertificate(certificate);
}

bool TlsContext::OutOfDate() const {
  X509* const certificate = SSL_CTX_get0_certificate(context_);
  if (certificate == nullptr) return false;
  return X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 ||
         X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
}

}  // namespace coheld::wire
