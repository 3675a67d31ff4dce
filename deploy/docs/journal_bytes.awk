# The bytes that one end of a session sent, restored from its text log alone. FROM is ADDRESS:PORT as the log's second column has it.
#   LC_ALL=C awk -v from=192.0.2.1:4711 -f journal_bytes.awk LOG >bytes
function byte(pair) { return (index(hex, substr(pair, 1, 1)) - 1) * 16 + index(hex, substr(pair, 2, 1)) - 1 }
BEGIN { hex = "0123456789abcdef" }
NR > 3 && !/^\*\*\*\*\*/ {
  split($0, column, ",")
  if (column[2] != from) next
  packet = substr($0, length(column[1] column[2] column[3]) + 4)
  while ((at = index(packet, "\\")) > 0) {
    double = substr(packet, at + 1, 1) == "\\"
    printf "%s%c", substr(packet, 1, at - 1), double ? 92 : byte(substr(packet, at + 2, 2))
    packet = substr(packet, at + (double ? 2 : 4))
  }
  printf "%s", packet
}
