// Figures that a test prints, and gives to the stage that runs it. Tests only.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

namespace coheld::testing {

// Prints a line, and adds it to the file that COHELD_FIGURES names, if any.
inline void Figure(const std::string& line) {
  std::cout << line << std::endl;
  if (const char* const path = std::getenv("COHELD_FIGURES")) {
    std::ofstream(path, std::ios::app) << line << "\n";
  }
}

}  // namespace coheld::testing
