// See simulated_disk.h.
#include "tests/unit/journal/simulated_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <random>
#include <utility>

namespace coheld::journal {
namespace {

constexpr uint64_t kSector = 512;

// For the calls that a journal makes while others go on.
std::recursive_mutex calls_mutex;  // An observer of calls may make some on another disk.

}  // namespace

class SimulatedDisk::OpenFile : public File {
 public:
  OpenFile(SimulatedDisk& disk, std::string path, std::shared_ptr<Content> content)
      : disk_(disk), path_(std::move(path)), content_(std::move(content)) {}

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const std::lock_guard guard(calls_mutex);
    Status fault = disk_.Count("write", path_);
    if (!fault && offset + bytes.size() > content_->now.size()) fault = disk_.CheckRoom(path_);
    if (fault) bytes = bytes.substr(0, bytes.size() / 2);
    Note({.offset = offset, .bytes = std::string(bytes)});
    return fault;
  }
  Status ReadAt(uint64_t offset, size_t size, std::string* bytes) const override {
    if (Status fault = disk_.Count("read", path_, false)) return fault;
    *bytes = offset < content_->now.size() ? content_->now.substr(offset, size) : "";
    return std::nullopt;
  }
  Status Sync() override {
    const std::lock_guard guard(calls_mutex);
    if (Status fault = disk_.Count("fdatasync", path_)) {
      content_->unsynced.clear();
      return fault;
    }
    SimulatedDisk::Sync(content_.get());
    return std::nullopt;
  }
  Status Reserve(uint64_t bytes) override {
    const std::lock_guard guard(calls_mutex);
    if (Status fault = disk_.Count("reserve", path_)) return fault;
    const uint64_t size = content_->now.size();
    if (bytes <= size) return std::nullopt;
    if (Status fault = disk_.CheckRoom(path_)) return fault;
    Note({.offset = size, .bytes = std::string(bytes - size, '\0')});
    return std::nullopt;
  }
  Status Size(uint64_t* bytes) const override {
    if (Status fault = disk_.Count("stat", path_, false)) return fault;
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

Status SimulatedDisk::Count(std::string_view call, const std::string& path, bool changes) {
  if (changes && observer_) observer_();
  if (++calls_ < fail_from_ || calls_ > fail_until_) return std::nullopt;
  return Fault{fail_code_, std::string(call) + " " + path + ": " + std::strerror(fail_code_)};
}

Status SimulatedDisk::CheckRoom(const std::string& path) const {
  if (growth_code_ == 0) return std::nullopt;
  return Fault{growth_code_, "write " + path + ": " + std::strerror(growth_code_)};
}

void SimulatedDisk::Apply(const Write& write, std::string* bytes) {
  if (bytes->size() < write.offset + write.bytes.size()) {
    bytes->resize(write.offset + write.bytes.size(), '\0');
  }
  bytes->replace(write.offset, write.bytes.size(), write.bytes);
}

void SimulatedDisk::Sync(Content* content) {
  // Whole sectors are written, of what they are now.
  for (const Write& write : std::exchange(content->unsynced, {})) {
    const uint64_t begin = write.offset / kSector * kSector;
    const uint64_t end = (write.offset + write.bytes.size() + kSector - 1) / kSector * kSector;
    Apply({.offset = begin, .bytes = content->now.substr(begin, end - begin)}, &content->durable);
  }
}

Status SimulatedDisk::Create(const std::string& path, std::unique_ptr<File>* file) {
  if (Status fault = Count("create", path)) return fault;
  if (names_.contains(path)) return Fault{EEXIST, "create " + path + ": it is there"};
  names_[path] = std::make_shared<Content>();
  changes_.push_back({{path, names_[path]}});
  *file = std::make_unique<OpenFile>(*this, path, names_[path]);
  return std::nullopt;
}

Status SimulatedDisk::Open(const std::string& path, std::unique_ptr<File>* file) {
  if (Status fault = Count("open", path, false)) return fault;
  if (!names_.contains(path)) return Fault{ENOENT, "open " + path + ": it is not there"};
  *file = std::make_unique<OpenFile>(*this, path, names_[path]);
  return std::nullopt;
}

Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  if (Status fault = Count("rename", from)) return fault;
  if (!names_.contains(from)) return Fault{ENOENT, "rename " + from + ": it is not there"};
  names_[to] = names_[from];
  names_.erase(from);
  changes_.push_back({{to, names_[to]}, {from, nullptr}});
  return std::nullopt;
}

Status SimulatedDisk::Remove(const std::string& path) {
  if (Status fault = Count("remove", path)) return fault;
  if (names_.erase(path) == 0) return Fault{ENOENT, "remove " + path + ": it is not there"};
  changes_.push_back({{path, nullptr}});
  return std::nullopt;
}

Status SimulatedDisk::MakeFolder(const std::string& path) { return Count("make folder", path); }

Status SimulatedDisk::List(const std::string& folder, std::vector<std::string>* names) {
  if (Status fault = Count("list", folder, false)) return fault;
  names->clear();
  for (const auto& [path, content] : names_) {
    if (path.starts_with(folder + "/")) names->push_back(path.substr(folder.size() + 1));
  }
  return std::nullopt;
}

Status SimulatedDisk::SyncFolder(const std::string& folder) {
  if (Status fault = Count("fsync", folder)) return fault;
  durable_names_ = names_;
  changes_.clear();
  return std::nullopt;
}

SimulatedDisk::Image SimulatedDisk::Now() const {
  Image image;
  for (const auto& [path, content] : names_) image[path] = content->now;
  return image;
}

SimulatedDisk SimulatedDisk::AfterKill() const {
  std::map<const Content*, std::shared_ptr<Content>> copies;
  const auto copy = [&](const std::shared_ptr<Content>& content) {
    std::shared_ptr<Content>& made = copies[content.get()];
    if (made == nullptr && content != nullptr) made = std::make_shared<Content>(*content);
    return made;
  };
  SimulatedDisk disk;
  for (const auto& [path, content] : names_) disk.names_[path] = copy(content);
  for (const auto& [path, content] : durable_names_) disk.durable_names_[path] = copy(content);
  disk.changes_ = changes_;
  for (auto& change : disk.changes_) {
    for (Renaming& renaming : change) renaming.content = copy(renaming.content);
  }
  return disk;
}

SimulatedDisk::Names SimulatedDisk::NamesWith(
    const std::function<bool(size_t change)>& is_there) const {
  Names names = durable_names_;
  for (size_t i = 0; i < changes_.size(); ++i) {
    if (!is_there(i)) continue;
    for (const Renaming& renaming : changes_[i]) {
      if (renaming.content == nullptr) {
        names.erase(renaming.path);
      } else {
        names[renaming.path] = renaming.content;
      }
    }
  }
  return names;
}

std::vector<SimulatedDisk::Piece> SimulatedDisk::PiecesOf(const Content& content) {
  std::vector<Piece> pieces;
  for (const Write& write : content.unsynced) {
    for (uint64_t at = 0; at < write.bytes.size();) {
      const uint64_t end = std::min<uint64_t>(
          write.bytes.size(), ((write.offset + at) / kSector + 1) * kSector - write.offset);
      pieces.push_back(
          {&content, {.offset = write.offset + at, .bytes = write.bytes.substr(at, end - at)}});
      at = end;
    }
  }
  return pieces;
}

SimulatedDisk::Image SimulatedDisk::AfterPowerCut(uint64_t seed) const {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t limit) { return random() % limit; };
  const uint64_t renamed = below(changes_.size() + 1);
  Image image;
  for (const auto& [path, content] : NamesWith([&](size_t change) { return change < renamed; })) {
    std::string bytes = content->durable;
    const uint64_t kept_of_four = below(5);
    for (const Piece& piece : PiecesOf(*content)) {
      // Each sector by itself: there or not.
      if (below(4) < kept_of_four) Apply(piece.write, &bytes);
    }
    image[path] = bytes;
  }
  return image;
}

