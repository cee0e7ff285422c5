// The examples in bytes of the format pages, for the tests that compare them with the code.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

namespace coheld::testing {

// Returns the bytes of an example in a page: what follows ```NAME up to the next ```, in each line
// the pairs of hexadecimal digits before the first four blanks.
inline std::string ExampleIn(const std::string& path, const std::string& name) {
  std::ifstream page(path);
  std::string line;
  while (std::getline(page, line) && line != "```" + name) continue;
  std::string bytes;
  while (std::getline(page, line) && line != "```") {
    std::istringstream words(line.substr(0, line.find("    ")));
    for (std::string word; words >> word;) {
      bytes += static_cast<char>(std::stoi(word, nullptr, 16));
    }
  }
  return bytes;
}

// Returns bytes in hexadecimal, eight a line.
inline std::string ToHex(const std::string& bytes) {
  std::string hex;
  for (size_t i = 0; i < bytes.size(); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    const auto byte = static_cast<uint8_t>(bytes[i]);
    hex += {kDigits[byte / 16], kDigits[byte % 16], i % 8 == 7 ? '\n' : ' '};
  }
  return hex;
}

}  // namespace coheld::testing
