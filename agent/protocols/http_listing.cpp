#include "agent/protocols/http_listing.hpp"

#include "agent/protocols/http_looks.hpp"
#include "agent/protocols/http_text.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <vector>

namespace apiary::agent {
namespace {

struct Entry {
    std::string name;  // of a folder with '/'
    std::int64_t size = -1;
    FileTime modified;
    std::string_view icon;
    std::string_view alt = "   ";
};

struct Order {
    char key = 'N';
    char format = '2';  // '0' a plain list, '1' lines, '2' a table
    bool ascending = true;
    bool byVersion = true;
    std::string pattern;
    std::string kept;  // what the links of the columns carry on
};

/// IndexIgnore of Debian.
bool ignored(std::string_view name) {
    const std::string_view own = name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
    return (own.starts_with('.') && own.size() > 2) || own.ends_with('~') || own.ends_with('#') || own == "RCS" ||
           own == "CVS" || own.ends_with(",v") || own.ends_with(",t");
}

/// Names compare as Apache's plain char does, which has a sign.
int rank(char c) {
    return static_cast<signed char>(c);
}

/// Whether the class that begins at `at`, such as [a-z] or [!a-z], has `c`; `at` then stands behind it. Nothing if it
/// has no end.
std::optional<bool> inClass(std::string_view pattern, std::size_t& at, char c) {
    const auto look = [&](std::size_t i) { return i < pattern.size() ? pattern[i] : '\0'; };
    const bool negated = look(at + 1) == '!' || look(at + 1) == '^';
    const std::size_t first = at + (negated ? 2 : 1);
    bool has = false;
    for (std::size_t i = first; i < pattern.size();) {
        if (pattern[i] == ']' && i != first) {
            at = i + 1;
            return has != negated;
        }
        if (look(i + 1) == '-' && look(i + 2) != ']') {
            has = has || (rank(pattern[i]) <= rank(c) && rank(c) <= rank(look(i + 2)));
            i += 3;
        } else {
            has = has || pattern[i] == c;
            ++i;
        }
    }
    return std::nullopt;
}

/// Whether what stands at `at`, and is no '*', is `c`. `at` then stands behind it.
bool isOne(std::string_view pattern, std::size_t& at, char c) {
    if (const auto has = pattern[at] == '[' ? inClass(pattern, at, c) : std::nullopt) {
        return *has;
    }
    const char wanted = pattern[at++];
    return wanted == '?' || wanted == c;
}

/// apr_fnmatch(), as listings call it: a backslash is one, and no sign stands for the dot of a hidden file.
bool fits(std::string_view pattern, std::string_view name) {
    if (name.starts_with('.') && !pattern.starts_with('.')) {
        return false;
    }
    std::size_t p = 0;
    std::size_t n = 0;
    std::size_t star = std::string_view::npos;
    std::size_t back = 0;
    while (n < name.size()) {
        std::size_t next = p;
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            back = n;
        } else if (p < pattern.size() && isOne(pattern, next, name[n])) {
            p = next;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++back;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// Nothing if an escape is none or stands for '/' or NUL, which ap_unescape_url() refuses.
std::optional<std::string> unescaped(std::string_view text) {
    for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
        const std::string_view escape = text.substr(at, 3);
        const std::string byte = httpDecode(escape, false);
        if (escape.size() < 3 || byte.size() > 1 || byte[0] == '/' || byte[0] == '\0') {
            return std::nullopt;
        }
    }
    return httpDecode(text, false);
}

/// "C=M;O=A", as far as it is understood.
Order orderOf(std::string_view query) {
    Order order;
    std::string format;
    std::string version;
    std::string pattern;
    while (!query.empty()) {
        const std::string_view item = query.substr(0, query.find_first_of("&;"));
        const char value = item.size() == 3 && item[1] == '=' ? item[2] : '\0';
        if (item.starts_with("C=") && value != '\0' && std::string_view("NMSD").find(value) != std::string_view::npos) {
            order.key = value;
        } else if (item.starts_with("O=") && (value == 'A' || value == 'D')) {
            order.ascending = value == 'A';
        } else if (item.starts_with("F=") && value >= '0' && value <= '2') {
            format = std::string(";F=") + value;
            order.format = value;
        } else if (item.starts_with("V=") && (value == '0' || value == '1')) {
            order.byVersion = value == '1';
            version = std::string(";V=") + value;
        } else if (item.starts_with("P=")) {
            order.pattern = unescaped(item.substr(2)).value_or("");
            pattern = order.pattern.empty() ? pattern : ";P=" + httpEscapePath(order.pattern);
        } else {
            break;
        }
        query.remove_prefix(std::min(item.size() + 1, query.size()));
    }
    order.kept = httpEscape(format + version + pattern);
    order.key = order.format == '0' ? 'N' : order.key;  // it has no columns to sort by
    return order;
}

bool before(const Entry& one, const Entry& other, const Order& order) {
    const Entry& a = order.ascending ? one : other;
    const Entry& b = order.ascending ? other : one;
    if (order.key == 'M' && a.modified != b.modified) {
        return a.modified < b.modified;
    }
    if (order.key == 'S' && a.size != b.size) {
        return a.size < b.size;
    }
    const int natural = order.byVersion ? httpNaturalOrder(a.name, b.name) : 0;
    return natural != 0 ? natural < 0 : a.name < b.name;
}

std::vector<Entry> entriesOf(const HttpSite& site, std::string_view path, const Order& order,
                             const HttpListed& listed) {
    std::vector<Entry> entries;
    for (std::string& name : site.entries(path)) {
        const std::string whole = std::string(path) + name;
        const bool folder = name.ends_with('/');
        const std::string_view own = std::string_view(name).substr(0, name.size() - (folder ? 1 : 0));
        if (ignored(name) || !listed(whole) || (!order.pattern.empty() && !fits(order.pattern, own))) {
            continue;
        }
        Entry entry{std::move(name), -1, site.folderModified(whole), "folder.gif", "DIR"};
        if (const HttpFile* file = folder ? nullptr : site.file(whole)) {
            const HttpLook look = httpLook(entry.name, file->type);
            entry.size = static_cast<std::int64_t>(file->content->size());
            entry.modified = file->modified;
            entry.icon = look.icon;
            entry.alt = look.alt;
        }
        entries.push_back(std::move(entry));
    }
    std::ranges::sort(entries, [&](const Entry& a, const Entry& b) { return before(a, b, order); });
    return entries;
}

/// apr_strfsize(): four characters.
std::string sizeText(std::int64_t size) {
    char text[24];
    if (size < 0) {
        return "  - ";
    }
    if (size < 973) {
        (void)std::snprintf(text, sizeof text, "%3d ", static_cast<int>(size));
        return text;
    }
    std::string_view units = "KMGTPE";
    while (true) {
        std::int64_t rest = size & 1023;
        size >>= 10;
        if (size >= 973) {
            units.remove_prefix(1);
            continue;
        }
        if (size < 9 || (size == 9 && rest < 973)) {
            rest = (rest * 5 + 256) / 512;
            if (rest >= 10) {
                ++size;
                rest = 0;
            }
            (void)std::snprintf(text, sizeof text, "%d.%d%c", static_cast<int>(size), static_cast<int>(rest), units[0]);
        } else {
            (void)std::snprintf(text, sizeof text, "%3d%c", static_cast<int>(size + (rest >= 512 ? 1 : 0)), units[0]);
        }
        return text;
    }
}

std::string timeText(FileTime time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<minutes>(time) - day);
    char text[40];
    (void)std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d", static_cast<int>(date.year()),
                        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()));
    return text;
}

