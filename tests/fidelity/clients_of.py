"""What people and tools run against each protocol, for clients.py."""

import dataclasses


@dataclasses.dataclass
class Client:
    """A shell script, run in an empty folder with $HOST and $PORT set. What it prints is compared."""

    name: str
    program: str  # it needs
    script: str
    usual: bool = True  # False: only with --all, since the program is not among those the tests may expect
    differs: str = ""  # why our agent is known not to be equal


def lftp(commands):
    setting = "set net:max-retries 1; set net:timeout 20; set net:reconnect-interval-base 1; set cmd:interactive no;"
    return f"lftp -u admin,admin123 -e '{setting} {commands}; bye' ftp://$HOST:$PORT 2>&1"


def curl(words):
    return f"curl -sSv -m 60 {words} 2>&1 >body | grep -a '^[<>]\\|^curl'; wc -c <body"


FTP = [
    Client("lftp looks around", "lftp", lftp(
        "set ftp:ssl-allow no; pwd; ls; cd pub; ls -a; nlist; cd nothing; cat nothing; du -s /")),
    Client("lftp changes things", "lftp", "echo hello >up;" + lftp(
        "set ftp:ssl-allow no; mkdir new; cd new; put up; mv up down; ls; chmod 600 down; rm down; rmdir ../new; ls; rm /backup")),
    Client("lftp mirrors", "lftp", lftp("set ftp:ssl-allow no; mirror pub copy") + "; ls -l copy | awk '{print $1, $5, $9}'"),
    Client("curl lists", "curl", curl("ftp://$HOST:$PORT/")),
    Client("curl fetches as a user", "curl", curl("ftp://admin:admin123@$HOST:$PORT/scans/invoice_54755.txt")),
    Client("curl fetches from the middle", "curl", curl("-C 100 ftp://$HOST:$PORT/readme.txt")),
    Client("curl asks for the size and time", "curl", curl("-I ftp://$HOST:$PORT/readme.txt")),
    Client("curl uploads as a guest", "curl", "echo hello >up;" + curl("-T up ftp://$HOST:$PORT/incoming/") + ";" +
           curl("ftp://$HOST:$PORT/incoming/")),
    Client("curl is refused", "curl", curl("ftp://admin:letmein@$HOST:$PORT/") + "; cat body"),
    Client("curl insists on TLS", "curl", curl("--ftp-ssl-control -k ftp://$HOST:$PORT/pub/")),
    Client("lftp hides its data", "lftp", lftp(
        "set ssl:verify-certificate no; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; ls pub")),
    Client("lftp changes things over TLS", "lftp", "head -c 1000 /dev/zero >up;" + lftp(
        "set ssl:verify-certificate no; set ftp:ssl-force yes; mkdir new; cd new; put up; ls; get up -o down; mirror ../pub copy") +
           "; cmp up down && ls -l copy | awk '{print $1, $5, $9}'"),
    Client("curl lists over TLS", "curl", curl("--ssl-reqd -k ftp://$HOST:$PORT/")),
    Client("curl fetches over TLS", "curl", curl("--ssl-reqd -k ftp://admin:admin123@$HOST:$PORT/pub/pricelist.csv")),
    Client("curl uploads over TLS", "curl", "head -c 300000 /dev/zero >up;" + curl(
        "--ssl-reqd -k -T up ftp://admin:admin123@$HOST:$PORT/incoming/") + ";" +
           curl("--ssl-reqd -k ftp://admin:admin123@$HOST:$PORT/incoming/")),
    Client("curl does not go on with its session", "curl", curl("--ssl-reqd -k --no-sessionid ftp://$HOST:$PORT/")),
    Client("nc types", "nc", r"""printf 'USER ftp\r\nPASS x\r\nSYST\r\nQUIT\r\n' | nc -w 20 $HOST $PORT"""),
    Client("nmap identifies it", "nmap", "nmap -n -Pn -sV -sC -p $PORT $HOST | sort", usual=False),
    Client("hydra guesses", "hydra", "printf '%s\\n' 123456 root admin123 password >words;"
           "hydra -t 1 -l admin -P words ftp://$HOST:$PORT 2>&1 | grep -v '^Hydra\\|github'", usual=False),
]


# Without the order of POP3's capabilities, which nmap takes from a hash, and the name in the certificate, which is ours.
NMAP_TLS = ("nmap -n -Pn -sV -sC -p $PORT $HOST | grep -v 'Not valid\\|ssl-date' | "
            "sed 's/commonName=.*/commonName/; s/pop3-capabilities: .*/pop3-capabilities/' | sort")


def typed(*lines):
    """Lines typed at a terminal, a second apart: a login throws away what came before its question."""
    return "(" + "".join(f"sleep 1; printf '%s\\r\\n' {line!r}; " for line in lines) + "sleep 2)"


