#pragma once

#include "agent/protocol/session.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent::test {

/// The first bytes of a real client, as its specification or a well-known scanner has them.
struct Example {
    std::string protocol;
    Transport transport;
    std::string source;  // where the bytes are from: a program, or a document
    std::string bytes;
};

const std::vector<Example>& examples();

}  // namespace apiary::agent::test
