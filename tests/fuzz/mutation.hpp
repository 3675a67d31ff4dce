#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>

namespace apiary::test {

/// The input with one to four changes at random places: a byte set, a piece left out or repeated, the rest cut off. For
/// the replays, which have no libFuzzer.
inline std::string mutated(std::string text, std::mt19937& random) {
    for (auto changes = 1 + random() % 4; changes > 0 && !text.empty(); --changes) {
        const std::size_t at = random() % text.size();
        const std::size_t length = std::min<std::size_t>(1 + random() % 20, text.size() - at);
        switch (random() % 4) {
            case 0:
                text[at] = static_cast<char>(random());
                break;
            case 1:
                text.erase(at, length);
                break;
            case 2:
                text.insert(at, text.substr(random() % text.size(), length));
                break;
            default:
                text.resize(at + 1);
        }
    }
    return text;
}

}  // namespace apiary::test
