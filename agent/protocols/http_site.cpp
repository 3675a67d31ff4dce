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
    const bool login = route.bodyLogin || !route.userField.empty() || !route.secretField.empty();
    return route.guards || wanted == "GET" || (login && wanted == "POST");
}

/// True if one of the cookies is as wanted.
bool bears(std::string_view cookies, std::string_view wanted) {
    const auto star = wanted.find('*');
    const std::string_view begin = wanted.substr(0, star);
    const std::string_view end = star == std::string_view::npos ? std::string_view() : wanted.substr(star + 1);
    while (!cookies.empty()) {
        std::string_view cookie = cookies.substr(0, cookies.find(';'));
        cookies.remove_prefix(std::min(cookie.size() + 1, cookies.size()));
        cookie.remove_prefix(std::min(cookie.find_first_not_of(' '), cookie.size()));
        const bool sized = star == std::string_view::npos ? cookie.size() == wanted.size()
                                                          : cookie.size() >= begin.size() + end.size();
        if (sized && cookie.starts_with(begin) && cookie.ends_with(end)) {
            return true;
        }
    }
    return false;
}

bool fits(const HttpRoute& route, std::string_view method, std::string_view path, std::string_view cookies) {
    const std::string_view own = route.path;
    return fitsMethod(route, method) && (route.cookie.empty() || bears(cookies, route.cookie)) &&
           (endless(route) ? path.starts_with(own.substr(0, own.size() - 1)) : path == own);
}

}  // namespace

HttpSite::HttpSite(std::map<std::string, HttpFile, std::less<>> files, std::vector<HttpRoute> routes, HttpManner manner)
    : files_(std::move(files)), routes_(std::move(routes)), manner_(std::move(manner)) {
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

const HttpRoute* HttpSite::route(std::string_view method, std::string_view path, std::string_view cookies) const {
    const bool isFile = file(path) != nullptr;
    const auto found = std::ranges::find_if(routes_, [&](const HttpRoute& route) {
        return fits(route, method, path, cookies) && !(isFile && endless(route) && route.realm.empty());
    });
    return found == routes_.end() ? nullptr : &*found;
}

}  // namespace apiary::agent
