# postgresql:// URL on standard input -> a section of libpq's connection service file (pg_service.conf) on output.
#
#   LC_ALL=C awk -v section=backup -f libpq-service.awk <url >service.conf
#   PGSERVICEFILE=service.conf PGSERVICE=backup psql
#
# libpq accepts a whole URL only as an argument, which every process of the pod can read in /proc. A service file
# keeps the password out of arguments and environment. Messages never quote the URL.

function fail(message) {
  print "libpq-service: " message >"/dev/stderr"
  failed = 1
  exit 1
}

function percent_decoded(text,    out, at, high, low) {
  out = ""
  while ((at = index(text, "%")) > 0) {
    high = index("0123456789abcdef", tolower(substr(text, at + 1, 1))) - 1
    low = index("0123456789abcdef", tolower(substr(text, at + 2, 1))) - 1
    # index() finds the empty string at 0 or 1, depending on the awk: measure as well
    if (length(text) < at + 2 || high < 0 || low < 0) fail("a % is not followed by two hexadecimal digits")
    out = out substr(text, 1, at - 1) sprintf("%c", high * 16 + low)
    text = substr(text, at + 3)
  }
  return out text
}

function setting(keyword, value) {
  value = percent_decoded(value)
  if (value == "") return
  # A line break would start another setting; libpq also drops blanks at the end of a line.
  if (value ~ /[\n\r]/ || value ~ /[ \t]$/) fail("the value of " keyword " cannot stand in a service file")
  printf "%s=%s\n", keyword, value
}

NF && url == "" { url = $0; sub(/^[ \t]+/, "", url); sub(/[ \t\r]+$/, "", url) }

END {
  if (failed) exit 1
  if (!sub(/^postgres(ql)?:\/\//, "", url)) fail("not a postgresql:// URL")

  query = ""
  if ((at = index(url, "?")) > 0) { query = substr(url, at + 1); url = substr(url, 1, at - 1) }
  database = ""
  if ((at = index(url, "/")) > 0) { database = substr(url, at + 1); url = substr(url, 1, at - 1) }
  user = ""
  if ((at = index(url, "@")) > 0) { user = substr(url, 1, at - 1); url = substr(url, at + 1) }
  password = ""
  if ((at = index(user, ":")) > 0) { password = substr(user, at + 1); user = substr(user, 1, at - 1) }
  port = ""
  if (url ~ /^\[/) { # [IPv6]:port
    at = index(url, "]")
    if (at == 0) fail("an IPv6 address lacks its ]")
    port = substr(url, at + 1)
    url = substr(url, 2, at - 2)
    sub(/^:/, "", port)
  } else if ((at = index(url, ":")) > 0) {
    port = substr(url, at + 1)
    url = substr(url, 1, at - 1)
  }
  if (url == "") fail("the URL names no host")
  if (url ~ /,/ || port ~ /,/) fail("the URL names several hosts; a backup reads one")
  if (database == "") fail("the URL names no database")

  print "[" section "]"
  setting("host", url)
  setting("port", port)
  setting("dbname", database)
  setting("user", user)
  setting("password", password)
  count = split(query, pairs, "&")
  for (i = 1; i <= count; i++) {
    at = index(pairs[i], "=")
    if (at == 0) fail("a parameter of the URL has no value")
    keyword = percent_decoded(substr(pairs[i], 1, at - 1))
    if (keyword !~ /^[a-z_]+$/) fail("a parameter of the URL has an impossible name")
    setting(keyword, substr(pairs[i], at + 1)) # libpq itself refuses the names that it does not know
  }
}
