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
        "set ssl:verify-certificate no; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; ls pub"),
           differs="the agent does no TLS on data connections"),
    Client("nc types", "nc", r"""printf 'USER ftp\r\nPASS x\r\nSYST\r\nQUIT\r\n' | nc -w 20 $HOST $PORT"""),
    Client("nmap identifies it", "nmap", "nmap -n -Pn -sV -sC -p $PORT $HOST | sort", usual=False),
    Client("hydra guesses", "hydra", "printf '%s\\n' 123456 root admin123 password >words;"
           "hydra -t 1 -l admin -P words ftp://$HOST:$PORT 2>&1 | grep -v '^Hydra\\|github'", usual=False),
]



def ii(*commands):
    """ii gives each channel a folder with a file of what was said; the server's own is printed last."""
    lines = "; sleep 1; ".join(f"echo '{command}' >irc/$HOST/{where}in" for where, command in commands)
    return f"ii -s $HOST -p $PORT -n probe -f 'Some Body' -i irc & sleep 3; {lines}; sleep 1; kill $!; cat irc/$HOST/*/out irc/$HOST/out"


IRC = [
    Client("ii looks around", "ii", ii(("", "/j #own"), ("#own/", "hello there"), ("#own/", "/t a topic"), ("", "/WHOIS margit"),
                                       ("", "/LIST"), ("", "/PRIVMSG rikard :hi")), usual=False),
    Client("nmap identifies it", "nmap", "nmap -n -Pn -sV -sC -p $PORT $HOST | sort", usual=False),
    Client("irssi joins and asks", "irssi", """mkdir -p home; cat >home/startup <<'END'
/set autolog on
/set autolog_path log
/set autolog_level all
/set log_open_string none
/set log_timestamp
END
printf '\\n' >home/config; TERM=xterm
(sleep 5; for line in '/join #own' '/topic mine' '/mode +k key' '/whois margit' '/names #lobby' '/who #lobby' '/version' '/quit bye'; do
 printf '%s\\n' "$line"; sleep 1; done) | timeout 30 script -qec "irssi --home=home -c $HOST -p $PORT -n probe -w secret" /dev/null >/dev/null
cat log""", usual=False),
]

PROTOCOLS = {"ftp": FTP, "irc": IRC}
