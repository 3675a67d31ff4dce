#pragma once

#include "agent/protocols/http_site.hpp"

#include <memory>
#include <string_view>

namespace apiary::agent {

/// The path below which Debian's Apache shows its icons, whatever its document root holds.
inline constexpr std::string_view kHttpIcons = "/icons/";

/// The icons that listings and the default page name, with the times that Debian's package gives them; all of them but
/// one large drawing, apache_pb.svg. From apache2-data: public domain, but for the logos of Apache (Apache License 2.0)
/// and of Debian (openlogo-75.png; Software in the Public Interest, LGPL 3 or CC BY-SA 3.0).
std::shared_ptr<const HttpSite> httpIcons();

}  // namespace apiary::agent