TELNET = [
    Client("nc types at the shell", "nc", typed("admin", "admin123", "cat /proc/version", "echo $((6*7)); ls / | head -n 3",
                                                "/bin/busybox MIRAI", "exit") + " | nc -w 5 $HOST $PORT"),
    Client("nc is refused", "nc", typed("root", "xc3511") + " | nc -w 6 $HOST $PORT"),
    Client("telnet looks around", "telnet", typed("admin", "admin123", "id", "pwd", "ls -l /bin/busybox | cut -c1-10", "exit") +
           " | telnet $HOST $PORT 2>&1", usual=False),
    Client("nmap identifies it", "nmap", "nmap -n -Pn -sV -sC -p $PORT $HOST | sort", usual=False),
    Client("hydra guesses", "hydra", "printf '%s\\n' 123456 admin123 >words;"
           "hydra -t 1 -l admin -P words telnet://$HOST:$PORT 2>&1 | grep -v '^Hydra\\|github'", usual=False),
]

MAIL = "printf 'From: a@example.org\\nSubject: try\\n\\n.dot\\nend\\n' >mail;"
SMTP = [
    Client("curl sends a mail to a user", "curl", MAIL + curl(
        "--mail-from a@example.org --mail-rcpt root@mail.example.com -T mail smtp://$HOST:$PORT/client.example")),
    Client("curl finds no open relay", "curl", MAIL + curl(
        "--mail-from a@example.org --mail-rcpt b@example.net -T mail smtp://$HOST:$PORT/client.example")),
    Client("curl relays after a login", "curl", MAIL + curl(
        "-u admin:admin123 --mail-from a@example.org --mail-rcpt b@example.net -T mail smtp://$HOST:$PORT/client.example")),
    Client("curl logs in over TLS", "curl", MAIL + curl(
        "--ssl-reqd -k --login-options AUTH=LOGIN -u admin:admin123 --mail-from a@example.org --mail-rcpt b@example.net "
        "-T mail smtp://$HOST:$PORT/client.example") + " | grep -av expire"),
    Client("curl is refused", "curl", curl("-u admin:letmein smtp://$HOST:$PORT/client.example -X NOOP")),
    Client("curl verifies and asks for help", "curl", curl("smtp://$HOST:$PORT/client.example --mail-rcpt root") + ";" +
           curl("smtp://$HOST:$PORT/client.example -X HELP")),
    Client("python's smtplib sends", "python3", """python3 - 2>&1 <<'END'
import os, smtplib
with smtplib.SMTP(os.environ["HOST"], int(os.environ["PORT"]), "client.example", 20) as mail:
    print(mail.ehlo(), mail.starttls(), mail.ehlo(), mail.login("admin", "admin123"))
    print(mail.sendmail("a@example.org", ["root", "b@example.net"], "Subject: x\\n\\n" + "y" * 5000))
    print(mail.verify("root"), mail.docmd("XYZ"), mail.rset())
END"""),
    Client("nc pipelines", "nc", r"""printf 'EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<root>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n' | nc -w 20 $HOST $PORT"""),
    Client("swaks tries", "swaks", "swaks -s $HOST -p $PORT -h client.example -f a@example.org -t root@mail.example.com "
           "-tls --body hi 2>&1 | grep -av '^ [-~]> \\(Date\\|Message-Id\\|X-Mailer\\|Subject\\)\\|TLS peer'", usual=False),
    Client("nmap identifies it", "nmap", NMAP_TLS, usual=False),
    Client("hydra guesses", "hydra", "printf '%s\\n' 123456 root admin123 password >words;"
           "hydra -t 1 -l admin -P words smtp://$HOST:$PORT 2>&1 | grep -v '^Hydra\\|github'", usual=False),
]

POP3 = [
    Client("curl lists", "curl", curl("-u admin:admin123 pop3://$HOST:$PORT/") + "; cat body"),
    Client("curl fetches a mail", "curl", curl("-u admin:admin123 pop3://$HOST:$PORT/1") + "; cat body"),
    Client("curl asks for what is unique", "curl", curl("-u admin:admin123 -X UIDL pop3://$HOST:$PORT/") + ";" +
           curl("-u admin:admin123 -X 'TOP 1 2' pop3://$HOST:$PORT/") + "; cat body"),
    Client("curl is refused", "curl", curl("-u admin:letmein pop3://$HOST:$PORT/")),
    Client("curl insists on TLS", "curl", curl("--ssl-reqd -k -u backup:123456 pop3://$HOST:$PORT/") + " | grep -av expire"),
    Client("curl asks for a mail that is not there", "curl", curl("-u admin:admin123 pop3://$HOST:$PORT/999")),
    Client("python's poplib reads and deletes", "python3", """python3 - 2>&1 <<'END'
import os, poplib
mail = poplib.POP3(os.environ["HOST"], int(os.environ["PORT"]), 20)
print(mail.getwelcome(), sorted(mail.capa()), mail.user("admin"), mail.pass_("admin123"), mail.stat(), mail.list())
print(mail.retr(1), mail.top(2, 1), mail.uidl(), mail.dele(1), mail.list(), mail.rset(), mail.stat(), mail.quit())
END"""),
    Client("nc pipelines", "nc", r"""printf 'CAPA\r\nUSER admin\r\nPASS admin123\r\nSTAT\r\nLIST 1\r\nXYZ\r\nQUIT\r\n' | nc -w 20 $HOST $PORT"""),
    Client("nmap identifies it", "nmap", NMAP_TLS, usual=False),
    Client("hydra guesses", "hydra", "printf '%s\\n' 123456 admin123 >words;"
           "hydra -t 1 -l admin -P words pop3://$HOST:$PORT 2>&1 | grep -v '^Hydra\\|github'", usual=False),
]


