#pragma once

#include "agent/protocol/readings.hpp"
#include "agent/protocols/http_site.hpp"
#include "common/result.hpp"

namespace apiary::agent {

/// An application as its file describes it:
///
///     [[common]]                         # at most one
///     server = "GoAhead-Webs"            # in place of the service's setting, in every answer
///     signature = false                  # likewise
///     compress = false                   # this server has no gzip, and no answer says Vary
///     headers = ["X-Frame-Options: DENY"]   # of every answer below
///
///     [[route]]
///     path = "/login.cgi"                # decoded; a '*' at its end stands for the rest. The first that fits is taken
///     method = "POST"                    # without: GET, and POST if there is a login
///     cookie = "session=*{{secret}}"     # only for requests that bear it; a '*' stands for any text
///     status = 200
///     headers = ["Content-Type: text/html"]   # that is the fallback where there is a body
///     body = "..."                       # or body_file = "page.html", in the folder of this file
///     realm = "router"                   # Basic authentication first; with neither status nor headers nor body it
///                                        # guards the files and folders of the path
///     user_field = "user"                # the fields of a form that are a login; the user may be left out
///     secret_field = "password"
///     login = "body"                     # in place of those: what a body of JSON or XML-RPC names
///
///     [route.welcome]                    # status, headers, body, body_file: to such a login that is accepted
///     status = 302
///     headers = ["Location: /index.html"]
///
/// A route with a '*' and no realm takes no request for a file of the site, so that one for "/*" is what is said of all
/// that is missing. The Error names all that is wrong, with the file and the lines: also routes that earlier ones leave
/// nothing to.
Result<HttpApplication> httpRoutes(const TablesRead& tables);

}  // namespace apiary::agent
