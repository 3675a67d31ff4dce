#pragma once

#include "common/net/descriptor.hpp"

namespace apiary::agent {

using apiary::Descriptor;

}  // namespace apiary::agent
