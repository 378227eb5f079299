#!/usr/bin/env bash
# A private Redis for Celery: Debian's; every write is kept and nothing is evicted.
. "$(dirname "$0")/common.sh"

version() {
  command -v redis-server >/dev/null || unavailable "Redis is not installed (Debian: redis-server)"
  redis-server --version | sed 's/.* v=\([^ ]*\).*/\1/'
}

install() {
  command -v redis-server >/dev/null || debian redis-server || unavailable "Redis cannot be installed here (Debian: redis-server)"
  version
}

start() {
  local port password
  version >/dev/null || version
  fresh "$1"
  port=$(free_port) password=$(secret)
  cat >"$1/redis.conf" <<CONF
bind 127.0.0.1
port $port
requirepass $password
dir $1
appendonly yes
save ""
maxmemory 256mb
maxmemory-policy noeviction
CONF
  printf '%s\n' "version=$(version)" "port=$port" "password=$password" \
    "url=redis://:$password@127.0.0.1:$port/0" >"$1/server.env"
  daemon "$1" redis-server "$1/redis.conf"
  await "$1" 20
}

# An unanswered password leaves the exit code at 0: the text decides.
health() {
  [ "$(REDISCLI_AUTH=$(given "$1" password) redis-cli -p "$(given "$1" port)" ping)" = PONG ]
}

stop() {
  end "$1" TERM 20
}

main "$@"
