#include "agent/protocols/http_site.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

std::string folderPath(std::string_view path) {
    std::string folder(path);
    if (!folder.ends_with('/')) {
        folder += '/';
    }
    return folder;
}

bool endless(const HttpRoute& route) {
    return route.path.ends_with('*');
}

bool fitsMethod(const HttpRoute& route, std::string_view method) {
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    if (!route.method.empty()) {
        return route.method == wanted || route.method == method;
    }
    const bool login = !route.userField.empty() || !route.secretField.empty();
    return route.guards || wanted == "GET" || (login && wanted == "POST");
}

bool fits(const HttpRoute& route, std::string_view method, std::string_view path) {
    const std::string_view own = route.path;
    return fitsMethod(route, method) &&
           (endless(route) ? path.starts_with(own.substr(0, own.size() - 1)) : path == own);
}

}  // namespace

HttpSite::HttpSite(std::map<std::string, HttpFile, std::less<>> files, std::vector<HttpRoute> routes)
    : files_(std::move(files)), routes_(std::move(routes)) {
    std::map<std::string, HttpFile, std::less<>> implied{{"/", {}}};
    for (const auto& [path, file] : files_) {
        for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
            HttpFile& folder = implied[path.substr(0, slash + 1)];
            folder.modified = std::max(folder.modified, file.modified);
        }
    }
    files_.merge(implied);  // leaves what is there already
}

const HttpFile* HttpSite::file(std::string_view path) const {
    const auto found = files_.find(path);
    return found == files_.end() || path.ends_with('/') ? nullptr : &found->second;
}

bool HttpSite::folder(std::string_view path) const {
    return files_.contains(folderPath(path));
}

FileTime HttpSite::folderModified(std::string_view path) const {
    const auto found = files_.find(folderPath(path));
    return found == files_.end() ? FileTime{} : found->second.modified;
}

std::vector<std::string> HttpSite::entries(std::string_view path) const {
    const std::string folder = folderPath(path);
    std::vector<std::string> names;
    for (auto it = files_.upper_bound(folder); it != files_.end() && it->first.starts_with(folder);) {
        const std::string_view below = std::string_view(it->first).substr(folder.size());
        const auto slash = below.find('/');
        names.emplace_back(below.substr(0, slash == std::string_view::npos ? slash : slash + 1));
        if (slash == std::string_view::npos) {
            ++it;
        } else {  // jump over all that lies deeper: '0' is the byte after '/'
            it = files_.lower_bound(folder + names.back().substr(0, slash) + '0');
        }
    }
    return names;
}

const HttpRoute* HttpSite::route(std::string_view method, std::string_view path) const {
    const bool isFile = file(path) != nullptr;
    const auto found = std::ranges::find_if(routes_, [&](const HttpRoute& route) {
        return fits(route, method, path) && !(isFile && endless(route) && route.realm.empty());
    });
    return found == routes_.end() ? nullptr : &*found;
}

}  // namespace apiary::agent
