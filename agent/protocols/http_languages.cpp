#include "agent/protocols/http_types.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

using Names = std::pair<std::string_view, std::string_view>;  // an extension and what it stands for

/// The AddLanguage lines of Debian's mime.conf. Sorted.
constexpr Names kLanguages[] = {
    {"amh", "am"}, {"ara", "ar"}, {"be", "be"},   {"bg", "bg"},       {"bn", "bn"},      {"br", "br"}, {"bs", "bs"},
    {"ca", "ca"},  {"cs", "cs"},  {"cy", "cy"},   {"cz", "cs"},       {"da", "da"},      {"de", "de"}, {"dk", "da"},
    {"dz", "dz"},  {"el", "el"},  {"en", "en"},   {"eo", "eo"},       {"es", "es"},      {"et", "et"}, {"eu", "eu"},
    {"fa", "fa"},  {"fi", "fi"},  {"fr", "fr"},   {"ga", "ga"},       {"glg", "gl"},     {"gu", "gu"}, {"he", "he"},
    {"hi", "hi"},  {"hr", "hr"},  {"hu", "hu"},   {"hy", "hy"},       {"id", "id"},      {"is", "is"}, {"it", "it"},
    {"ja", "ja"},  {"ka", "ka"},  {"kk", "kk"},   {"km", "km"},       {"kn", "kn"},      {"ko", "ko"}, {"ku", "ku"},
    {"lo", "lo"},  {"lt", "lt"},  {"ltz", "ltz"}, {"lv", "lv"},       {"mg", "mg"},      {"mk", "mk"}, {"ml", "ml"},
    {"mr", "mr"},  {"msa", "ms"}, {"ne", "ne"},   {"nl", "nl"},       {"nn", "nn"},      {"no", "no"}, {"nob", "nb"},
    {"pa", "pa"},  {"po", "pl"},  {"pt", "pt"},   {"pt-br", "pt-br"}, {"ro", "ro"},      {"ru", "ru"}, {"sa", "sa"},
    {"se", "se"},  {"si", "si"},  {"sk", "sk"},   {"sl", "sl"},       {"sq", "sq"},      {"sr", "sr"}, {"sv", "sv"},
    {"ta", "ta"},  {"te", "te"},  {"th", "th"},   {"tl", "tl"},       {"tr", "tr"},      {"uk", "uk"}, {"ur", "ur"},
    {"vi", "vi"},  {"wo", "wo"},  {"xh", "xh"},   {"zh-cn", "zh-cn"}, {"zh-tw", "zh-tw"}};

/// Its AddCharset lines. Sorted.
constexpr Names kCharsets[] = {{"arabic", "iso-8859-6"},
                               {"arb", "iso-8859-6"},
                               {"ascii", "us-ascii"},
                               {"b5", "big5"},
                               {"big5", "big5"},
                               {"brf", "brf"},
                               {"cen", "iso-8859-2"},
                               {"cis", "iso-2022-cn"},
                               {"cn-big5", "cn-big5"},
                               {"cp-1251", "windows-1251"},
                               {"cp866", "cp866"},
                               {"cyr", "iso-8859-5"},
                               {"euc-cn", "euc-cn"},
                               {"euc-gb", "euc-gb"},
                               {"euc-jp", "euc-jp"},
                               {"euc-kr", "euc-kr"},
                               {"euc-tw", "euc-tw"},
                               {"gb", "gb2312"},
                               {"gb2312", "gb2312"},
                               {"greek", "iso-8859-7"},
                               {"grk", "iso-8859-7"},
                               {"heb", "iso-8859-8"},
                               {"hebrew", "iso-8859-8"},
                               {"iso-10646-ucs-2", "iso-10646-ucs-2"},
                               {"iso-10646-ucs-4", "iso-10646-ucs-4"},
                               {"iso-ru", "iso-8859-5"},
                               {"iso2022-cn", "iso-2022-cn"},
                               {"iso2022-jp", "iso-2022-jp"},
                               {"iso2022-kr", "iso-2022-kr"},
                               {"iso8859-1", "iso-8859-1"},
                               {"iso8859-10", "iso-8859-10"},
                               {"iso8859-13", "iso-8859-13"},
                               {"iso8859-14", "iso-8859-14"},
                               {"iso8859-15", "iso-8859-15"},
                               {"iso8859-16", "iso-8859-16"},
                               {"iso8859-2", "iso-8859-2"},
                               {"iso8859-3", "iso-8859-3"},
                               {"iso8859-4", "iso-8859-4"},
                               {"iso8859-5", "iso-8859-5"},
                               {"iso8859-6", "iso-8859-6"},
                               {"iso8859-7", "iso-8859-7"},
                               {"iso8859-8", "iso-8859-8"},
                               {"iso8859-9", "iso-8859-9"},
                               {"jis", "iso-2022-jp"},
                               {"kis", "iso-2022-kr"},
                               {"koi8", "koi8"},
                               {"koi8-e", "koi8-e"},
                               {"koi8-r", "koi8-r"},
                               {"koi8-ru", "koi8-r"},
                               {"koi8-u", "koi8-u"},
                               {"koi8-uk", "koi8-ru"},
                               {"latin1", "iso-8859-1"},
                               {"latin10", "iso-8859-16"},
                               {"latin2", "iso-8859-2"},
                               {"latin3", "iso-8859-3"},
                               {"latin4", "iso-8859-4"},
                               {"latin5", "iso-8859-9"},
                               {"latin6", "iso-8859-10"},
                               {"latin8", "iso-8859-14"},
                               {"latin9", "iso-8859-15"},
                               {"shift_jis", "shift_jis"},
                               {"sjis", "shift_jis"},
                               {"trk", "iso-8859-9"},
                               {"ua", "koi8-ru"},
                               {"ucs-2", "iso-10646-ucs-2"},
                               {"ucs-4", "iso-10646-ucs-4"},
                               {"ucs2", "iso-10646-ucs-2"},
                               {"ucs4", "iso-10646-ucs-4"},
                               {"us-ascii", "us-ascii"},
                               {"utf16", "utf-16"},
                               {"utf16be", "utf-16be"},
                               {"utf16le", "utf-16le"},
                               {"utf32", "utf-32"},
                               {"utf32be", "utf-32be"},
                               {"utf32le", "utf-32le"},
                               {"utf7", "utf-7"},
                               {"utf8", "utf-8"},
                               {"win-1251", "windows-1251"}};

static_assert(std::ranges::is_sorted(kLanguages, {}, &Names::first));
static_assert(std::ranges::is_sorted(kCharsets, {}, &Names::first));

template <std::size_t kSize>
std::string_view named(const Names (&table)[kSize], std::string_view extension) {
    const auto* found = std::ranges::lower_bound(table, extension, {}, &Names::first);
    return found != std::end(table) && found->first == extension ? found->second : std::string_view();
}

}  // namespace

std::string_view httpCharset(std::string_view extension) {
    return named(kCharsets, extension);
}

std::string httpLanguage(std::string_view path) {
    std::string languages;
    for (const std::string& extension : httpExtensions(path)) {
        const std::string_view language = named(kLanguages, extension);
        languages.append(languages.empty() || language.empty() ? "" : ",").append(language);
    }
    return languages;
}

}  // namespace apiary::agent