def ii(*commands):
    """ii gives each channel a folder with a file of what was said; the server's own is above them."""
    lines = "; sleep 1; ".join(f"echo '{command}' >irc/$HOST/{where}in" for where, command in commands)
    return (f"ii -s $HOST -p $PORT -n probe -f 'Some Body' -i irc >/dev/null & sleep 3; {lines}; sleep 1; kill $!;"
            "cat irc/$HOST/*/out irc/$HOST/out | sed -E 's/^[0-9]+ //; s/ [0-9]+ [0-9]{10} seconds idle/ IDLE/' | grep -Eav 'PING :|resolve' | sort")


def irssi(*lines):
    """What irssi shows, without the time of each line and what it says of itself."""
    typed = "".join(f"printf '%s\\r' '{line}'; sleep 1; " for line in lines)
    return (r"mkdir home; printf '%s\n' '/set log_open_string none' '/log open -targets * log all' >home/startup; export TERM=xterm;"
            f"(sleep 5; {typed}) | timeout 60 script -qec \"irssi --home=home -c $HOST -p $PORT -n probe -w secret\" /dev/null >screen;"
            "grep '^[0-9]' log | cut -c7- | grep -v 'Irssi: \\|_name' | grep -Eav 'PING :|resolve' | sort")


IRC = [
    Client("ii looks around", "ii", ii(("", "/j #own"), ("#own/", "hello there"), ("#own/", "/t a topic"), ("", "/WHOIS margit"),
                                       ("", "/LIST"), ("", "/PRIVMSG rikard :hi")), usual=False),
    Client("irssi sets up a channel", "irssi", irssi("/join #own", "/topic mine", "/mode +k key", "/msg rikard hi", "/nick other", "/quit"),
           usual=False),
    Client("nmap identifies it", "nmap", "nmap -n -Pn -sV -p $PORT $HOST | sort", usual=False),
]

SITE = "http://$HOST:$PORT"
HTTP = [
    Client("curl fetches", "curl", curl(f"{SITE}/") + "; cat body"),
    Client("curl asks for the head", "curl", curl(f"-I {SITE}/style.css")),
    Client("curl takes it compressed", "curl", curl(f"--compressed {SITE}/") + "; cat body"),
    Client("curl goes on where it stopped", "curl", curl(f"-C 1000 {SITE}/photo.jpg") + "; cksum <body"),
    Client("curl follows", "curl", curl(f"-L {SITE}/docs") + "; cat body"),
    Client("curl logs in", "curl", curl(f"-u admin:admin {SITE}/private/") + ";" + curl(f"-u admin:admin123 {SITE}/private/")),
    Client("curl sends a form", "curl", curl(f"-d user=admin -d password=x {SITE}/login.php") + "; cat body"),
    Client("curl uploads", "curl", "head -c 3000 /dev/zero >up;" + curl(f"-H Expect:100-continue -T up {SITE}/up") + "; cat body"),
    Client("curl keeps the connection", "curl", f"curl -sv {SITE}/robots.txt {SITE}/robots.txt {SITE}/nothing 2>&1 | "
           "grep -a '^[<>*] *\\(HTTP\\|GET\\|Re-using\\|Connection\\)'"),
    Client("curl asks whether it is new", "curl", f"curl -so body --etag-save tag {SITE}/style.css; "
           f"curl -sv --etag-compare tag {SITE}/style.css 2>&1 | grep -a '^[<>]'"),
    Client("nc types", "nc", r"""printf 'HEAD / HTTP/1.0\r\n\r\n' | nc -w 20 $HOST $PORT"""),
    Client("ab keeps alive", "ab", f"ab -k -n 250 -c 5 {SITE}/photo.jpg 2>&1 | grep -a 'Server Soft\\|Document L\\|Complete\\|Failed\\|"
           "Keep-Alive\\|HTML'", usual=False),
    Client("nmap identifies it", "nmap", "nmap -n -Pn -sV -sC -p $PORT $HOST | sort", usual=False),
    Client("nmap tries scripts", "nmap", "nmap -n -Pn -p $PORT --script http-methods,http-headers,http-auth,http-enum,http-trace,"
           "http-generator,http-apache-negotiation --script-args http-auth.path=/private/ $HOST | sort", usual=False),
]

PROTOCOLS = {"ftp": FTP, "http": HTTP, "telnet": TELNET, "smtp": SMTP, "pop3": POP3, "irc": IRC}
