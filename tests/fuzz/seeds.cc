// Writes the seeds of all fuzz targets into a folder, one folder for each target:
//
//   coheld_fuzz_seeds FOLDER_OF_THE_.SEEDS_FILES FOLDER
//
// Fails, naming them, if methods that the engine has an op for are not in ops.seeds.
#include "tests/fuzz/seeds.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include "proto/wire/status.h"
#include "server/engine/input_log.h"
#include "server/engine/registry.h"
#include "tests/fuzz/op_steps.h"

namespace coheld::fuzz {
namespace {

using google::protobuf::Message;
using google::protobuf::TextFormat;

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "coheld_fuzz_seeds: %s\n", why.c_str());
  std::exit(1);
}

std::string Short(uint64_t number) {
  return {static_cast<char>(number), static_cast<char>(number >> 8)};
}

std::string Kind(StepKind kind) { return std::string(1, static_cast<char>(kind)); }

const wire::MethodRow& MethodNamed(const std::string& name) {
  for (const wire::MethodRow& row : wire::Methods()) {
    if (row.name == name) return row;
  }
  Die("ops.seeds: no method is called \"" + name + "\"");
}

std::ifstream OpenFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) Die("cannot read " + path.string());
  return file;
}

// Turns ops.seeds into inputs and remembers the methods.
class OpSeeds {
 public:
  explicit OpSeeds(const std::filesystem::path& path) {
    std::ifstream file = OpenFile(path);
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with('#')) continue;
      if (line.empty()) {
        EndRun();
      } else {
        run_ += StepOf(line);
      }
    }
    EndRun();
  }

  const Seeds& seeds() const { return seeds_; }

  std::string Missing() const {
    std::string missing;
    for (const wire::MethodRow& row : wire::Methods()) {
      if (engine::FindOp(row.number) != nullptr && !covered_.contains(row.number)) {
        missing += " " + row.name;
      }
    }
    return missing;
  }

 private:
  void EndRun() {
    if (!run_.empty()) seeds_["run-" + std::to_string(seeds_.size())] = std::exchange(run_, {});
  }

  std::string StepOf(const std::string& line) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    words >> first >> second;
    if (first == "open") return Kind(StepKind::kOpenSession) + second.substr(0, 1);
    if (first == "end") return Kind(StepKind::kEndSession) + second.substr(0, 1);
    if (first == "advance") return Kind(StepKind::kAdvance) + Short(std::stoul(second));
    if (first == "cancel" || first == "abandon") {
      const StepKind kind = first == "cancel" ? StepKind::kCancel : StepKind::kAbandon;
      return Kind(kind) + std::string(1, static_cast<char>(std::stoul(second)));
    }
    if (first == "stamped") return StampedOp(second, words);
    std::string fields;
    std::getline(words, fields);
    return OpOf(first, MethodNamed(second), fields);
  }

  // `second` is the lane; what follows are seq, acked, token and an op.
  std::string StampedOp(const std::string& lane, std::istringstream& words) {
    std::string stamp(1, static_cast<char>(std::stoul(lane)));
    for (int i = 0; i < 3; ++i) {
      unsigned number = 0;
      words >> number;
      stamp += static_cast<char>(number);
    }
    std::string owner;
    std::string method;
    std::string fields;
    words >> owner >> method;
    std::getline(words, fields);
    return Kind(StepKind::kStampedOp) + stamp + OpOf(owner, MethodNamed(method), fields).substr(1);
  }

  std::string OpOf(const std::string& owner, const wire::MethodRow& method,
                   const std::string& fields) {
    covered_.insert(method.number);
    auto* const factory = google::protobuf::MessageFactory::generated_factory();
    const std::unique_ptr<Message> request(
        factory->GetPrototype(method.descriptor->input_type())->New());
    if (!TextFormat::ParseFromString(fields, request.get())) {
      Die("ops.seeds: not a request of " + method.name + ": " + fields);
    }
    const size_t dot = owner.find('.');
    const std::string thread = dot == std::string::npos ? "0" : owner.substr(dot + 1);
    const std::string payload = request->SerializeAsString();
    return Kind(StepKind::kRawOp) + static_cast<char>(std::stoul(owner)) +
           static_cast<char>(std::stoul(thread)) + Short(method.number) + Short(payload.size()) +
           payload;
  }

  Seeds seeds_;
  std::string run_;
  std::set<uint32_t> covered_;
};

