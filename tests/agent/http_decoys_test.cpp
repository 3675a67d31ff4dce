/// The decoys that ship, tried with what scanners ask for.

#include "agent/config.hpp"
#include "agent/protocols/http_content.hpp"
#include "agent/setting_files.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

const std::string kFolder = APIARY_DECOYS "/http/";
constexpr std::string_view kEachVisit[] = {"{{session}}", "{{nonce}}", "{{user}}",
                                           "{{expires}}"};  // filled in when sent

std::shared_ptr<const HttpSite> siteOf(const std::string& folder, const std::string& application) {
    Readings readings;
    if (!folder.empty()) {
        readings.folders["site"] = *readFolder(kFolder + folder);
    }
    if (!application.empty()) {
        auto tables = readTables(kFolder + application);
        EXPECT_TRUE(tables) << tables.error();
        readings.tables["application"] = *std::move(tables);
    }
    auto site = httpSite(readings, 7);
    EXPECT_TRUE(site) << site.error();
    return *std::move(site);
}

/// What a server would answer: status, headers, body.
std::string shown(const HttpAnswer& answer) {
    std::string text = std::to_string(answer.status) + '\n';
    for (const auto& [name, value] : answer.headers) {
        text += name + ": " + value + '\n';
    }
    return text + '\n' + *answer.body;
}

std::string ask(const HttpSite& site, std::string_view method, std::string_view path) {
    if (const HttpRoute* route = site.route(method, path)) {
        return route->realm.empty() ? shown(route->answer) : "401 " + route->realm;
    }
    const HttpFile* file = site.file(path);
    return file != nullptr ? "200\n\n" + *file->content : site.folder(path) ? "folder" : "404";
}

struct Probe {
    std::string_view method;
    std::string_view path;
    unsigned status;
    std::string_view holds;  // of headers and body
};

void expectAnswers(const HttpSite& site, std::initializer_list<Probe> probes) {
    for (const Probe& probe : probes) {
        std::string answer = ask(site, probe.method, probe.path);
        EXPECT_TRUE(answer.starts_with(std::to_string(probe.status))) << probe.method << ' ' << probe.path << answer;
        EXPECT_NE(answer.find(probe.holds), std::string::npos) << probe.method << ' ' << probe.path << '\n' << answer;
        for (const std::string_view mark : kEachVisit) {
            for (auto at = answer.find(mark); at != std::string::npos; at = answer.find(mark)) {
                answer.erase(at, mark.size());
            }
        }
        EXPECT_EQ(answer.find("{{"), std::string::npos) << probe.path;
    }
}

/// All that the pages lead to on this host.
std::vector<std::string> linksOf(std::string_view page) {
    std::vector<std::string> links;
    for (const std::string_view mark : {"href=\"/", "src=\"/", "href='/", "action=\"/"}) {
        for (auto at = page.find(mark); at != std::string_view::npos; at = page.find(mark, at + 1)) {
            const auto begin = at + mark.size() - 1;
            links.emplace_back(page.substr(begin, page.find_first_of("\"'?#", begin) - begin));
        }
    }
    return links;
}

void expectLinksAnswered(const HttpSite& site, const std::string& page) {
    for (const std::string& link : linksOf(page)) {
        const bool post = site.route("POST", link) != nullptr && site.route("POST", link)->path == link;
        EXPECT_TRUE(post || !ask(site, "GET", link).starts_with("404")) << link;
    }
}

TEST(HttpDecoysTest, TheCompanyShowsPagesAndWhatItForgotToRemove) {
    const auto site = siteOf("company", "");

    expectAnswers(*site, {{"GET", "/index.html", 200, "<title>"},
                          {"GET", "/robots.txt", 200, "Disallow: /backup/"},
                          {"GET", "/favicon.ico", 200, "PNG"},
                          {"GET", "/img/logo.png", 200, "PNG"},
                          {"GET", "/backup/www-old.zip", 200, "PK\x03\x04"},
                          {"GET", "/.env", 404, ""},
                          {"GET", "/wp-login.php", 404, ""}});
    EXPECT_EQ(ask(*site, "GET", "/backup/"), "folder");
    EXPECT_EQ(site->file("/backup/www-old.zip")->type, "application/zip");
}

TEST(HttpDecoysTest, AllLinksOfTheCompanyLeadSomewhere) {
    const auto site = siteOf("company", "");
    for (const std::string& name : site->entries("/")) {
        if (name.ends_with(".html")) {
            const std::string& page = *site->file("/" + name)->content;
            EXPECT_GE(linksOf(page).size(), 5U) << name;
            expectLinksAnswered(*site, page);
        }
    }
}

