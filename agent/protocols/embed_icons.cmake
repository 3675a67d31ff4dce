# Turns the archive of icons into a C++ source. Run: cmake -DFILE=http_icons.tar -DOUT=icons.cpp -P embed_icons.cmake
file(READ ${FILE} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
string(REPEAT "." 480 line)
string(REGEX REPLACE "(${line})" "\\1\"\n\"" bytes "${bytes}")
file(WRITE ${OUT} "#include <string_view>

namespace apiary::agent {

extern const std::string_view kHttpIconArchive;
const std::string_view kHttpIconArchive(\"${bytes}\", ${size});

}  // namespace apiary::agent
")
