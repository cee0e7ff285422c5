// See folder_secret.h. The file is made under another name and renamed, so that it is there whole
// or not at all.
#include "server/store/folder_secret.h"

#include <cerrno>
#include <memory>

#include "proto/wire/key_proof.h"
#include "server/journal/failpoint.h"

namespace coheld::store {
namespace {

using journal::Fault;
using journal::File;
using journal::Files;
using journal::Status;

Status MakeSecret(Files& files, const std::string& folder, std::string* secret) {
  const std::string path = folder + "/" + kSecretName;
  const std::string next = path + "-next";
  if (Status fault = files.Remove(next); fault && fault->code != ENOENT) return fault;
  std::unique_ptr<File> file;
  if (Status fault = files.Create(next, &file)) return fault;
  *secret = wire::RandomBytes(kSecretBytes);
  if (Status fault = file->WriteAt(0, *secret)) return fault;
  COHELD_FAILPOINT("secret.created");
  if (Status fault = file->Sync()) return fault;
  COHELD_FAILPOINT("secret.written");
  if (Status fault = files.Rename(next, path)) return fault;
  COHELD_FAILPOINT("secret.renamed");
  if (Status fault = files.SyncFolder(folder)) return fault;
  COHELD_FAILPOINT("secret.synced_folder");
  return std::nullopt;
}

}  // namespace

Status LoadSecret(Files& files, const std::string& folder, std::string* secret) {
  const std::string path = folder + "/" + kSecretName;
  std::unique_ptr<File> file;
  if (Status fault = files.Open(path, &file)) {
    return fault->code == ENOENT ? MakeSecret(files, folder, secret) : fault;
  }
  if (Status fault = file->ReadAt(0, kSecretBytes + 1, secret)) return fault;
  if (secret->size() == kSecretBytes) return std::nullopt;
  return Fault{0,
               path + " is damaged: it has not " + std::to_string(kSecretBytes) +
                   " bytes. Remove it: no object is lost, but clients have to open new sessions"};
}

}  // namespace coheld::store
