"""Debian 12's Apache httpd 2.4 as a fresh installation is configured, with a small site of its own and a folder behind a password.

Needs root and the package apache2. Modules, their settings and icons are those of the package; port, document root and logs are
of one temporary folder. The site's files have fixed times, so that ETags and listings repeat.
"""

import atexit
import os
import random
import re
import shutil
import tempfile
import time
from pathlib import Path

from debian_server import DebianServer, make_certificate
from free_ports import free_port

HOST = "web01.example.net"
USER, PASSWORD = "admin", "admin123"
BEGIN = 1709634030  # 2024-03-05 10:20:30 UTC

WORDS = ("the lower basin stays closed while its gate is mended and boats above four metres use the north quay until further "
         "notice please report at the office before mooring and keep the lane free").split()


def prose(size, seed):
    chance = random.Random(seed)
    return (" ".join(chance.choice(WORDS) for _ in range(size)) + "\n").encode()


def page(title, size, seed):
    return (f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1>\n<p>".encode() +
            prose(size, seed) + b"</p></body></html>\n")


FILES = {
    "index.html": page("Harbour office", 80, 1),
    "style.css": b"body { margin: 2em; font-family: serif }\n" * 6,
    "robots.txt": b"User-agent: *\nDisallow: /private/\n",
    "empty.txt": b"",
    "noext": prose(12, 2),
    "photo.jpg": bytes(range(256)) * 12,
    "long.bin": bytes([random.Random(3).randrange(256)]) * 70000,
    "docs/notice.txt": prose(40, 4),
    "docs/plan.pdf": bytes([random.Random(5).randrange(256)]) * 3100,
    "docs/two words & more.txt": prose(5, 6),
    "docs/backup.tar.gz": bytes([random.Random(7).randrange(256)]) * 1400000,
    "docs/a-name-that-is-rather-long-for-a-listing.html": page("Long", 30, 8),
    "docs/.htaccess": b"Options None\n",
    "docs/2023/january.csv": b"day,boats\n1,12\n2,9\n",
    "docs/2024/february.csv": b"day,boats\n1,10\n",
    "news/index.html": page("News", 60, 9),
    "private/index.html": page("Internal", 50, 10),
    "private/keys.txt": prose(20, 11),
    "private/list/a.txt": b"a\n",
    ".htpasswd": b"admin:x\n",
    **{f"types/{name}": page("Seite", 12, 12) for name in
       ("page.html.de", "page.de.html", "page.html.utf8", "utf8.html", "eu.pt-br.cp866.latin2.html")},
    **{f"types/{name}": prose(12, 13) for name in
       ("note.latin1.txt", "only.de", "only.utf8", "both.de.fr.TXT", "both.de.DE", "asia.zh-CN.Big5.txt", "hola.es",
        "offline.appcache", "book.manifest", "scene.vrml", "part.iges", "photo.jxl", "app.ts", "font.otf", "letter.odt", "list.ods",
        "talk.odp", "plan.odg", "chart.odc", "sum.odf", "base.odb", "image.odi", "all.odm", "letter.ott", "list.ots", "talk.otp",
        "plan.otg", "chart.otc", "image.oti", "web.oth")},
    **{f"words/{name}": b"x\n" for name in
       ("a-b.txt", "a;b.txt", "a;c/inside.txt", "apple.txt", "banana.txt", "Zebra.txt", "zoo.txt", "zo\u00eb.txt", "\u00e9t\u00e9.txt",
        "\u00c4pfel.txt", "[a].txt", "]b.txt", "^c.txt", "*star.txt", "a*b.txt", "-dash.txt", ".x")},
}

APPLICATION = '[[route]]\npath = "/private"\nrealm = "Harbour staff"\n\n[[route]]\npath = "/private/*"\nrealm = "Harbour staff"\n'


