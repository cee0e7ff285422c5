// See exit_code.h.
#include "client/cli/exit_code.h"

#include <algorithm>
#include <array>
#include <iostream>

#include "client/cli/command.h"
#include "coheld/error.h"

namespace coheld::cli {
namespace {

constexpr std::array kNothingThere = {Reason::kObjectNotFound,  Reason::kObjectDeleted,
                                      Reason::kIndexOutOfRange, Reason::kValueNotFound,
                                      Reason::kKeyNotFound,     Reason::kQueueEmpty,
                                      Reason::kQueueFull,       Reason::kAttributeNotFound};

ExitCode CodeOf(const Error& error) {
  if (dynamic_cast<const ConnectionLost*>(&error) != nullptr) return kCannotConnect;
  const bool nothing =
      std::find(kNothingThere.begin(), kNothingThere.end(), error.reason()) != kNothingThere.end();
  return nothing ? kNotFound : kFailed;
}

}  // namespace

int ReportException() {
  try {
    throw;
  } catch (const coheld::Interrupted&) {
    return kInterrupted;  // Who pressed Ctrl-C knows it.
  } catch (const UsageError& error) {
    std::cerr << "coheldctl: " << error.what() << '\n';
    return kUsage;
  } catch (const DamageFound& error) {
    std::cerr << "coheldctl: " << error.what() << '\n';
    return kDamaged;
  } catch (const Error& error) {
    std::cerr << "coheldctl: " << error.what() << " (" << to_string(error.reason()) << ")\n";
    return CodeOf(error);
  } catch (const std::exception& error) {
    std::cerr << "coheldctl: " << error.what() << '\n';
    return kFailed;
  }
}

}  // namespace coheld::cli
