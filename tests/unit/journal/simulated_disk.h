// A disk in memory that knows what was made durable, fails at the N-th call, and can show every
// state in which a power cut may leave it. As with Linux, what a failed sync did not write counts
// as written from then on: later syncs do not write it again, although readers still see it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/journal/files.h"

namespace coheld::journal {

class SimulatedDisk : public Files {
 public:
  // What is on the disk: files by path. Folders are not kept.
  using Image = std::map<std::string, std::string>;

  SimulatedDisk() = default;
  // A disk with these files, all durable.
  explicit SimulatedDisk(const Image& image);

  Status Create(const std::string& path, std::unique_ptr<File>* file) override;
  Status Open(const std::string& path, std::unique_ptr<File>* file) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status MakeFolder(const std::string& path) override;
  Status List(const std::string& folder, std::vector<std::string>* names) override;
  Status SyncFolder(const std::string& folder) override;

  // Lets the calls from the n-th on (from 1) fail with this errno; a failed write may have written
  // a part.
  void FailFrom(uint64_t call, int code) {
    fail_from_ = calls_ + call;
    fail_code_ = code;
  }
  // Lets only the n-th call from now fail.
  void FailAt(uint64_t call, int code) {
    FailFrom(call, code);
    fail_until_ = fail_from_;
  }
  void FailNoMore() { fail_from_ = fail_until_ = UINT64_MAX; }
  // Lets files not grow any more, as on a full disk; 0: lets them.
  void FailGrowth(int code) { growth_code_ = code; }
  // How many calls were made.
  uint64_t calls() const { return calls_; }
  // Calls this before each call that may change something.
  void SetObserver(std::function<void()> observer) { observer_ = std::move(observer); }

  // Returns the disk as another process finds it after this one was killed: what was not durable is
  // there and is not durable still.
  SimulatedDisk AfterKill() const;

  // What readers see now: what is there after the process was killed.
  Image Now() const;
  // The bytes of a file that is there, for tests that damage them.
  std::string& Bytes(const std::string& path) { return names_.at(path)->now; }
  // Returns states in which a power cut may leave the disk: of the writes since a file's last sync
  // any sectors of 512 bytes are there, and of the names changed since the folder's sync the first
  // so many. Deterministic from the seed.
  Image AfterPowerCut(uint64_t seed) const;
  // Visits the states in which a power cut may leave the disk now: all that there can be if no more
  // than `sectors_max` sectors were not durable; else those in which sectors up to one, from one
  // on, all but one, or one only are there.
  void ForEachPowerCut(size_t sectors_max, const std::function<void(const Image&)>& visit) const;

 private:
  class OpenFile;
  struct Write {
    uint64_t offset = 0;
    std::string bytes;
  };
  struct Content {
    std::string now;
    std::string durable;
    std::vector<Write> unsynced;
  };
  struct Renaming {
    std::string path;
    std::shared_ptr<Content> content;  // Between names, open files and changes; null: removed.
  };

  using Names = std::map<std::string, std::shared_ptr<Content>>;
  // A sector, or a part of one, that was written and is not durable.
  struct Piece {
    const Content* content = nullptr;
    Write write;
  };

  // Notes a call, and lets it fail if it has to. `changes`: it may change something.
  Status Count(std::string_view call, const std::string& path, bool changes = true);
  Status CheckRoom(const std::string& path) const;
  static void Apply(const Write& write, std::string* bytes);
  static void Sync(Content* content);
  // Returns what may be lost of a file, in the order in which it was written.
  static std::vector<Piece> PiecesOf(const Content& content);
  // Returns the names if of the changes since the folder's sync those are there.
  Names NamesWith(const std::function<bool(size_t change)>& is_there) const;
  static void VisitPieces(const Names& names, size_t sectors_max,
                          const std::function<void(const Image&)>& visit);

  Names names_;
  Names durable_names_;
  std::vector<std::vector<Renaming>> changes_;  // Since the folder's last sync.
  uint64_t calls_ = 0;
  uint64_t fail_from_ = UINT64_MAX;
  uint64_t fail_until_ = UINT64_MAX;
  int fail_code_ = 0;
  int growth_code_ = 0;
  std::function<void()> observer_;
};

}  // namespace coheld::journal
