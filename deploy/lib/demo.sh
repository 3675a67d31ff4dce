# shellcheck shell=bash
# The demo of quickstart: real clients talk to the services, then what the text logs say is laid beside what the database
# holds. Sourced by quickstart, whose ports, folders and query() it uses.

demo_user=backup
demo_password=backup2017

# One client after the other; each ends by itself or at its deadline.
demo_play() {
  step "Demo: real clients come by"
  demo_marker=$(mktemp "$state/demo.XXXXXX")
  demo_since=$(date -u '+%F %T.%3N+00')
  demo_folder=$(mktemp -d "${TMPDIR:-/tmp}/apiary-demo-XXXXXX")
  printf 'left here by the demo\n' >"$demo_folder/note.txt"
  local hosts=(127.0.0.1) host
  ! has_ipv6 || hosts+=('[::1]')
  for host in "${hosts[@]}"; do
    client "lftp lists, gets and puts at $host" lftp -u "$demo_user,$demo_password" -e "$(lftp_commands)" "ftp://$host:${ports[ftp]}"
    client "curl lists at $host" curl -sS --max-time 10 --user "$demo_user:$demo_password" "ftp://$host:${ports[ftp]}/"
    client "curl guesses a password at $host" curl -sS --max-time 20 --user root:toor "ftp://$host:${ports[ftp]}/"
    client "curl reads the web site at $host" curl -sS --max-time 10 "http://$host:${ports[http]}/"
    client "curl knocks at a page with a password, over TLS, at $host" curl -sSk --max-time 10 --user admin:admin "https://$host:${ports[https]}/admin/"
    client "curl reads the mail at $host" curl -sS --max-time 20 --user "$demo_user:$demo_password" "pop3://$host:${ports[pop3]}/1"
    client "curl reads the mail over TLS at $host" curl -sSk --max-time 20 --user "$demo_user:$demo_password" "pop3s://$host:${ports[pop3s]}/1"
    client "curl offers a mail to relay at $host" curl -sS --max-time 20 --mail-from a@example.com --mail-rcpt b@example.org \
      -T "$demo_folder/note.txt" "smtp://$host:${ports[smtp]}/"
    client "somebody types at the shell of $host" typed "$host" "$demo_user" "$demo_password" 'uname -a; cat /proc/uptime' exit
    client "a bot joins a channel at $host" raw "$host" irc 'NICK x8812\r\nUSER x x x :x\r\nJOIN #ops\r\nQUIT :bye\r\n'
    client "nc sends an HTTP request to the catch-all at $host" raw "$host" catchall 'GET /login?next=%%2f HTTP/1.0\r\nHost: 192.0.2.1\r\n\r\n'
    client "nc sends bytes of every kind to the catch-all at $host" raw "$host" catchall '\x00\x01\\ comma, \x7f\xff\x1b[2J\n'
  done
  rm -rf "$demo_folder"
}

lftp_commands() {
  printf 'set net:timeout 10; set net:max-retries 1; set cmd:fail-exit no; set xfer:clobber on; lcd %s; cls -l; ' "$demo_folder"
  printf 'mirror --depth-first . decoys; put note.txt -o note.txt; cls -l; exit'
}

