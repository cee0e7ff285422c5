// coheld::Host: calls of one program's functions by others, routed through the daemon.
//
//   // The program that serves:
//   coheld::HostServer server(coheld::Host(client, "sums"), {
//       {"add", [](const coheld::HostedCall& call) {
//          auto [a, b] = call.arguments_as<int, int>();
//          return coheld::Value(a + b);
//        }}});
//   server.run();                                    // Until server.stop(), by another thread.
//
//   // Any other program:
//   int sum = coheld::Host(client, "sums").call<int>("", "add", 2, 3);
//
// A host belongs to one session at a time. Its calls are taken in the order in which they came, and
// the daemon looks into neither arguments nor results. A call whose host goes fails with HostGone;
// it may have run or not. Hosts are served, and called, from Python too, where arguments are a
// tuple, keywords a map, and what was raised an opaque value.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"

namespace coheld {

// A hosted function failed: what it raised.
class CallRaised : public Error {
 public:
  CallRaised(const std::string& message, Value raised)
      : Error(Reason::kCallRaised, message), raised_(std::move(raised)) {}

  const Value& raised() const { return raised_; }

 private:
  Value raised_;
};

// One call for the host to run.
struct HostedCall {
  uint64_t number = 0;   // Grows over all calls of the daemon, never reused.
  std::string target;    // Which object in the host; the host chose it. Empty: the host itself.
  std::string method;    // What to call on it.
  Value arguments;       // A tuple.
  Value keywords;        // A map, or null.
  uint64_t session = 0;  // The caller's session; 0: one without.
  uint64_t thread = 0;   // The caller's logical thread.

  // Returns the arguments as these types. BadConversion.
  template <typename... Ts>
  std::tuple<Ts...> arguments_as() const {
    return Codec<std::tuple<Ts...>>::decode(arguments);
  }
};

// What there is to do for a host.
struct HostWork {
  std::vector<HostedCall> calls;     // Taken; they run until they are answered.
  std::vector<std::string> dropped;  // Targets that nobody will call any more. Each is told once.
  std::vector<uint64_t>
      cancelled;  // Calls taken before whose callers have left. Each is told once.
};

// Who serves a host, and what waits.
struct HostState {
  bool attached = false;
  uint64_t session = 0;  // The session that serves it; 0 if none.
  uint64_t token = 0;    // The attachment's fencing token; 0 if none.
  uint64_t waiting = 0;  // Calls that nobody has taken.
  uint64_t running = 0;  // Calls that were taken and not answered.
  uint64_t takers = 0;   // Takes that wait.
  uint64_t hosted = 0;   // Hosted objects of this attachment.
};

// A host. Every method throws what Client::call throws. Threads: as its Client.
class Host : public Handle {
 public:
  static constexpr const char* kType = "host";

  // Names a host; nothing is sent.
  Host(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Host(const Ref& ref) : Handle(ref, kType) {}
  // Makes an anonymous host, which lives as long as anything refers to it.
  static Host make(const Client& client);

  // Calls a method of a target, and waits for its answer at most so long (for ever by default).
  // CallRaised if the method failed; HostGone if nobody serves the host, or goes before it answers;
  // Timeout when the time is over: then it may have run or not; TooMany, TooLarge if too much
  // waits.
  Value call_values(const std::string& target, const std::string& method, Tuple arguments,
                    Map keywords = {}, WaitTime time = {}) const;
  // The same, with arguments and result of any types.
  template <typename R = Value, typename... Arguments>
  R call(const std::string& target, const std::string& method, Arguments... arguments) const {
    Tuple tuple;
    (tuple.items.push_back(encode(std::move(arguments))), ...);
    Value result = call_values(target, method, std::move(tuple));
    if constexpr (!std::is_void_v<R>) return Codec<R>::decode(std::move(result));
  }

  // Makes this client's session the one that serves the host; returns a fencing token. HostTaken.
  uint64_t attach() const;
  // Ends that: calls that are not answered fail. HostNotAttached.
  void detach() const;
  // Takes what there is to do, at most so many calls (0: all that wait), waiting for something at
  // most so long. HostNotAttached. Several threads may.
  HostWork take(uint32_t limit = 0, WaitTime time = {}) const;
  // Ends a call with its result, or with what it raised. Returns false if the caller has left.
  // HostNotAttached.
  bool answer(uint64_t number, Value result) const {
    return answer(number, std::move(result), false);
  }
  bool answer_raised(uint64_t number, Value raised) const {
    return answer(number, std::move(raised), true);
  }

  HostState inspect() const;
  // Makes the host if it is not there; an existing one is left as it is, unless `exclusive`:
  // ObjectExists.
  Created create(bool exclusive = false) const;

 private:
  template <typename T>
  static Value encode(T value) {
    if constexpr (std::is_convertible_v<T, const char*>) return std::string(value);
    if constexpr (!std::is_convertible_v<T, const char*>) return Codec<T>::encode(std::move(value));
  }
  bool answer(uint64_t number, Value result, bool raised) const;
};

// Runs a host's calls in the threads that call run().
class HostServer {
 public:
  // Runs one call and returns its result. What it throws is raised at the caller: a CallRaised as
  // it is, any other std::exception as its text.
  using Method = std::function<Value(const HostedCall& call)>;
  using Methods = std::map<std::string, Method>;

  // `dropped`, if given, is told targets that nobody will call any more.
  HostServer(Host host, Methods methods,
             std::function<void(const std::string& target)> dropped = {})
      : host_(std::move(host)), methods_(std::move(methods)), dropped_(std::move(dropped)) {}

  // Attaches and serves one call after the other, until stop(). Any number of threads may run it at
  // once. A call of a method that is not there fails. Goes on after a lost connection, by attaching
  // again. HostTaken; what Client::call throws.
  void run();
  // Lets all run() return, once the calls that run have ended; their answers are dropped. Never
  // throws. Any thread.
  void stop() noexcept;

 private:
  void detach() const noexcept;
  void serve();
  void serve(const HostedCall& call) const;

  Host host_;
  Methods methods_;
  std::function<void(const std::string&)> dropped_;
  std::atomic<bool> stopping_{false};
};

// What stands in the daemon for one object of a host: it is named, counted and held by others as
// any object; when it goes, the host is told to drop what it stands for.
class Hosted : public Handle {
 public:
  static constexpr const char* kType = "hosted";

  // Names a hosted object; nothing is sent.
  Hosted(const Client& client, std::string name) : Handle(client, std::move(name), kType) {}
  explicit Hosted(const Ref& ref) : Handle(ref, kType) {}

  // What it stands for.
  struct Details {
    std::string host;                  // The name of the host that it lives in.
    std::string target;                // What the host knows it by.
    std::string type_id;               // What it is.
    std::vector<std::string> exposed;  // The methods that may be called; the daemon checks nothing.
    bool served = true;  // False once the session that made it serves the host no more.
  };
  // Makes one. Only the session that serves the host may: HostNotAttached. Anonymous, or with a
  // name: an existing one is left as it is.
  static Hosted make(const Host& host, const Details& details, const std::string& name = "");

  // Tells what it stands for. ObjectNotFound.
  Details inspect() const;
  // Calls one of its methods (Host::call).
  template <typename R = Value, typename... Arguments>
  R call(const std::string& method, Arguments... arguments) const {
    const Details details = inspect();
    return Host(client(), details.host).call<R>(details.target, method, std::move(arguments)...);
  }
};

}  // namespace coheld
