// The public face of the core. See client.h.
#include "coheld/client.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "client/cpp/src/core.h"
#include "coheld/guard.h"

namespace coheld {

uint64_t this_thread_id() {
  static std::atomic<uint64_t> next{1};
  thread_local const uint64_t id = next.fetch_add(1, std::memory_order_relaxed);
  return id;
}

namespace {
thread_local uint64_t token_in_use = 0;
}

uint64_t this_thread_token() { return token_in_use; }

UsingToken::UsingToken(uint64_t token) : outer_(std::exchange(token_in_use, token)) {}

UsingToken::~UsingToken() { token_in_use = outer_; }

Client Client::connect(const std::string& address, ClientOptions options) {
  auto made = std::make_shared<core::Core>(address, std::move(options));
  made->Connect();
  return Client(std::move(made));
}

std::string Client::default_address() {
  const char* const address = std::getenv("COHELD_ADDRESS");
  if (address != nullptr && *address != '\0') return address;
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime != '\0')
    return std::string("unix:") + runtime + "/coheld.sock";
  return "unix:/tmp/coheld-" + std::to_string(geteuid()) + "/coheld.sock";
}

std::string Client::call(uint32_t method, std::string_view request,
                         const CallOptions& options) const {
  return core_->Call(method, request, options).take();
}

CallResult Client::try_call(uint32_t method, std::string_view request,
                            const CallOptions& options) const {
  return core_->Call(method, request, options);
}

std::vector<CallResult> Client::call_many(std::span<const PipelinedCall> calls,
                                          const CallOptions& options) const {
  return core_->CallMany(calls, options);
}

const std::string& Client::address() const { return core_->address().text(); }

const ClientOptions& Client::options() const { return core_->options(); }

SessionDetails Client::session() const { return core_->Session(); }

uint64_t Client::session_id() const noexcept { return core_->SessionId(); }

void Client::post(uint64_t session, uint32_t method, std::string request) const noexcept {
  core_->Post(session, {{.method = method, .request = std::move(request)}});
}

void Client::post(std::span<const PipelinedCall> calls) const noexcept {
  std::vector<core::Core::Posted> ops;
  for (const PipelinedCall& call : calls) {
    ops.push_back({.method = call.method, .request = std::string(call.request)});
  }
  core_->Post(core::Core::kAnySession, std::move(ops));
}

void Client::close() const noexcept { core_->CloseSession(); }

}  // namespace coheld