std::string anchorOf(const std::string& target) {
    const bool scheme = !target.starts_with('/') && target.substr(0, target.find('/')).find(':') != std::string::npos;
    return httpEscape((scheme ? "./" : "") + httpEscapePath(target));
}

/// Writes the page, in the pieces of mod_autoindex, in one of its three forms.
class Page {
public:
    Page(const Order& order, const std::vector<Entry>& entries) : order_(order) {
        for (const Entry& entry : entries) {
            width_ = std::max(width_, entry.name.size());
        }
    }

    void begin(const std::string& title) {
        out_ << "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n"
             << "<html>\n <head>\n  <title>Index of " << title << "</title>\n"
             << " </head>\n <body>\n"
             << "<h1>Index of " << title << "</h1>\n";
        if (plain()) {
            out_ << "<ul>";
        } else if (table()) {
            out_ << "  <table>\n   <tr>"
                 << "<th valign=\"top\">"
                 << "<img src=\"/icons/blank.gif\" alt=\"[ICO]\""
                 << ">"
                 << "</th>";
            column("<th>", "Name", 'N', "</th>");
            column("<th>", "Last modified", 'M', "</th>");
            column("<th>", "Size", 'S', "</th>");
            column("<th>", "Description", 'D', "</th>");
            out_ << "</tr>\n" << kRule;
        } else {
            out_ << "<pre>"
                 << "<img src=\"/icons/blank.gif\" alt=\"Icon \""
                 << ">"
                 << " ";
            column("", "Name", 'N', spaces(width_ - 4) + " ");
            column("", "Last modified", 'M', "      ");
            column("", "Size", 'S', "  ");
            column("", "Description", 'D', "");
            out_ << "<hr>";
        }
    }