def plant(folder):
    """The site, each file at a time of its own; folders are as new as they are later in order."""
    for number, (name, content) in enumerate(FILES.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        set_time(path, number)
    for number, path in enumerate(sorted(p for p in [folder, *folder.rglob("*")] if p.is_dir())):
        path.chmod(0o755)
        set_time(path, 100 + number)


def set_time(path, number):
    at = (BEGIN + number * 90061) * 10**9 + number * 1234000
    os.utime(path, ns=(at, at))


OWN = Path(tempfile.mkdtemp(prefix="http-site-"))  # what the agent reads
atexit.register(shutil.rmtree, OWN, ignore_errors=True)
OWN.chmod(0o755)
plant(OWN / "site")
(OWN / "application.toml").write_text(APPLICATION)

AGENT = f"""
idle = "10m"
sent = "64MiB"
received = "64MiB"
[service.settings]
hostname = "{HOST}"
accounts = "listed"
users = "{USER}:{PASSWORD}"
site = "{OWN}/site"
application = "{OWN}/application.toml"
"""

AGENT_TLS = 'tls_certificate = "certificate.pem"\ntls_key = "key.pem"\nimplicit_tls = true\n' + AGENT

CONFIGURATION = """
ServerRoot /etc/apache2
ServerName {host}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
Timeout 300
KeepAlive On
MaxKeepAliveRequests 100
KeepAliveTimeout 5
User www-data
Group www-data
HostnameLookups Off
ErrorLog {folder}/error.log
LogLevel warn
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLSessionCache shmcb:{folder}/sessions(512000)
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{tls} https
<Directory />
	Options FollowSymLinks
	AllowOverride None
	Require all denied
</Directory>
<Directory /usr/share>
	AllowOverride None
	Require all granted
</Directory>
<Directory {folder}/site/>
	Options Indexes FollowSymLinks
	AllowOverride None
	Require all granted
</Directory>
AccessFileName .htaccess
<FilesMatch "^\\.ht">
	Require all denied
</FilesMatch>
ServerTokens OS
ServerSignature On
TraceEnable Off
<VirtualHost *:{port}>
	ServerAdmin webmaster@localhost
	DocumentRoot {folder}/site
	<Location /private>
		AuthType Basic
		AuthName "Harbour staff"
		AuthUserFile {folder}/users
		Require valid-user
	</Location>
</VirtualHost>
<VirtualHost *:{tls}>
	DocumentRoot {folder}/site
	SSLEngine on
	SSLCertificateFile {folder}/certificate.pem
	SSLCertificateKeyFile {folder}/key.pem
</VirtualHost>
"""


class Server(DebianServer):
    """One Apache. Its workers are those of the package's mpm_event."""

    def __init__(self):
        super().__init__("apache2", "apache2")
        plant(self.folder / "site")
        crypted = "$apr1$apiary00$" + apr1(PASSWORD)
        (self.folder / "users").write_text(f"{USER}:{crypted}\n")
        self.tls = free_port()
        make_certificate(self.folder)
        (self.folder / "httpd.conf").write_text(CONFIGURATION.format(host=HOST, folder=self.folder, port=self.port, tls=self.tls))
        self.start(f"exec apache2 -f {self.folder}/httpd.conf -DFOREGROUND")
        time.sleep(0.3)


def apr1(password):
    made = os.popen(f"openssl passwd -apr1 -salt apiary00 {password}").read().strip()
    return made.rsplit("$", 1)[1]


def codes(reply):
    """The status of each answer; "simple" for one without a status line."""
    found = [match.decode() for match in re.findall(rb"(?:^|\n|>)HTTP/1\.[01] (\d{3})(?= )", reply)]
    return found or (["simple"] if reply else [])


def normalise(reply):
    """The moment, the port; the boundary of multipart/byteranges and the order of methods, which each start draws anew."""
    text = reply.decode("latin-1")
    text = re.sub(r"(?m)^((?:< )?Date): .*", r"\1: *", text)
    text = re.sub(r" Port [1-6]\d{4}</address>", " Port *</address>", text)
    text = re.sub(r"(?<=http://|ttps://)([^/\"\s:]*|\[[^/\"\s]*\]):[1-6]\d{4}(?=/)", r"\1:*", text)
    text = re.sub(r"(?m)^((?:< )?Allow: )(.*?)(\r?)$", lambda m: m[1] + ",".join(sorted(m[2].split(","))) + m[3], text)
    for boundary in set(re.findall(r"boundary=([0-9a-f]{16})", text)):
        text = text.replace(boundary, "*")
    return text


METHODS = ["GET"] * 14 + ["HEAD"] * 4 + ["POST", "POST", "PUT", "DELETE", "OPTIONS", "OPTIONS", "TRACE", "CONNECT", "PATCH",
                                         "PROPFIND", "MKCOL", "get", "Get", "FOO", "GET/", "G\\x01T", "BREW", "M-SEARCH", "LOCK"]
TARGETS = ["/", "/index.html", "/style.css", "/robots.txt", "/empty.txt", "/noext", "/photo.jpg", "/docs", "/docs/", "/news",
           "/news/", "/docs/notice.txt", "/docs/plan.pdf", "/docs/two%20words%20%26%20more.txt", "/docs/.htaccess",
           "/.htpasswd", "/.git/config", "/nothing", "/docs/nothing/", "/index.html/more", "/private", "/private/",
           "/private/keys.txt", "/icons/", "/cgi-bin/test.cgi", "/server-info", "/docs/2023", "/docs/2024/"]
ODD_TARGETS = ["*", "", "index.html", "//", "//docs//", "/docs/../", "/docs/./notice.txt", "/../etc/passwd", "/%2e%2e/etc/passwd",
               "/docs/%2e%2e/robots.txt", "/%", "/%zz", "/%00", "/a%2fb", "/robots%2Etxt", "/%72obots.txt", "/docs/?C=M;O=D",
               "/docs/?C=S;O=A", "/?x=1", "/index.html?a=b&c", "/docs?x=y", "/robots.txt?", "/#top", "/a\\x7fb", "/\\xe4", "/a\\\\b", "/ x",
               "http://a.example/", "http://a.example:81/docs", "http://a.example", "https://a.example/", "ftp://a.example/",
               "HTTP://A.EXAMPLE/robots.txt", "http://u:p@a.example/", "a.example:443", "/<b>", "/\"quoted\"", "/docs;v=1", "/a b",
               "http:///", "http://", "/.", "/..", "/docs/..", "/docs/.", "/?", "/%3f", "/docs%2f", "/index.htm", "/INDEX.HTML"]
VERSIONS = ["HTTP/1.1"] * 14 + ["HTTP/1.0"] * 5 + ["HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/1.9", "HTTP/3.0", "http/1.1", "HTTP/1",
                                                   "HTTP/11.1", "HTTP/1.1 ", "HTTP/1.1x", "HTTP /1.1", "FTP/1.1", "", "HTTP/9.9"]
HOSTS = ["Host: a.example"] * 16 + ["Host: a.example:8080", "Host:", "Host: ", None, "Host: A.Example.", "Host: a..b", "Host: a/b",
                                    "Host: 10.0.0.1", "Host: [::1]", "Host: [::1]:80", "Host: 1", "Host: a b", "Host: a.example:x",
                                    "Host: a.example:99999", "Host: <x>", "Host: a_b", "Host: \\xe4", "host: lower.example"]
FIELDS = ["Connection: close", "Connection: keep-alive", "Connection: Keep-Alive", "Connection: upgrade", "User-Agent: curl/8",
          "Accept: */*", "X-Empty:", "X-Tab:\\x09v\\x09", "X-Long: " + "v" * 300, "Accept-Language: de", "Cookie: a=b",
          "Range: bytes=0-9", "Range: bytes=5-", "Range: bytes=-5", "Range: bytes=0-0,3-4", "Range: bytes=99999999-",
          "Range: bytes=9-3", "Range: lines=1-2", "Range: bytes=0-4,2-8", "Range: bytes=-0", "Range: bytes=",
          "If-None-Match: *", "If-None-Match: \"x\"", "If-Match: \"x\"", "If-Match: *",
          "If-Modified-Since: Tue, 05 Mar 2030 10:20:30 GMT", "If-Modified-Since: Tue, 05 Mar 2019 10:20:30 GMT",
          "If-Unmodified-Since: Tue, 05 Mar 2019 10:20:30 GMT", "If-Modified-Since: yesterday", "If-Range: \"x\"",
          "Expect: 100-continue", "Expect: 200-ok", "Authorization: Basic YWRtaW46YWRtaW4xMjM=", "Authorization: Basic YTpi",
          "Authorization: Bearer x", "Authorization: Basic", "Upgrade: h2c", "TE: trailers", "Via: 1.0 x"]
BAD_FIELDS = ["NoColon", ": empty name", "Sp ace: x", "Trailing : x", " folded at once", "X-Ctl: a\\x01b", "X-Nul: a\\x00b", "X\\xe4: b",
              "X: \\xe4", "Host: second.example", "Content-Length: x", "Content-Length: -1", "Content-Length: +1", "Content-Length: 0",
              "Content-Length: 1, 1", "Content-Length:", "Transfer-Encoding: gzip", "Transfer-Encoding: identity",
              "X-Del: \\x7f", "X-Fold: a\\x0d\\x0a b", "X-Fold: a\\x0d\\x0a ", "X-Bare: a\\x0db"]


def request(line, *fields, body=""):
    return "C| " + r"\x0d\x0a".join([line, *fields, "", ""]) + body


def generate():
    """Sessions made from the grammar of RFC 9112 and 9110, with slips of tools and of those who probe for weak parsers."""
    chance = random.Random(9112)
    return [(f"grammar {number:03} {kind.__name__}", kind(chance))
            for kind, count in ((usual, 40), (odd_line, 40), (odd_field, 30), (with_body, 40), (pipelined, 12))
            for number in range(count)]


def line_of(chance, method=None, target=None, version=None):
    parts = [method or chance.choice(METHODS[:25]), target if target is not None else chance.choice(TARGETS), version or "HTTP/1.1"]
    return " ".join(parts)


def some_fields(chance, most):
    return chance.sample(FIELDS, chance.randint(0, most))


def usual(chance):
    return [request(line_of(chance, version=chance.choice(VERSIONS[:19])), "Host: a.example", *some_fields(chance, 3))
            for _ in range(chance.randint(1, 3))]


def odd_line(chance):
    line = line_of(chance, chance.choice(METHODS), chance.choice(TARGETS + ODD_TARGETS * 2), chance.choice(VERSIONS)).rstrip(
        " " if chance.random() < 0.7 else "")
    slip = chance.choice([str, str, str, str, lambda text: text.replace(" ", "  ", 1), lambda text: " " + text,
                          lambda text: text.replace(" ", "\\x09", 1), lambda text: "\\x0d\\x0a" + text])
    return [request(slip(line), *filter(None, [chance.choice(HOSTS)]), *some_fields(chance, 1)), request("GET /robots.txt HTTP/1.1", "Host: b.example")]


def odd_field(chance):
    fields = [chance.choice(BAD_FIELDS) for _ in range(chance.randint(1, 2))] + some_fields(chance, 1)
    if chance.random() < 0.8:
        fields.insert(chance.randint(0, 1), chance.choice(HOSTS) or "X: y")
    text = request(line_of(chance, target=chance.choice(TARGETS[:8])), *fields)
    if chance.random() < 0.2:
        text = text.replace(r"\x0d\x0a", r"\x0a")
    return [text, request("GET /robots.txt HTTP/1.1", "Host: b.example")]


CHUNKS = ["0\\x0d\\x0a\\x0d\\x0a", "3\\x0d\\x0aabc\\x0d\\x0a0\\x0d\\x0a\\x0d\\x0a", "3;x=y\\x0d\\x0aabc\\x0d\\x0a0\\x0d\\x0aTrailer: a\\x0d\\x0a\\x0d\\x0a",
          "3\\x0aabc\\x0a0\\x0a\\x0a", "x\\x0d\\x0a", "\\x0d\\x0a", "3\\x0d\\x0aabcd\\x0d\\x0a0\\x0d\\x0a\\x0d\\x0a", "-1\\x0d\\x0a", "0x3\\x0d\\x0aabc\\x0d\\x0a",
          "ffffffffffffffff\\x0d\\x0a", "3 \\x0d\\x0aabc\\x0d\\x0a0\\x0d\\x0a\\x0d\\x0a", "00000003\\x0d\\x0aabc\\x0d\\x0a0\\x0d\\x0a\\x0d\\x0a",
          "3\\x0d\\x0aabc\\x0d\\x0a0\\x0d\\x0aBad Trailer\\x0d\\x0a\\x0d\\x0a", "A\\x0d\\x0a0123456789\\x0d\\x0a00\\x0d\\x0a\\x0d\\x0a"]


def with_body(chance):
    method = chance.choice(["POST", "POST", "POST", "PUT", "GET", "HEAD", "DELETE", "OPTIONS", "PATCH", "FOO"])
    target = chance.choice(TARGETS[:20])
    fields = ["Host: a.example", *some_fields(chance, 1)]
    kind = chance.randint(0, 3)
    if kind == 0:
        body, length = "user=admin&password=secret", chance.choice([26, 26, 26, 20, 0])
        fields += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {length}"]
    elif kind == 1:
        body = chance.choice(CHUNKS)
        fields += [chance.choice(["Transfer-Encoding: chunked"] * 4 + ["Transfer-Encoding: CHUNKED", "Transfer-Encoding: gzip, chunked"])]
    elif kind == 2:
        body = chance.choice(CHUNKS)
        fields += ["Transfer-Encoding: chunked", "Content-Length: 3"]
    else:
        body = "abc"
        fields += ["Expect: 100-continue", "Content-Length: 3"]
        first = request(f"{method} {target} HTTP/1.1", *dict.fromkeys(fields))
        return [first, "C| " + body, request("GET /robots.txt HTTP/1.1", "Host: b.example")]
    return [request(f"{method} {target} HTTP/1.1", *fields, body=body), request("GET /robots.txt HTTP/1.1", "Host: b.example")]


def pipelined(chance):
    several = [request(line_of(chance, target=chance.choice(TARGETS[:14])), "Host: a.example", *some_fields(chance, 1))[3:]
               for _ in range(chance.randint(2, 5))]
    return ["C| " + "".join(several), chance.choice(["@ eof", request("GET / HTTP/1.0")])]
