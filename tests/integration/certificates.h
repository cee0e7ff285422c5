// Certificates for tests, made on the spot: an authority, and what it signs. Tests only.
#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace coheld::testing {

// PEM files.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

// What a certificate says.
struct CertificateWords {
  std::string subject = "daemon";
  std::string names = "DNS:localhost,IP:127.0.0.1";  // As OpenSSL's subjectAltName.
  int begins_in_s = -3600;
  int ends_in_s = 24 * 3600;
};

// An authority of its own. Throws std::runtime_error if anything fails.
class Authority {
 public:
  // Writes its certificate to FOLDER/NAME.pem.
  Authority(const std::string& folder, const std::string& name);

  const std::string& file() const { return file_; }
  // Writes FOLDER/STEM.pem and FOLDER/STEM.key, which only the owner may read. Existing files are
  // replaced.
  CertificateFiles Issue(const std::string& stem, const CertificateWords& words = {}) const;

 private:
  std::string folder_;
  std::string file_;
  std::shared_ptr<evp_pkey_st> key_;  // Shared only for its deleter.
  std::shared_ptr<x509_st> certificate_;
};

}  // namespace coheld::testing