    void row(std::string_view icon, std::string_view alt, const std::string& target, std::string_view name,
             const std::string& time, std::int64_t size) {
        const std::string link = "<a href=\"" + anchorOf(target) + "\">";
        const std::string image = "<img src=\"/icons/" + std::string(icon) + "\" alt=\"[" + std::string(alt) + "]\"";
        const std::string text = httpEscape(name);
        if (plain()) {
            out_ << "<li>" << link << " " << text << "</a></li>\n";
        } else if (table()) {
            out_ << "<tr>"
                 << "<td valign=\"top\">" << image << ">"
                 << "</td>"
                 << "<td>" << link << text << "</a>";
            if (time.empty()) {
                out_ << "</td><td>&nbsp;";
            } else {
                out_ << "</td><td align=\"right\">" << time << "  ";
            }
            out_ << "</td><td align=\"right\">" << sizeText(size) << "</td><td>&nbsp;"
                 << "</td></tr>\n";
        } else {
            out_ << image << ">"
                 << " " << link << text << "</a>" << spaces(width_ - std::min(width_, name.size())) << " "
                 << (time.empty() ? spaces(19) : time + "  ") << sizeText(size) << "  "
                 << "\n";
        }
    }

    HttpPieces end(const std::string& signature) {
        out_ << (plain()   ? "</ul>\n"
                 : table() ? std::string(kRule) + "</table>\n"
                           : "<hr></pre>\n")
             << signature << "</body></html>\n";
        return std::move(out_);
    }

private:
    static constexpr std::string_view kRule = "   <tr><th colspan=\"5\"><hr></th></tr>\n";

    bool plain() const { return order_.format == '0'; }
    bool table() const { return order_.format == '2'; }

    static std::string spaces(std::size_t count) { return std::string(count, ' '); }

    void column(std::string_view before, std::string_view title, char key, std::string_view behind) {
        const bool turn = key == order_.key && order_.ascending;
        out_ << before << "<a href=\""
             << "?C=" + std::string(1, key) << (turn ? ";O=D" : ";O=A") << order_.kept << "\">" << title << "</a>"
             << behind;
    }

    const Order& order_;
    std::size_t width_ = 23;  // of a name, at least
    HttpPieces out_;
};

bool digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

int httpNaturalOrder(std::string_view one, std::string_view other) {
    std::size_t a = 0;
    std::size_t b = 0;
    const auto at = [](std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; };
    while (true) {
        while (httpSpace(at(one, a))) {
            ++a;
        }
        while (httpSpace(at(other, b))) {
            ++b;
        }
        if (digit(at(one, a)) && digit(at(other, b))) {
            const bool fraction = at(one, a) == '0' || at(other, b) == '0';
            int bias = 0;
            std::size_t n = 0;
            while (digit(at(one, a + n)) && digit(at(other, b + n)) && (bias == 0 || !fraction)) {
                const int difference = at(one, a + n) - at(other, b + n);
                bias = bias == 0 ? difference : bias;
                ++n;
            }
            const bool oneGoesOn = digit(at(one, a + n));
            const bool otherGoesOn = digit(at(other, b + n));
            if (oneGoesOn != otherGoesOn && (bias == 0 || !fraction)) {
                return oneGoesOn ? 1 : -1;
            }
            if (bias != 0) {
                return bias;
            }
            a += n;
            b += n;
            continue;
        }
        const int difference = rank(at(one, a)) - rank(at(other, b));
        if (difference != 0 || a >= one.size() || b >= other.size()) {
            return difference;
        }
        ++a;
        ++b;
    }
}

HttpPieces httpListing(const HttpSite& site, std::string_view path, const HttpRequest& request, const HttpOwner& owner,
                       const HttpListed& listed) {
    const Order order = orderOf(request.query.value_or(""));
    const std::vector<Entry> entries = entriesOf(site, path, order, listed);
    Page page(order, entries);
    page.begin(httpEscape(path.size() > 1 ? path.substr(0, path.size() - 1) : path));
    if (path.size() > 1) {
        const std::string parent(path.substr(0, path.rfind('/', path.size() - 2) + 1));
        page.row("back.gif", "PARENTDIR", parent, "Parent Directory", "", -1);
    }
    for (const Entry& entry : entries) {
        page.row(entry.icon, entry.alt, entry.name, entry.name, timeText(entry.modified), entry.size);
    }
    return page.end(httpSignature(owner, request));
}

}  // namespace apiary::agent
