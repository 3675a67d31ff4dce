#include "agent/journal/removal_list.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kNames = 50'000;
constexpr std::size_t kFolders = 20'000;

std::string listOf(const std::string& directory) {
    return directory + "/removed-by-the-budget";
}

RemovedList read(const std::string& file) {
    RemovedList list;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        const std::size_t end = line.rfind("/ ");
        if (end == std::string::npos) {
            list.paths.insert(std::move(line));
        } else {
            std::uint64_t number = 0;
            std::sscanf(line.c_str() + end + 2, "%lu", &number);
            list.folders[line.substr(0, end + 1)] += number;
        }
    }
    return list;
}

}  // namespace

std::string hourFolder(std::string_view path) {
    std::size_t end = 0;
    for (int slashes = 0; slashes < 3; ++slashes) {
        end = path.find('/', end + 1);
        if (end == std::string_view::npos) {
            return {};
        }
    }
    return std::string(path.substr(0, end));
}

RemovedList readRemoved(const std::string& directory) {
    return read(listOf(directory));
}

RemovalList::RemovalList(const std::string& directory) : path_(listOf(directory)), names_(read(path_).paths.size()) {}

void RemovalList::add(const std::string& paths) {
    std::ofstream(path_, std::ios::app | std::ios::binary) << paths;
    names_ += static_cast<std::uint64_t>(std::ranges::count(paths, '\n'));
    if (names_ > kNames) {
        fold({});
    }
}

void RemovalList::folderGone(const std::string& folder) {
    fold(folder);
}

/// Counts the names of a folder instead of listing them; without one, those of the folder with the most.
void RemovalList::fold(const std::string& folder) {
    RemovedList list = read(path_);
    std::map<std::string, std::uint64_t> counts;
    for (const std::string& path : list.paths) {
        ++counts[hourFolder(path) + '/'];
    }
    std::string chosen = folder + '/';
    if (folder.empty() && !counts.empty()) {
        chosen = std::ranges::max_element(counts, {}, [](const auto& one) { return one.second; })->first;
    }
    if (const auto found = counts.find(chosen); found != counts.end()) {
        list.folders[chosen] += found->second;
    }
    while (list.folders.size() > kFolders) {
        list.folders.erase(list.folders.begin());
    }
    std::erase_if(list.paths, [&](const std::string& path) { return path.starts_with(chosen); });
    names_ = list.paths.size();

    const std::string aside = path_ + ".new";
    std::ofstream out(aside, std::ios::trunc | std::ios::binary);
    for (const auto& [one, number] : list.folders) {
        out << one << ' ' << number << '\n';
    }
    for (const std::string& path : list.paths) {
        out << path << '\n';
    }
    out.close();
    if (!out || std::rename(aside.c_str(), path_.c_str()) != 0) {
        std::remove(aside.c_str());
    }
}

}  // namespace apiary::agent
