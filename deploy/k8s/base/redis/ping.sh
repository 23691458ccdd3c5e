#!/bin/sh
# ping.sh live: the server answers at all, also when it is loading or busy.  ping.sh ready: it serves.
# The password goes by the environment: arguments can be read in /proc.
REDISCLI_AUTH=$(sed -n 's/^requirepass[[:space:]]*"\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' /run/secrets/redis/auth.conf)
export REDISCLI_AUTH
answer=$(redis-cli -h 127.0.0.1 -p 6379 ping 2>/dev/null) || exit 1
case $1 in
  live) [ -n "$answer" ] ;;
  ready) [ "$answer" = PONG ] ;;
  *) exit 2 ;;
esac
