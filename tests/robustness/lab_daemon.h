// A daemon in the middle of a network lab, and how a test reports what a lab found. Tests only.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "tests/integration/daemon_process.h"
#include "tests/robustness/forked_task.h"
#include "tests/robustness/network_lab.h"

namespace coheld::testing {

// A daemon that all hosts of the lab reach.
class LabDaemon {
 public:
  LabDaemon() { daemon_.Start({"--listen", "0.0.0.0:0"}); }

  std::string AddressFor(int host) const {
    const std::string& everywhere = daemon_.addresses().back();
    return NetworkLab::MiddleFor(host) + everywhere.substr(everywhere.rfind(':'));
  }
  std::string address() const { return daemon_.address_unix(); }

 private:
  DaemonProcess daemon_;
};

// Reports a lab's complaint; skips if there can be no lab.
#define COHELD_IN_LAB(task) COHELD_EXPECT_CONTENT(InNetworkLab(task))

}  // namespace coheld::testing
