// Makes well-formed messages of any type out of a fuzzer's bytes, so that inputs get past the
// parser: every method is reached without a line about it.
#pragma once

#include <google/protobuf/message.h>

#include "tests/fuzz/byte_source.h"

namespace coheld::fuzz {

// Fills a message of coheld.v1. Names are drawn from a few for each object type, so that ops meet
// on the same objects; numbers and texts mostly from those that are near a boundary.
void Shape(ByteSource& bytes, google::protobuf::Message* message);

}  // namespace coheld::fuzz
