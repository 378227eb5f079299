#!/usr/bin/env bash
# A private PostgreSQL: Debian's, in a folder of its own; never the packaged cluster.
# POSTGRES_OPTIONS are further settings for the server, as in "-c fsync=off"; INITDB_OPTIONS replace
# the encoding and locale that a hub wants (with LC_CTYPE C, searches in Chinese find nothing).
. "$(dirname "$0")/common.sh"
INITDB_OPTIONS=${INITDB_OPTIONS:---encoding=UTF8 --locale=C.UTF-8}

binaries() {
  ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 | grep . && return
  command -v initdb >/dev/null && dirname "$(readlink -f "$(command -v initdb)")"
}

# The server refuses root; the account comes with the package.
as_server() {
  if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

version() {
  local bin
  bin=$(binaries) || unavailable "PostgreSQL is not installed (Debian: postgresql)"
  "$bin/postgres" --version | sed 's/^[^0-9]*//; s/ .*//'
}

install() {
  binaries >/dev/null || debian postgresql || unavailable "PostgreSQL cannot be installed here (Debian: postgresql)"
  version
}

start() {
  local bin port password
  version >/dev/null || version
  fresh "$1"
  bin=$(binaries) port=$(free_port) password=$(given "$1" password 2>/dev/null || secret)
  echo "$password" >"$1/password"
  [ "$(id -u)" != 0 ] || chown postgres "$1" "$1/password"
  [ -d "$1/data" ] || as_server "$bin/initdb" -D "$1/data" -U hub -A scram-sha-256 --pwfile="$1/password" $INITDB_OPTIONS >/dev/null
  as_server "$bin/pg_ctl" start -D "$1/data" -l "$1/log" -w -t 60 -s \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$1 ${POSTGRES_OPTIONS:-}" >/dev/null
  rm "$1/password"
  remember "$1" "$(head -1 "$1/data/postmaster.pid")"
  printf '%s\n' "version=$(version)" "port=$port" "user=hub" "password=$password" \
    "url=postgresql://hub:$password@127.0.0.1:$port/postgres" >"$1/server.env"
}

health() {
  "$(binaries)/pg_isready" -q -h 127.0.0.1 -p "$(given "$1" port)"
}

stop() {
  end "$1" INT 30
}

main "$@"
