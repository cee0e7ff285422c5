// What all handles share: the name of an object on a daemon, and how a handle is held as a value.
//
//   coheld::Dict<std::string, coheld::List<int>> scores(client, "scores");
//   scores.set("ann", coheld::List<int>::make(client, {3, 1}));   // Held by reference.
//   scores.at("ann").append(2);                                    // The very same list.
//
// A handle is a name: making one does nothing on the daemon. A handle of an anonymous object (one
// that `make` made, or that a value referred to) also holds its life, see lifetime.h.
#pragma once

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// Returns a Ref to an object of a client's daemon. If the name is that of an anonymous object that
// the client holds already, the Ref holds it too. Nothing is sent.
Ref refer_to(const Client& client, std::string name, const char* type);

// Returns the client whose daemon has the object. InvalidArgument if the Ref was made by hand,
// rather than read from a daemon or taken from a handle.
const Client& client_of(const Ref& ref);

// The base of every handle. Runner is Direct (a method does its op and returns the answer) or
// Batched (it returns a Pending answer, see batch.h). Threads: as its Client.
template <typename Runner>
class BasicHandle {
 public:
  template <typename R>
  using Result = typename Runner::template Result<R>;

  // The object's name; given by the daemon if it is anonymous.
  const std::string& name() const { return ref_.name; }
  // The reference by which other objects hold this one.
  const Ref& ref() const { return ref_; }
  // The connection to the object's daemon.
  const Client& client() const requires requires(const Runner& runner) { runner.client(); }
  { return runner_.client(); }

 protected:
  BasicHandle(Runner runner, Ref ref) : runner_(std::move(runner)), ref_(std::move(ref)) {}

  // Makes an op in the way of its options. Direct only.
  template <typename R>
  R run_with(const CallOptions& options, const Op<R>& op) const {
    return runner_.run_with(options, op);
  }

  // Makes an op that may wait, or takes a right, from somewhere in the program.
  template <typename R, typename... Then>
  auto run_at(const CallSite& site, Op<R> op, Then... then) const {
    return runner_.run_at(site, std::move(op), std::move(then)...);
  }
  // Makes an op by the runner, and converts its answer with `then`.
  template <typename R, typename... Then>
  auto run(Op<R> op, Then... then) const {
    return runner_.run(std::move(op), std::move(then)...);
  }

 private:
  Runner runner_;
  Ref ref_;
};

// A handle whose methods do their ops at once. Names an object, or takes over a Ref: BadConversion
// if that is to an object of another type.
class Handle : public BasicHandle<Direct> {
 protected:
  Handle(const Client& client, std::string name, const char* type)
      : BasicHandle(Direct(client), refer_to(client, std::move(name), type)) {}
  Handle(const Ref& ref, const char* type);
};

// Returns the Ref if it is to an object of a type. BadConversion.
const Ref& checked(const Ref& ref, const char* type);

// Types that are handles: List<T>, Lock, and the others.
template <typename H>
concept IsHandle =
    std::derived_from<H, BasicHandle<Direct>> && std::constructible_from<H, const Ref&>;

// A handle is held by reference.
template <IsHandle H>
struct Codec<H> {
  static Value encode(const H& handle) { return handle.ref(); }
  static H decode(const Value& value) { return H(value.get<Ref>()); }
};

}  // namespace coheld
