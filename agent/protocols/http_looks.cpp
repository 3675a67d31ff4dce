#include "agent/protocols/http_looks.hpp"

#include "agent/protocols/http_text.hpp"

#include <string>

namespace apiary::agent {
namespace {

struct Icon {
    std::string_view ending;
    std::string_view icon;
    std::string_view alt = "   ";
};

constexpr Icon kByEnding[] = {
    {".bin", "binary.gif"},
    {".exe", "binary.gif"},
    {".hqx", "binhex.gif"},
    {".tar", "tar.gif"},
    {".wrl", "world2.gif"},
    {".wrl.gz", "world2.gif"},
    {".vrml", "world2.gif"},
    {".vrm", "world2.gif"},
    {".iv", "world2.gif"},
    {".z", "compressed.gif"},
    {".tgz", "compressed.gif"},
    {".gz", "compressed.gif"},
    {".zip", "compressed.gif"},
    {".ps", "a.gif"},
    {".ai", "a.gif"},
    {".eps", "a.gif"},
    {".html", "layout.gif"},
    {".shtml", "layout.gif"},
    {".htm", "layout.gif"},
    {".pdf", "layout.gif"},
    {".txt", "text.gif"},
    {".c", "c.gif"},
    {".pl", "p.gif"},
    {".py", "p.gif"},
    {".for", "f.gif"},
    {".dvi", "dvi.gif"},
    {".uu", "uuencoded.gif"},
    {".conf", "script.gif"},
    {".sh", "script.gif"},
    {".shar", "script.gif"},
    {".csh", "script.gif"},
    {".ksh", "script.gif"},
    {".tcl", "script.gif"},
    {".tex", "tex.gif"},
    {"/core", "bomb.gif"},
    {".ogg", "sound2.gif", "SND"},
    {".ogm", "movie.gif", "VID"},
    {"readme", "hand.right.gif"},
    {".odt", "odf6odt-20x22.png"},
    {".ods", "odf6ods-20x22.png"},
    {".odp", "odf6odp-20x22.png"},
    {".odg", "odf6odg-20x22.png"},
    {".odc", "odf6odc-20x22.png"},
    {".odf", "odf6odf-20x22.png"},
    {".odb", "odf6odb-20x22.png"},
    {".odi", "odf6odi-20x22.png"},
    {".odm", "odf6odm-20x22.png"},
    {".ott", "odf6ott-20x22.png"},
    {".ots", "odf6ots-20x22.png"},
    {".otp", "odf6otp-20x22.png"},
    {".otg", "odf6otg-20x22.png"},
    {".otc", "odf6otc-20x22.png"},
    {".otf", "odf6otf-20x22.png"},
    {".oti", "odf6oti-20x22.png"},
    {".oth", "odf6oth-20x22.png"},
};
constexpr Icon kByType[] = {
    {"text/", "text.gif", "TXT"},
    {"image/", "image2.gif", "IMG"},
    {"audio/", "sound2.gif", "SND"},
    {"video/", "movie.gif", "VID"},
};

}  // namespace

HttpLook httpLook(std::string_view name, std::string_view type) {
    for (const Icon& one : kByType) {
        if (type.starts_with(one.ending)) {
            return {one.icon, one.alt};
        }
    }
    const std::string whole = "/" + httpLower(name);
    for (const Icon& one : kByEnding) {
        if (whole.ends_with(one.ending)) {
            return {one.icon, one.alt};
        }
    }
    return {"unknown.gif", "   "};
}

}  // namespace apiary::agent
