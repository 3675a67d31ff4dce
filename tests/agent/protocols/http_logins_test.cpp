#include "agent/protocols/http_logins.hpp"

#include "agent/protocols/http_upload.hpp"

#include <gtest/gtest.h>

namespace apiary::agent::test {
namespace {

/// "user:secret", with a blank between several.
std::string logins(std::string_view body) {
    std::string text;
    for (const HttpLogin& login : httpLoginsIn(body)) {
        text += (text.empty() ? "" : " ") + login.user + ':' + login.secret;
    }
    return text;
}

TEST(HttpLoginsTest, FindsThoseOfJson) {
    EXPECT_EQ(logins(R"( {"username":"admin","password":"a\"\u00e9\n"} )"), "admin:a\"\xc3\xa9\n");
    EXPECT_EQ(logins(R"({"user":"u","auth":{"password":12345678}})"), "u:12345678");
    EXPECT_EQ(logins(R"({"data":[{"email":"e","passwd":"p"},{"email":"f","passwd":"q"}]})"), "e:p f:q");
    EXPECT_EQ(logins(R"({"id":1,"method":"login","params":["root","toor"]})"), "root:toor");
    EXPECT_EQ(logins(R"({"params":["0","session","login",{"username":"r","password":"s"}]})"), "r:s");
    EXPECT_EQ(logins(R"({"password":"only"})"), ":only");
    EXPECT_EQ(logins(R"({"username":"u","password":"cu)"), "u:cu");
    EXPECT_EQ(logins("{\"password\":\"\\ud83d\\ude00\"}"), ":\xf0\x9f\x98\x80");
    for (const char* none : {"{}", "[]", "{\"user\":\"u\"}", "\"", "{\"a", "[1,2", "}", R"({"password")", "{\"\\u12"}) {
        EXPECT_EQ(logins(none), "") << none;
    }
}

std::string call(const std::string& method, const std::string& values) {
    return "<?xml version=\"1.0\"?><methodCall><methodName>" + method + "</methodName><params>" + values +
           "</params></methodCall>";
}

std::string param(const std::string& text) {
    return "<param><value><string>" + text + "</string></value></param>";
}

TEST(HttpLoginsTest, FindsThoseOfXmlRpc) {
    EXPECT_EQ(logins(call("wp.getUsersBlogs", param("admin") + param("a&amp;b&#33;"))), "admin:a&b!");
    EXPECT_EQ(logins(call("wp.getUsersBlogs",
                          "<param><value>admin</value></param><param><value/></param>"
                          "<param><value>x</value></param>")),
              "admin:x");
    EXPECT_EQ(logins(call("wp.getOptions", "<param><value><int>1</int></value></param>" + param("u") + param("p"))),
              "u:p");
    EXPECT_EQ(logins(call("blogger.getPost", param("key") + param("7") + param("u") + param("p"))), "u:p");
    EXPECT_EQ(logins(call("system.listMethods", "")), "");
    EXPECT_EQ(logins(call("pingback.ping", param("http://a") + param("http://b"))), "");
}

TEST(HttpLoginsTest, FindsAllOfACallOfMany) {
    const auto member = [](const std::string& name, const std::string& value) {
        return "<member><name>" + name + "</name><value>" + value + "</value></member>";
    };
    std::string calls;
    for (const std::string secret : {"1", "2", "3"}) {
        calls +=
            "<value><struct>" + member("methodName", "<string>wp.getUsersBlogs</string>") +
            member("params", "<array><data><value><array><data><value><string>admin</string></value><value><string>" +
                                 secret + "</string></value></data></array></value></data></array>") +
            "</struct></value>";
    }
    EXPECT_EQ(
        logins(call("system.multicall", "<param><value><array><data>" + calls + "</data></array></value></param>")),
        "admin:1 admin:2 admin:3");
}

TEST(HttpLoginsTest, FindsThoseOfOtherXmlAndOfFormsWithoutAType) {
    EXPECT_EQ(
        logins(
            "<soap:Envelope><Login xmlns=\"x\"><Username>Admin</Username><LoginPassword><![CDATA[p<w]]></LoginPassword>"
            "</Login></soap:Envelope>"),
        "Admin:p<w");
    EXPECT_EQ(logins("user=a&pass=b%20c\r\n"), "a:b c");
    EXPECT_EQ(logins("a text with pass=b"), "");
    for (const char* none : {"<", "<a", "<a>", "</", "<![CDATA[", "<![CDATA[]]>", "<>", "<a>&#x110000;&none;&</a>"}) {
        EXPECT_EQ(logins(none), "") << none;
    }
}

TEST(HttpLoginsTest, IsQuickWithWhatIsMadeToBeSlow) {
    for (const char* piece : {"{", "[{\"a\":", "<a>", "<![CDATA[", "&", "a=", "\"\\", "<value>"}) {
        std::string body = piece[0] == '<' || piece[0] == '{' || piece[0] == '[' ? "" : "<a>";
        while (body.size() < 1'000'000) {
            body += piece;
        }
        EXPECT_EQ(logins(body), "") << piece;
    }
}

/// The files of a body, as name=content, and its logins.
std::string uploaded(const std::string& type, const std::string& body) {
    std::string text;
    for (const std::size_t size : {body.size(), std::size_t{1}}) {
        std::string seen;
        HttpRequest request;
        request.path = "/up.php";
        request.length = body.size();
        request.fields = {{"Content-Type", type}};
        HttpUpload upload;
        std::uint32_t id = 1;
        Turn turn(WallTime{}, Transport::Stream);
        upload.begin(request);
        for (std::size_t at = 0; at < body.size(); at += size) {
            upload.add(std::string_view(body).substr(at, size), id, turn);
        }
        upload.end(id, turn);
        for (const Action& action : std::move(turn).takeActions()) {
            const auto& piece = std::get<PayloadPiece>(std::get<Evidence>(action));
            seen += piece.bytes + (piece.last ? '[' + piece.name + ']' : "");
        }
        for (const HttpLogin& login : upload.logins()) {
            seen += ' ' + login.user + ':' + login.secret;
        }
        EXPECT_TRUE(text.empty() || text == seen) << "in pieces: " << seen;
        text = seen;
    }
    return text;
}

TEST(HttpUploadTest, TakesTheLoginOfJsonWhateverItIsCalled) {
    const std::string json = R"({"user":"u","pass":"p"})";
    EXPECT_EQ(uploaded("application/json", json), json + "[up.php] u:p");
    EXPECT_EQ(uploaded("application/x-www-form-urlencoded", json), " u:p");
    EXPECT_EQ(uploaded("", "user=u&pass=p"), "user=u&pass=p[up.php] u:p");
}

TEST(HttpUploadTest, FindsTheBoundaryThatNobodyNamed) {
    const std::string parts =
        "--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.php\"\r\n\r\n<?\r\n"
        "--X\r\nContent-Disposition: form-data; name=\"pass\"\r\n\r\ns\r\n--X--\r\n";
    EXPECT_EQ(uploaded("multipart/form-data", parts), "<?[a.php] :s");
    EXPECT_EQ(uploaded("multipart/form-data; boundary=", parts), "<?[a.php] :s");
    EXPECT_EQ(uploaded("multipart/form-data", "user=u&pass=p"), "user=u&pass=p[up.php] u:p");
    EXPECT_EQ(uploaded("multipart/form-data", "--"), "--[up.php]");
}

TEST(HttpUploadTest, ReadsTheOtherWayToNameAFile) {
    EXPECT_EQ(
        uploaded("multipart/form-data; boundary=X",
                 "--X\r\nContent-Disposition: form-data; name=f; filename*=UTF-8'en'a%20b.php\r\n\r\nx\r\n--X--\r\n"),
        "x[a b.php]");
}

TEST(HttpUploadTest, FindsALoginBeforeWhatFillsAForm) {
    const std::string form = "user=u&pass=p&x=" + std::string(70000, 'x');
    EXPECT_EQ(uploaded("application/x-www-form-urlencoded", form), form + "[up.php] u:p");
}

}  // namespace
}  // namespace apiary::agent::test
