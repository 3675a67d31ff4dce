#pragma once

#include <string_view>

namespace apiary::agent {

/// How a listing shows a file: one of Apache's icons, and what stands for it where there are no pictures.
struct HttpLook {
    std::string_view icon;
    std::string_view alt;
};

/// By the type if it says enough, or else by the end of the name, as Debian's autoindex.conf has it.
HttpLook httpLook(std::string_view name, std::string_view type);

}  // namespace apiary::agent
