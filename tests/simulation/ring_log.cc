// See ring_log.h.
#include "tests/simulation/ring_log.h"

#include <memory>
#include <string_view>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace coheld::simulation {
namespace {

class RingSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  uint64_t rings() const { return rings_; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    if (text.starts_with("deadlock_found ")) ++rings_;
  }
  void flush_() override {}

  uint64_t rings_ = 0;
};

}  // namespace

uint64_t RingsTold() {
  static const std::shared_ptr<RingSink> sink = [] {
    auto made = std::make_shared<RingSink>();
    auto logger = std::make_shared<spdlog::logger>("simulation", made);
    logger->set_level(spdlog::level::warn);
    spdlog::set_default_logger(logger);
    return made;
  }();
  return sink->rings();
}

}  // namespace coheld::simulation
