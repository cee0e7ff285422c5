// See simulated_disk.h.
#include "tests/unit/journal/simulated_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

namespace coheld::journal {

class SimulatedDisk::OpenFile : public File {
 public:
  OpenFile(SimulatedDisk& disk, std::string path, std::shared_ptr<Content> content)
      : disk_(disk), path_(std::move(path)), content_(std::move(content)) {}

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const Status fault = disk_.Count("write", path_);
    if (fault) bytes = bytes.substr(0, bytes.size() / 2);
    Note({.offset = offset, .bytes = std::string(bytes)});
    return fault;
  }
  Status ReadAt(uint64_t offset, size_t size, std::string* bytes) const override {
    if (Status fault = disk_.Count("read", path_)) return fault;
    *bytes = offset < content_->now.size() ? content_->now.substr(offset, size) : "";
    return std::nullopt;
  }
  Status Sync() override {
    if (Status fault = disk_.Count("fdatasync", path_)) return fault;
    content_->durable = content_->now;
    content_->unsynced.clear();
    return std::nullopt;
  }
  Status Reserve(uint64_t bytes) override {
    if (Status fault = disk_.Count("reserve", path_)) return fault;
    if (disk_.reserve_code_ != 0) return Fault{disk_.reserve_code_, "reserve " + path_};
    const uint64_t size = content_->now.size();
    if (bytes > size) Note({.offset = size, .bytes = std::string(bytes - size, '\0')});
    return std::nullopt;
  }
  Status Size(uint64_t* bytes) const override {
    if (Status fault = disk_.Count("stat", path_)) return fault;
    *bytes = content_->now.size();
    return std::nullopt;
  }

 private:
  void Note(Write write) {
    Apply(write, &content_->now);
    content_->unsynced.push_back(std::move(write));
  }

  SimulatedDisk& disk_;
  const std::string path_;
  const std::shared_ptr<Content> content_;
};

SimulatedDisk::SimulatedDisk(const Image& image) {
  for (const auto& [path, bytes] : image) {
    names_[path] = std::make_shared<Content>(Content{.now = bytes, .durable = bytes});
  }
  durable_names_ = names_;
}

Status SimulatedDisk::Count(std::string_view call, const std::string& path) {
  if (++calls_ < fail_from_) return std::nullopt;
  return Fault{fail_code_, std::string(call) + " " + path + ": " + std::strerror(fail_code_)};
}

void SimulatedDisk::Apply(const Write& write, std::string* bytes) {
  if (bytes->size() < write.offset + write.bytes.size()) {
    bytes->resize(write.offset + write.bytes.size(), '\0');
  }
  bytes->replace(write.offset, write.bytes.size(), write.bytes);
}

Status SimulatedDisk::Create(const std::string& path, std::unique_ptr<File>* file) {
  if (Status fault = Count("create", path)) return fault;
  if (names_.contains(path)) return Fault{EEXIST, "create " + path + ": it is there"};
  names_[path] = std::make_shared<Content>();
  renamings_.push_back({path, names_[path]});
  *file = std::make_unique<OpenFile>(*this, path, names_[path]);
  return std::nullopt;
}

Status SimulatedDisk::Open(const std::string& path, std::unique_ptr<File>* file) {
  if (Status fault = Count("open", path)) return fault;
  if (!names_.contains(path)) return Fault{ENOENT, "open " + path + ": it is not there"};
  *file = std::make_unique<OpenFile>(*this, path, names_[path]);
  return std::nullopt;
}

Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  if (Status fault = Count("rename", from)) return fault;
  names_[to] = names_[from];
  names_.erase(from);
  renamings_.push_back({to, names_[to]});
  renamings_.push_back({from, nullptr});
  return std::nullopt;
}

Status SimulatedDisk::Remove(const std::string& path) {
  if (Status fault = Count("remove", path)) return fault;
  names_.erase(path);
  renamings_.push_back({path, nullptr});
  return std::nullopt;
}

Status SimulatedDisk::MakeFolder(const std::string& path) { return Count("make folder", path); }

Status SimulatedDisk::List(const std::string& folder, std::vector<std::string>* names) {
  if (Status fault = Count("list", folder)) return fault;
  names->clear();
  for (const auto& [path, content] : names_) {
    if (path.starts_with(folder + "/")) names->push_back(path.substr(folder.size() + 1));
  }
  return std::nullopt;
}

Status SimulatedDisk::SyncFolder(const std::string& folder) {
  if (Status fault = Count("fsync", folder)) return fault;
  durable_names_ = names_;
  renamings_.clear();
  return std::nullopt;
}

SimulatedDisk::Image SimulatedDisk::Now() const {
  Image image;
  for (const auto& [path, content] : names_) image[path] = content->now;
  return image;
}

SimulatedDisk::Image SimulatedDisk::AfterPowerCut(uint64_t seed) const {
  constexpr uint64_t kSector = 512;
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t limit) { return random() % limit; };
  std::map<std::string, std::shared_ptr<Content>> names = durable_names_;
  const uint64_t renamed = below(renamings_.size() + 1);
  for (uint64_t i = 0; i < renamed; ++i) {
    if (renamings_[i].content == nullptr) {
      names.erase(renamings_[i].path);
    } else {
      names[renamings_[i].path] = renamings_[i].content;
    }
  }
  Image image;
  for (const auto& [path, content] : names) {
    std::string bytes = content->durable;
    const uint64_t kept_of_four = below(5);
    for (const Write& write : content->unsynced) {
      // Each sector by itself: there or not.
      for (uint64_t at = 0; at < write.bytes.size();) {
        const uint64_t end = std::min<uint64_t>(
            write.bytes.size(), ((write.offset + at) / kSector + 1) * kSector - write.offset);
        if (below(4) < kept_of_four) {
          Apply({.offset = write.offset + at, .bytes = write.bytes.substr(at, end - at)}, &bytes);
        }
        at = end;
      }
    }
    image[path] = bytes;
  }
  return image;
}

}  // namespace coheld::journal
