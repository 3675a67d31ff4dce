#pragma once

#include "agent/protocol/readings.hpp"
#include "agent/protocols/http_site.hpp"
#include "common/result.hpp"

#include <vector>

namespace apiary::agent {

/// An application as its file describes it:
///
///     [[common]]                         # at most one
///     headers = ["Server: GoAhead-Webs"]   # of every answer below
///
///     [[route]]
///     path = "/login.cgi"                # decoded; a '*' at its end stands for the rest. The first route that fits is
///     taken method = "POST"                    # without: GET, and POST if there is a secret_field status = 200
///     headers = ["Content-Type: text/html"]   # that is the fallback where there is a body
///     body = "..."                       # or body_file = "page.html", in the folder of this file
///     realm = "router"                   # Basic authentication first; with neither status nor headers nor body behind
///     it,
///                                        # it guards the files and folders of the path
///     user_field = "user"                # the fields of a form that are a login; the user may be left out
///     secret_field = "password"
///
///     [route.welcome]                    # status, headers, body, body_file: to a login by form that is accepted
///     status = 302
///     headers = ["Location: /index.html"]
///
/// A route with a '*' and no realm takes no request for a file of the site, so that one for "/*" is what is said of all
/// that is missing. The Error names all that is wrong, with the file and the lines: also routes that earlier ones leave
/// nothing to.
Result<std::vector<HttpRoute>> httpRoutes(const TablesRead& tables);

}  // namespace apiary::agent
