// See certificates.h.
#include "tests/integration/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <stdexcept>

namespace coheld::testing {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

void Require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("certificates: cannot ") + what);
}

Key MakeKey() {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  Require(key != nullptr, "make a key");
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, &context, kind, const_cast<char*>(value.c_str()));
  Require(extension != nullptr, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// All but the extensions and the signature.
Certificate Begin(EVP_PKEY* key, const CertificateWords& words) {
  Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  uint32_t serial = 0;
  Require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof(serial)) == 1, "dice");
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), words.begins_in_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), words.ends_in_s);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(words.subject.c_str()), -1, -1,
                             0);
  return made;
}

// Replaces the file at once: a daemon may be reading it.
template <typename Write>
void WriteFile(const std::string& path, mode_t mode, const Write& write) {
  const std::string fresh = path + ".new";
  std::FILE* const file = std::fopen(fresh.c_str(), "we");
  Require(file != nullptr, path.c_str());
  const bool written = ::fchmod(::fileno(file), mode) == 0 && write(file) == 1;
  Require(std::fclose(file) == 0 && written && std::rename(fresh.c_str(), path.c_str()) == 0,
          path.c_str());
}

}  // namespace

Authority::Authority(const std::string& folder, const std::string& name)
    : folder_(folder), file_(folder + "/" + name + ".pem"), key_(MakeKey()) {
  certificate_ = Begin(key_.get(), {.subject = name});
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  AddExtension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate_.get(), certificate_.get(), NID_subject_key_identifier, "hash");
  Require(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "sign");
  WriteFile(file_, 0644,
            [this](std::FILE* file) { return PEM_write_X509(file, certificate_.get()); });
}

CertificateFiles Authority::Issue(const std::string& stem, const CertificateWords& words) const {
  const Key key = MakeKey();
  const Certificate made = Begin(key.get(), words);
  X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
  if (!words.names.empty()) {
    AddExtension(made.get(), certificate_.get(), NID_subject_alt_name, words.names);
  }
  Require(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0, "sign");
  const CertificateFiles files = {folder_ + "/" + stem + ".pem", folder_ + "/" + stem + ".key"};
  WriteFile(files.certificate, 0644,
            [&made](std::FILE* file) { return PEM_write_X509(file, made.get()); });
  WriteFile(files.key, 0600, [&key](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

}  // namespace coheld::testing