# raw HOST SERVICE FORMAT
raw() {
  local host=${1#[}
  # shellcheck disable=SC2059  # the format is ours
  printf "$3" | nc -q 1 -w 5 "${host%]}" "${ports[$2]}"
}

# typed HOST LINE ...: over TELNET, a line a second, since a login throws away what came before its question.
typed() {
  local host=${1#[} line
  shift
  for line in "$@"; do
    sleep 1
    printf '%s\r\n' "$line"
  done | nc -w 5 "${host%]}" "${ports[telnet]}"
}

client() {
  local what=$1 status=0
  shift
  "$@" >/dev/null 2>&1 </dev/null || status=$?
  say "  $what (status $status)"
}

# The text logs written since the demo began, as paths below the journal.
demo_logs() { find "$state/journal" -name '*.txt' -newer "$demo_marker" -printf '%P\n' | LC_ALL=C sort; }

# demo_rows CONDITION: path of the text log and id of each session since shortly before the demo, by path. A visit of the agent's
# self-test may have begun before and be written to still.
demo_rows() {
  query analyst "SELECT regexp_replace(journal_path, '^.*/journal/', ''), session_id FROM session
    WHERE started_at >= timestamptz '$demo_since' - interval '10 minutes' AND $1" | LC_ALL=C sort
}
demo_paths() { demo_rows "$1" | cut -d'|' -f1; }

# The listed logs for which there is no row yet.
demo_waiting() { LC_ALL=C comm -23 "$demo_list" <(demo_paths true); }
demo_arrived() { [[ -s $demo_list && -z $(demo_waiting) ]]; }

demo_table() {
  "$postgres_bin/psql" -Xq "host=$sockets user=analyst dbname=apiary" -P pager=off -c "
    SELECT to_char(started_at, 'HH24:MI:SS') AS started, protocol, host(source) AS source, outcome, bytes_in, bytes_out, packets,
           credentials AS logins, login_accepted AS \"in\", artifacts AS uploads, detected
      FROM session WHERE started_at >= '$demo_since' AND traffic <> 'self-test' ORDER BY started_at"
}

# Leaves out the middle of a long comparison. A line that differs has a mark in the middle column, and is never left out.
shorten() {
  awk '{ line[NR] = $0 }
    END {
      for (n = 1; n <= NR; n++) {
        if (n <= 16 || n > NR - 8 || line[n] ~ /   *[|<>]( |$)/) { print line[n]; left = 0 }
        else if (!left++) print "  ..."
      }
    }'
}

# Prints every session of the demo twice, log and transcript, and compares three digests. Fails if one does not agree, or if a log
# has no session or a session no log. The logs are listed once, when the clients have gone: the agent's self-test may visit its
# services at any time, and such a visit that begins later is none of the demo's.
demo_compare() {
  demo_list=$(mktemp "$state/demo.XXXXXX")
  demo_logs >"$demo_list"
  rm -f "$demo_marker"
  wait_until 30 0 demo_arrived || say "after 30 s without a session in the database: $(demo_waiting | wc -l) of $(wc -l <"$demo_list") text logs"
  step "What the database holds of it"
  demo_table
  step "Text log beside transcript()"
  local id path traffic stored rendered file visits=0 sessions=0 differing=0 width=$(($(tput cols 2>/dev/null || echo 160) - 1))
  ((width >= 120)) || width=160
  while IFS='|' read -r path id; do
    IFS='|' read -r traffic stored rendered < <(query analyst "SELECT traffic, encode(journal_sha256, 'hex'),
      encode(transcript_digest(session_id), 'hex') FROM session WHERE session_id = '$id'")
    if [[ $traffic == self-test ]]; then
      visits=$((visits + 1))
      continue
    fi
    sessions=$((sessions + 1))
    path=$state/journal/$path
    file=$(sha256sum "$path" | cut -d' ' -f1)
    say
    say "session $id"
    diff --side-by-side --expand-tabs --width="$width" "$path" \
      <(query analyst "SELECT line FROM transcript('$id') WITH ORDINALITY t(line, n) ORDER BY n") | shorten
    if [[ $file == "$stored" && $stored == "$rendered" ]]; then
      say "agree: SHA-256 $file"
    else
      say "DIFFER: file $file, row $stored, transcript $rendered"
      differing=$((differing + 1))
    fi
  done < <(demo_rows true | LC_ALL=C join -t '|' "$demo_list" - | sort -t '|' -k 2)  # by id, so by time
  local files without_session without_log
  files=$(wc -l <"$demo_list")
  without_session=$(demo_waiting | wc -l)
  without_log=$(demo_paths "traffic <> 'self-test' AND started_at >= '$demo_since'" | LC_ALL=C comm -13 "$demo_list" - | wc -l)
  rm -f "$demo_list"
  say
  say "$sessions sessions, $files text logs ($visits of visits by the self-test), $differing differ;" \
    "$without_session logs without a session, $without_log sessions without a log"
  ((sessions > 0 && differing == 0 && without_session == 0 && without_log == 0))
}
