#pragma once

#include <gtest/gtest.h>

#include <string>

#include <unistd.h>

namespace apiary {

/// Where tests that sync a lot put their folders: in memory where the machine has that, else where all tests do.
inline std::string quickFolder() {
    return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : testing::TempDir();
}

}  // namespace apiary
