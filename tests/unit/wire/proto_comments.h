// The protos of coheld.v1 with their comments, which the generated code does not carry.
#pragma once

#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace coheld::wire::testing {

// Returns the files of coheld.v1, with source locations, in the order of their names.
const std::vector<const google::protobuf::FileDescriptor*>& ProtoFiles();

// Returns the comment that stands before (or on the line of) a declaration, trimmed.
template <typename Descriptor>
std::string CommentOf(const Descriptor& descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  const std::string& comment =
      location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
  const size_t start = comment.find_first_not_of(" \n");
  if (start == std::string::npos) return "";
  return comment.substr(start, comment.find_last_not_of(" \n") + 1 - start);
}

}  // namespace coheld::wire::testing
