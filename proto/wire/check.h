// COHELD_CHECK: ends the process when one of our own invariants is broken. Never for input, disk or
// network.
#pragma once

#include <cstdio>
#include <cstdlib>

#define COHELD_CHECK(condition)                                                          \
  do {                                                                                   \
    if (!(condition)) [[unlikely]] {                                                     \
      std::fprintf(stderr, "%s:%d: check failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)
