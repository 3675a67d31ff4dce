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
