// Writes what one client did as JSON lines, one file for each client: a line when an op begins and
// one when it ends, so that an op whose client was killed is known to have begun. What reads them:
// ledger.h, and the checker in porcupine/. Tests only.
//
//   {"client":3,"call":7,"event":"invoke","time":T,"type":"queue","object":"queue/1","op":"put",
//    "arguments":{"item":9}}
//   {"client":3,"call":7,"event":"ok","time":T,"result":true}      or
//   {"client":3,"call":7,"event":"failed","time":T,"reason":"..."}  (it did not happen), or
//   {"client":3,"call":7,"event":"unknown","time":T,"reason":"..."} (it may have happened).
//
// T is CLOCK_MONOTONIC in nanoseconds, the same for all processes of a host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "coheld/error.h"

namespace coheld::testing {

// The clock of histories.
uint64_t HistoryTime();

// Where an op works and what it is.
struct Invocation {
  const char* type;
  std::string object;
  const char* op;
  nlohmann::json arguments = nlohmann::json::object();
};

// One client's history. One thread.
class History {
 public:
  // Appends to the file. Throws std::runtime_error if it cannot be opened.
  History(const std::string& path, uint32_t client);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Writes down an op while doing it. Returns its result; nothing if it failed or nobody knows.
  // `action` returns what becomes the result.
  template <typename Action>
  std::optional<nlohmann::json> Do(const Invocation& invocation, Action action) {
    Begin(invocation);
    try {
      nlohmann::json result = action();
      End("ok", "result", result);
      return result;
    } catch (const OutcomeUnknown& error) {
      End("unknown", "reason", error.what());
    } catch (const Error& error) {
      End("failed", "reason", error.what());
    }
    return std::nullopt;
  }

 private:
  void Begin(const Invocation& invocation);
  void End(const char* event, const char* field, const nlohmann::json& content);
  void Write(const nlohmann::json& line) const;

  int file_;
  uint32_t client_;
  uint64_t call_ = 0;
};

}  // namespace coheld::testing
