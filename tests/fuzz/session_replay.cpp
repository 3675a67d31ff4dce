/// Plays the inputs made from transcripts, and seeded mutations of them, against the protocol that FUZZ_PROTOCOL names.
///
///     session_replay MUTATIONS FILE|FOLDER ...      a .txt file is a transcript, any other an input as it is
///     session_replay --corpus INTO FOLDER ...       writes the inputs instead

#include "tests/fuzz/session_input.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

struct Seed {
    std::string name;
    std::string bytes;
};

Seed readSeed(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (path.extension() == ".txt") {
        bytes = apiary::agent::test::fuzzInput(apiary::agent::test::readSteps(bytes));
    }
    return {path.stem().string(), std::move(bytes)};
}

std::vector<Seed> readSeeds(const fs::path& path) {
    if (!fs::is_directory(path)) {
        return {readSeed(path)};
    }
    std::vector<Seed> seeds;
    for (const auto& entry : fs::directory_iterator(path)) {
        seeds.push_back(readSeed(entry.path()));
    }
    return seeds;
}

void play(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Changes, drops, doubles or moves a few bytes.
std::string mutated(std::string input, std::mt19937& random) {
    for (auto changes = 1 + random() % 8; changes > 0 && !input.empty(); --changes) {
        const std::size_t at = random() % input.size();
        const std::size_t length = 1 + random() % 32;
        switch (random() % 4) {
            case 0:
                input[at] = static_cast<char>(random());
                break;
            case 1:
                input.erase(at, length);
                break;
            case 2:
                input.insert(random() % input.size(), input.substr(at, length));
                break;
            default:
                input.insert(at, 1, static_cast<char>(0xf0 + random() % 9));
        }
    }
    return input;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    const bool writes = words.size() > 2 && words[0] == "--corpus";
    if (words.size() < 2) {
        std::cerr << "usage: " << argv[0] << " MUTATIONS FILE|FOLDER ... | --corpus INTO FOLDER ...\n";
        return 2;
    }
    std::mt19937 random(1);
    std::size_t played = 0;
    for (std::size_t i = writes ? 2 : 1; i < words.size(); ++i) {
        for (const auto& [name, bytes] : readSeeds(words[i])) {
            if (writes) {
                std::ofstream(fs::path(words[1]) / name, std::ios::binary) << bytes;
                continue;
            }
            play(bytes);
            for (int round = std::atoi(words[0].c_str()); round > 0; --round, ++played) {
                play(mutated(bytes, random));
            }
            ++played;
        }
    }
    std::cout << (writes ? "written" : "played " + std::to_string(played) + " inputs") << '\n';
    return writes || played > 0 ? 0 : 1;
}
