// What CallSite says. See coheld/op.h.
#include <string>
#include <string_view>

#include "coheld/op.h"

namespace coheld {
namespace {

// The name alone of "void ns::run(int) [with T = int]": people look for it in the line.
std::string_view NameOf(std::string_view signature) {
  signature = signature.substr(0, signature.find('('));
  return signature.substr(signature.rfind(' ') + 1);
}

// "/usr/include/c++/12/mutex" and the like.
bool IsOfStandardLibrary(std::string_view path) {
  return path.find("/include/c++/") != std::string_view::npos;
}

}  // namespace

std::string CallSite::text() const {
  const std::string_view path = place_.file_name();
  if (path.empty() || IsOfStandardLibrary(path)) return "";
  std::string text(path.substr(path.rfind('/') + 1));
  text += ':';
  text += std::to_string(place_.line());
  text += ' ';
  text += NameOf(place_.function_name());
  return text;
}

}  // namespace coheld
