// An op as a value: what to send, and how to read the answer. The handles (list.h, ...) build ops
// and give them to a runner: Direct makes them now, Batched (batch.h) collects them. Users of the
// handles need not care.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/value.h"

namespace coheld {

// How long an op may wait: any std::chrono duration, rounded up to whole milliseconds; zero and
// less try once. The default waits for ever.
class WaitTime {
 public:
  // For ever.
  constexpr WaitTime() = default;
  template <typename Rep, typename Period>
  constexpr WaitTime(std::chrono::duration<Rep, Period> time) : milliseconds_(whole(time)) {}

  // The wire's form; absent: for ever.
  std::optional<uint64_t> milliseconds() const { return milliseconds_; }

 private:
  template <typename Duration>
  static constexpr uint64_t whole(Duration time) {
    using Seconds = std::chrono::duration<double>;
    constexpr Seconds kLongest(1e10);  // 317 years: longer ones would overflow.
    if (time <= Duration::zero()) return 0;
    if (Seconds(time) > kLongest) return 10'000'000'000'000;
    return static_cast<uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count());
  }

  std::optional<uint64_t> milliseconds_;
};

// Where in the program an op is, for people who ask who holds what and who waits (admin.h). Methods
// that wait, or take rights, have one as their last argument; leave it out.
class CallSite {
 public:
  CallSite(const std::source_location& place) : place_(place) {}

  // Returns "file:line function"; empty for a place in the standard library, whose guards take
  // locks for others.
  std::string text() const;

 private:
  std::source_location place_;
};

// One op, and how to read its answer as an R.
template <typename R>
struct Op {
  uint32_t method = 0;
  std::string request;
  // Reads the serialised reply. Throws InternalError if it is malformed.
  R (*read)(std::string_view reply) = nullptr;
  // A failure with this reason is not thrown but answers R{}.
  Reason absent = Reason::kUnspecified;
  // The objects that the request refers to: they must not go before it is answered.
  std::vector<std::shared_ptr<const core::Hold>> kept = {};
};

// Returns its argument: what a handle does to answers that need no decoding.
struct Identity {
  template <typename R>
  R operator()(R answer) const {
    return answer;
  }
};

// Reads the answer to an op, and converts it with `then`.
template <typename R, typename Then>
std::invoke_result_t<Then, R> read_answer(R (*read)(std::string_view), Reason absent,
                                          const Then& then, const CallResult& result) {
  if (!result.ok() && result.reason == absent) return then(R{});
  return then(read(result.value()));
}

// While it lives, the references in replies that this thread reads belong to a client.
class Receiving {
 public:
  explicit Receiving(const Client& client);
  ~Receiving();
  Receiving(const Receiving&) = delete;
  Receiving& operator=(const Receiving&) = delete;

 private:
  const Client* outer_;
};

// Makes each op at once, in the calling thread. Any number of threads may use one.
class Direct {
 public:
  // What the method of a handle returns.
  template <typename R>
  using Result = R;

  explicit Direct(Client client) : client_(std::move(client)) {}

  const Client& client() const { return client_; }

  template <typename R, typename Then = Identity>
  std::invoke_result_t<Then, R> run(const Op<R>& op, const Then& then = {}) const {
    return run_with({}, op, then);
  }
  // The same, from there.
  template <typename R, typename Then = Identity>
  std::invoke_result_t<Then, R> run_at(const CallSite& site, const Op<R>& op,
                                       const Then& then = {}) const {
    const std::string text = site.text();
    CallOptions options;
    options.site = text;
    return run_with(options, op, then);
  }
  // The same, as the options say.
  template <typename R, typename Then = Identity>
  std::invoke_result_t<Then, R> run_with(const CallOptions& options, const Op<R>& op,
                                         const Then& then = {}) const {
    const CallResult result = call(op.method, op.request, options);
    const Receiving receiving(client_);
    return read_answer(op.read, op.absent, then, result);
  }

 private:
  // An op that an interrupt came too late for is answered all the same: it may have taken
  // something.
  CallResult call(uint32_t method, const std::string& request, const CallOptions& options) const {
    try {
      return client_.try_call(method, request, options);
    } catch (const Interrupted& interrupted) {
      if (!interrupted.reply()) throw;
      CallResult answered;
      answered.reply = *interrupted.reply();
      return answered;
    }
  }

  Client client_;
};

// What every op that changes a list or a dict answers.
struct Changed {
  uint64_t length = 0;   // Items or entries after the change.
  uint64_t version = 0;  // The object's version after the change.
};

// What creating an object answers.
struct Created {
  std::string name;      // Given by the daemon if the object is anonymous.
  bool created = false;  // False if it was there before.
  uint64_t version = 0;  // 0 for types that have none, such as queues and locks.
  std::shared_ptr<const core::Hold> hold = nullptr;  // On an anonymous object that was made.
};

// Returns the reference to what was created.
inline Ref ref_to(const Created& created, const char* type) {
  return {created.name, type, created.hold};
}

// A condition on changes: nothing happens, and VersionMismatch is thrown, if the object has another
// version.
using IfVersion = std::optional<uint64_t>;

}  // namespace coheld