TEST(HttpDecoysTest, TheRouterLooksLikeOneToScannersAndWorms) {
    const auto site = siteOf("", "router.toml");

    expectAnswers(*site, {{"GET", "/", 200, "Server: Boa/0.94"},
                          {"GET", "/", 200, "action=\"/login.cgi\""},
                          {"GET", "/login.htm", 200, "type=\"password\""},
                          {"POST", "/login.cgi", 200, "bad username or password"},
                          {"GET", "/login.cgi", 302, "Location: /login.htm"},
                          {"POST", "/boaform/admin/formLogin", 200, "Server: Boa"},
                          {"GET", "/HNAP1/", 200, "GetDeviceSettingsResult"},
                          {"POST", "/HNAP1/", 200, "SOAPActions"},
                          {"GET", "/cgi-bin/luci", 404, "Server: Boa"},
                          {"GET", "/index.html", 404, "Server: Boa"},
                          {"POST", "/GponForm/diag_Form", 404, "Server: Boa"}});
    const HttpRoute* login = site->route("POST", "/login.cgi");
    EXPECT_EQ(login->userField + ' ' + login->secretField, "username password");
    EXPECT_NE(shown(login->welcome).find("Device Status"), std::string::npos);
    EXPECT_EQ(site->route("POST", "/boaform/admin/formLogin")->secretField, "psd");
    for (const auto* path : {"/", "/login.htm"}) {
        expectLinksAnswered(*site, ask(*site, "GET", path));
    }
    expectLinksAnswered(*site, shown(login->welcome));
}

TEST(HttpDecoysTest, PhpMyAdminStandsBesideTheDefaultPage) {
    const auto site = siteOf("", "phpmyadmin.toml");

    expectAnswers(*site, {{"GET", "/index.html", 200, "Apache2 Debian Default Page"},
                          {"GET", "/phpmyadmin", 301, "Location: /phpmyadmin/"},
                          {"GET", "/phpmyadmin/", 200, "<title>phpMyAdmin</title>"},
                          {"GET", "/phpmyadmin/index.php", 200, "name=\"pma_username\""},
                          {"HEAD", "/phpmyadmin/index.php", 200, "Set-Cookie: phpMyAdmin="},
                          {"POST", "/phpmyadmin/index.php", 200, "Access denied"},
                          {"GET", "/phpmyadmin/README", 200, "Version 5.2.1"},
                          {"GET", "/phpmyadmin/setup/index.php", 401, "phpMyAdmin Setup"},
                          {"GET", "/pma/", 404, ""}});
    EXPECT_EQ(site->route("POST", "/phpmyadmin/")->userField, "pma_username");
    EXPECT_EQ(site->route("POST", "/phpmyadmin/")->welcome.status, 302U);
}

TEST(HttpDecoysTest, WordPressAnswersWhatItsScannersAskFor) {
    const auto site = siteOf("", "wordpress.toml");

    expectAnswers(*site,
                  {{"GET", "/", 200, "content=\"WordPress 6.4.3\""},
                   {"GET", "/wp-login.php", 200, "name=\"log\""},
                   {"GET", "/wp-login.php", 200, "Set-Cookie: wordpress_test_cookie=WP%20Cookie%20check; path=/"},
                   {"POST", "/wp-login.php", 200, "id=\"login_error\""},
                   {"GET", "/wp-admin/", 302, "X-Redirect-By: WordPress"},
                   {"GET", "/wp-admin/setup-config.php", 302, "Location: /wp-login.php"},
                   {"GET", "/wp-admin/install.php", 200, "Already Installed"},
                   {"GET", "/xmlrpc.php", 405, "XML-RPC server accepts POST requests only."},
                   {"POST", "/xmlrpc.php", 200, "<int>403</int>"},
                   {"GET", "/readme.html", 200, "WordPress"},
                   {"GET", "/wp-includes/wlwmanifest.xml", 200, "wlw/manifest/weblog"},
                   {"GET", "/wp-json/wp/v2/users", 200, "\"slug\":\"editor\""},
                   {"GET", "/wp-json/", 200, "\"namespaces\":[\"oembed/1.0\""},
                   {"GET", "/feed/", 200, "https://wordpress.org/?v=6.4.3"},
                   {"GET", "/wp-config.php", 200, "text/html"},
                   {"POST", "/wp-admin/admin-ajax.php", 400, "\n\n0"},
                   {"GET", "/wp-content/plugins/none/readme.txt", 404, "error404"}});
    const HttpRoute* login = site->route("POST", "/wp-login.php");
    EXPECT_EQ(login->userField + ' ' + login->secretField, "log pwd");
    EXPECT_NE(shown(login->welcome).find("wordpress_logged_in_"), std::string::npos);
    for (const auto* path : {"/", "/wp-login.php", "/2024/03/stock-hall/"}) {
        expectLinksAnswered(*site, ask(*site, "GET", path));
    }
}

