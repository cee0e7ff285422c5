// See process_files.h.
#include "tests/simulation/process_files.h"

#include <cerrno>
#include <utility>

namespace coheld::simulation {

using journal::Fault;
using journal::File;

class ProcessFiles::OpenFile : public File {
 public:
  OpenFile(ProcessFiles& process, std::unique_ptr<File> file)
      : process_(process), file_(std::move(file)) {}

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    if (process_.left_ == 1) {  // It ends within the call.
      (void)file_->WriteAt(offset, bytes.substr(0, bytes.size() / 2));
    }
    if (Status fault = process_.Count()) return fault;
    return file_->WriteAt(offset, bytes);
  }
  Status ReadAt(uint64_t offset, size_t size, std::string* bytes) const override {
    if (Status fault = process_.Count()) return fault;
    return file_->ReadAt(offset, size, bytes);
  }
  Status Sync() override {
    if (Status fault = process_.Count()) return fault;
    return file_->Sync();
  }
  Status Reserve(uint64_t bytes) override {
    if (Status fault = process_.Count()) return fault;
    return file_->Reserve(bytes);
  }
  Status Size(uint64_t* bytes) const override {
    if (Status fault = process_.Count()) return fault;
    return file_->Size(bytes);
  }

 private:
  ProcessFiles& process_;
  const std::unique_ptr<File> file_;
};

journal::Status ProcessFiles::Count() {
  if (left_ != UINT64_MAX && left_ != 0) --left_;
  if (left_ != 0) return std::nullopt;
  return Fault{EINTR, "the process has ended"};
}

journal::Status ProcessFiles::Create(const std::string& path, std::unique_ptr<File>* file) {
  if (Status fault = Count()) return fault;
  std::unique_ptr<File> made;
  if (Status fault = disk_.Create(path, &made)) return fault;
  *file = std::make_unique<OpenFile>(*this, std::move(made));
  return std::nullopt;
}

journal::Status ProcessFiles::Open(const std::string& path, std::unique_ptr<File>* file) {
  if (Status fault = Count()) return fault;
  std::unique_ptr<File> opened;
  if (Status fault = disk_.Open(path, &opened)) return fault;
  *file = std::make_unique<OpenFile>(*this, std::move(opened));
  return std::nullopt;
}

journal::Status ProcessFiles::Rename(const std::string& from, const std::string& to) {
  if (Status fault = Count()) return fault;
  return disk_.Rename(from, to);
}

journal::Status ProcessFiles::Remove(const std::string& path) {
  if (Status fault = Count()) return fault;
  return disk_.Remove(path);
}

journal::Status ProcessFiles::MakeFolder(const std::string& path) {
  if (Status fault = Count()) return fault;
  return disk_.MakeFolder(path);
}

journal::Status ProcessFiles::List(const std::string& folder, std::vector<std::string>* names) {
  if (Status fault = Count()) return fault;
  return disk_.List(folder, names);
}

journal::Status ProcessFiles::SyncFolder(const std::string& folder) {
  if (Status fault = Count()) return fault;
  return disk_.SyncFolder(folder);
}

}  // namespace coheld::simulation
