// Failure and Result: how code below the SDKs reports errors without exceptions.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "coheld/v1/common.pb.h"
#include "proto/wire/check.h"

namespace coheld::wire {

// Why an op failed: the reason for programs, the message for people. Never
// ERROR_REASON_UNSPECIFIED.
struct Failure {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  std::string message;
};

// Holds either a T or the Failure that kept it from being made.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Failure failure) : state_(std::move(failure)) {}

  bool ok() const { return std::holds_alternative<T>(state_); }
  const T& value() const& { return Checked(); }
  T& value() & { return const_cast<T&>(Checked()); }
  T&& value() && { return std::move(const_cast<T&>(Checked())); }
  const Failure& failure() const {
    COHELD_CHECK(!ok());
    return std::get<Failure>(state_);
  }

 private:
  const T& Checked() const {
    COHELD_CHECK(ok());
    return std::get<T>(state_);
  }

  std::variant<T, Failure> state_;
};

}  // namespace coheld::wire