/// The cookies that an answer sets, as a browser sends them.
std::string cookiesOf(const HttpAnswer& answer) {
    std::string cookies;
    for (const auto& [name, value] : answer.headers) {
        if (name == "Set-Cookie") {
            cookies += (cookies.empty() ? "" : "; ") + value.substr(0, value.find(';'));
        }
    }
    return cookies;
}

TEST(HttpDecoysTest, ARightPasswordLeadsIn) {
    const auto site = siteOf("", "wordpress.toml");
    const std::string cookies = cookiesOf(site->route("POST", "/wp-login.php")->welcome);

    const HttpRoute* dashboard = site->route("GET", "/wp-admin/", cookies);
    EXPECT_NE(dashboard->answer.body->find("Dashboard"), std::string::npos);
    expectLinksAnswered(*site, *dashboard->answer.body);
    EXPECT_EQ(site->route("GET", "/wp-admin/plugins.php", cookies)->answer.status, 403U);
    for (const char* other : {"wordpress_logged_in_0=x", "wordpress_test_cookie=WP%20Cookie%20check", ""}) {
        EXPECT_EQ(site->route("GET", "/wp-admin/", other)->answer.status, 302U) << other;
    }
    const HttpRoute* calls = site->route("POST", "/xmlrpc.php");
    EXPECT_TRUE(calls->bodyLogin);
    EXPECT_NE(calls->welcome.body->find("blogName"), std::string::npos);
}

TEST(HttpDecoysTest, ARightPasswordLeadsIntoPhpMyAdmin) {
    const auto site = siteOf("", "phpmyadmin.toml");
    const std::string cookies = cookiesOf(site->route("POST", "/phpmyadmin/index.php")->welcome);

    const HttpRoute* inside = site->route("GET", "/phpmyadmin/index.php", cookies);
    EXPECT_NE(inside->answer.body->find("Server type: MariaDB"), std::string::npos);
    expectLinksAnswered(*site, *inside->answer.body);
}

TEST(HttpDecoysTest, TheRouterCompressesAndSignsNothing) {
    const HttpManner manner = siteOf("", "router.toml")->manner();
    EXPECT_EQ(manner.server, "Boa/0.94.14rc21");
    EXPECT_EQ(manner.signature, false);
    EXPECT_FALSE(manner.compresses);
}

TEST(HttpDecoysTest, AWordPressKeepsTheFilesOfItsFolder) {
    const auto site = siteOf("company", "wordpress.toml");

    expectAnswers(*site, {{"GET", "/backup/www-old.zip", 200, "PK"}, {"GET", "/wp-login.php", 200, "loginform"}});
}

TEST(HttpDecoysTest, TheConfigurationTakesThemAndSaysWhatIsMissing) {
    const auto errors = [](const std::string& settings) {
        return parseConfig(
                   "[agent]\nname = 'one'\nstate = 'run'\n[[service]]\nname = 'web'\nprotocol = 'http'\n"
                   "listen = '127.0.0.1:80'\n[service.settings]\n" +
                       settings,
                   kFolder + "agent.toml")
            .errors;
    };
    EXPECT_EQ(errors("site = 'company'\napplication = 'router.toml'\n"), std::vector<std::string>{});
    EXPECT_EQ(errors("application = 'none.toml'\n"),
              std::vector<std::string>{kFolder + "agent.toml:9: [settings] application cannot be used: " + kFolder +
                                       "none.toml: cannot be read: No such file or directory"});
}

TEST(HttpDecoysTest, SensorsDoNotShowTheSameBytes) {
    Readings readings;
    readings.tables["application"] = *readTables(kFolder + "wordpress.toml");
    const auto page = [&](std::uint64_t seed) { return ask(**httpSite(readings, seed), "GET", "/"); };

    EXPECT_NE(page(1), page(2));
}

}  // namespace
}  // namespace apiary::agent::test
