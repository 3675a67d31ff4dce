#pragma once

#include "common/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What a program did.
struct Ran {
    int status = 0;  // its exit status
    std::string output;
    std::string complaint;  // what it wrote to stderr
};

/// Of what a program wrote, for a message of one line.
std::string firstLine(const std::string& text);

/// Runs a program of the system ("ip", "nft"; found in /usr/sbin, /sbin, /usr/bin, /bin) without a shell, with `input`
/// and no environment but LC_ALL=C, and waits at most 30 s for its end. An Error says that it is not there, or did not
/// end.
Result<Ran> runProgram(const std::vector<std::string>& words, std::string_view input = {});

enum class Nft : std::uint8_t { Take, Consider };

/// Has the kernel take these rules, all or none of them, or only look at them. An Error is `refusal` and what nft says.
Status runNft(const std::string& rules, Nft way, std::string_view refusal);

}  // namespace apiary::agent