// See value_fuzz.cc: an even byte, the length, the message.
Seeds ValueSeeds(const std::filesystem::path& path) {
  Seeds seeds;
  std::ifstream file = OpenFile(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#') || line.empty()) continue;
    std::string& seed = seeds["values-" + std::to_string(seeds.size())];
    std::istringstream parts(line);
    for (std::string part; std::getline(parts, part, ';');) {
      v1::Value value;
      if (!TextFormat::ParseFromString(part, &value)) Die("values.seeds: not a Value: " + part);
      const std::string bytes = value.SerializeAsString();
      seed += '\0' + Short(bytes.size()) + bytes;
    }
  }
  return seeds;
}

Seeds StatusSeeds() {
  Seeds seeds;
  for (int reason = 1; reason <= v1::ErrorReason_MAX; ++reason) {
    const wire::Failure failure{static_cast<v1::ErrorReason>(reason), "what was wrong: \xc3\xa9"};
    seeds["reason-" + std::to_string(reason)] = wire::EncodeStatusDetails(failure);
  }
  return seeds;
}

// See record_fuzz.cc: an input of each kind.
Seeds RecordSeeds() {
  Seeds seeds;
  for (int kind = 1; kind <= static_cast<int>(engine::Input::Kind::kAcknowledge); ++kind) {
    const engine::Input input{.kind = static_cast<engine::Input::Kind>(kind),
                              .stamp = {.call = engine::CallId{7},
                                        .owner = {.session = engine::SessionId{3}, .thread = 2},
                                        .now = engine::TimeMs{1000},
                                        .seq = 5,
                                        .acked = 4,
                                        .lane = 1,
                                        .token = 9,
                                        .site = "main.py:7"},
                              .code = 1001,
                              .ms = 2000,
                              .payload = "payload"};
    engine::EncodeInput(input, &seeds["kind_" + std::to_string(kind)]);
  }
  return seeds;
}

// See snapshot_fuzz.cc: one as it was written, one with bytes written over, one cut off, and none.
Seeds SnapshotSeeds() {
  const std::string state = std::string("\x08\x00", 2) + "thestate";
  return {{"good", "\x02" + state},
          {"damaged", "\x02" + state + std::string("\x10\x00\x55\x50\x00\x55", 6)},
          {"cut", "\x01" + state + std::string("\x10\x00\x55", 3)},
          {"none", std::string("\x00", 1) + "coheldS1"}};
}

// See journal_fuzz.cc: batches that follow one another, one that does not, and zeros.
Seeds JournalSeeds() {
  const std::string good("\x02\x07\x02\x00\x03one\x03two", 12);
  const std::string knows_it("\x02\x07\x01\x02\x05three", 10);
  const std::string torn("\x02\x03\x01\x00\x05three", 10);
  const std::string zeros("\x01\x63", 2);
  return {{"good", good + good + zeros},
          {"damaged", good + torn + knows_it},
          {"torn", good + torn + zeros}};
}

void Write(const std::filesystem::path& folder, const Seeds& seeds) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, bytes] : seeds) {
    std::ofstream file(folder / name, std::ios::binary);
    file << bytes;
    if (!file.flush()) Die("cannot write " + (folder / name).string());
  }
}

int Main(const std::filesystem::path& from, const std::filesystem::path& to) {
  const OpSeeds ops(from / "ops.seeds");
  if (!ops.Missing().empty()) {
    Die("ops.seeds: give these methods a line, so that they are fuzzed:" + ops.Missing());
  }
  Write(to / "ops_fuzz", ops.seeds());
  Write(to / "value_fuzz", ValueSeeds(from / "values.seeds"));
  Write(to / "journal_fuzz", JournalSeeds());
  Write(to / "record_fuzz", RecordSeeds());
  Write(to / "snapshot_fuzz", SnapshotSeeds());
  Write(to / "state_fuzz", StateSeeds(ops.seeds()));
  Write(to / "status_fuzz", StatusSeeds());
  Write(to / "http2_fuzz", Http2Seeds());
  return 0;
}

}  // namespace
}  // namespace coheld::fuzz

int main(int argc, char** argv) {
  if (argc == 3) return coheld::fuzz::Main(argv[1], argv[2]);
  std::fprintf(stderr, "usage: coheld_fuzz_seeds FOLDER_OF_THE_.SEEDS_FILES FOLDER\n");
  return 2;
}