void SimulatedDisk::VisitPieces(const Names& names, size_t sectors_max,
                                const std::function<void(const Image&)>& visit) {
  Image durable;
  std::vector<std::pair<std::string, Piece>> pieces;
  for (const auto& [path, content] : names) {
    durable[path] = content->durable;
    for (Piece& piece : PiecesOf(*content)) pieces.emplace_back(path, std::move(piece));
  }
  const auto visit_with = [&](const std::function<bool(size_t)>& is_there) {
    Image image = durable;
    for (size_t i = 0; i < pieces.size(); ++i) {
      if (is_there(i)) Apply(pieces[i].second.write, &image[pieces[i].first]);
    }
    visit(image);
  };
  const size_t count = pieces.size();
  if (count <= sectors_max) {
    for (uint64_t set = 0; set < uint64_t{1} << count; ++set) {
      visit_with([&](size_t i) { return (set >> i & 1) != 0; });
    }
    return;
  }
  for (size_t n = 0; n <= count; ++n) {
    visit_with([&](size_t i) { return i < n; });
    visit_with([&](size_t i) { return i >= n; });
    visit_with([&](size_t i) { return i != n; });
    visit_with([&](size_t i) { return i == n; });
  }
}

void SimulatedDisk::ForEachPowerCut(size_t sectors_max,
                                    const std::function<void(const Image&)>& visit) const {
  // Of the names the first changes so many are there; of few any.
  constexpr size_t kChangesMax = 4;
  if (changes_.size() <= kChangesMax) {
    for (uint64_t set = 0; set < uint64_t{1} << changes_.size(); ++set) {
      VisitPieces(NamesWith([&](size_t i) { return (set >> i & 1) != 0; }), sectors_max, visit);
    }
    return;
  }
  for (size_t n = 0; n <= changes_.size(); ++n) {
    VisitPieces(NamesWith([&](size_t i) { return i < n; }), sectors_max, visit);
  }
}

}  // namespace coheld::journal
