#include "collector/store/session_store.hpp"

#include <gtest/gtest.h>
