# What the scripts beside this file share. Each is called as
#   NAME.sh install          make the server available and print its version; 77 and a reason where it cannot be had
#   NAME.sh version          the same without installing anything
#   NAME.sh start FOLDER     start it on a free port; what a client must know goes to FOLDER/server.env (0600)
#   NAME.sh health FOLDER    0 when it answers
#   NAME.sh stop FOLDER      end what `start` started, by its own process id, and nothing else
# FOLDER is made by `start`, which refuses one that holds a server already; data stays in it after `stop`.
set -euo pipefail
umask 077
UNAVAILABLE=77
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
PYTHON=${PYTHON:-$([ -x "$ROOT/.venv/bin/python" ] && echo "$ROOT/.venv/bin/python" || echo python3)}

unavailable() {
  echo "$*"
  exit $UNAVAILABLE
}

free_port() {
  "$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A secret that may stand in an address as it is.
secret() {
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# Installs Debian packages where that is possible, silently where nothing is missing.
debian() {
  command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || return 1
  DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

# Prints when a process began; with its id this tells it from a later one of the same number. A dead
# one that nobody has buried yet counts as gone.
began() {
  local line
  line=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  line=${line##*) }
  [ "${line%% *}" != Z ] || return 1
  echo "$line" | cut -d' ' -f20
}

# remember FOLDER PID: notes a process for `stop`.
remember() {
  echo "$2 $(began "$2")" >>"$1/processes"
}

# alive FOLDER: whether every noted process runs.
alive() {
  local pid start
  [ -s "$1/processes" ] || return 1
  while read -r pid start; do
    [ "$(began "$pid")" = "$start" ] || return 1
  done <"$1/processes"
}

# end FOLDER SIGNAL SECONDS: ends the noted processes, the last one first; kills the group of what stays.
end() {
  local pid start left
  [ -e "$1/processes" ] || return 0
  while read -r pid start; do
    [ "$(began "$pid")" = "$start" ] || continue
    kill "-$2" "$pid" 2>/dev/null || true
    left=$(($3 * 10))
    while [ "$(began "$pid")" = "$start" ] && [ "$left" -gt 0 ]; do
      sleep 0.1
      left=$((left - 1))
    done
    [ "$(began "$pid")" != "$start" ] || kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || true
  done < <(tac "$1/processes")
  rm -f "$1/processes"
}

# fresh FOLDER: makes it, for this user alone.
fresh() {
  [ ! -e "$1/processes" ] || { echo "$1 holds a server that was not stopped." >&2; exit 2; }
  mkdir -p "$1"
}

# await FOLDER SECONDS: waits for `health`, or says what the log ends with.
await() {
  local left=$(($2 * 10))
  until health "$1" >/dev/null 2>&1; do
    if ! alive "$1" || [ "$left" -le 0 ]; then
      tail -c 800 "$1/log" >&2 2>/dev/null || true
      stop "$1"
      exit 1
    fi
    sleep 0.1
    left=$((left - 1))
  done
}

# given FOLDER NAME: one value of FOLDER/server.env.
given() {
  sed -n "s/^$2=//p" "$1/server.env"
}

# daemon FOLDER WORDS…: starts a process that leads a group of its own and outlives this script.
daemon() {
  local folder=$1
  shift
  setsid "$@" >>"$folder/log" 2>&1 </dev/null &
  remember "$folder" $!
}

main() {
  local verb=${1:-} folder=${2:-}
  case $verb in
  install | version | program) ;;
  start | health | stop) [ -n "$folder" ] || { echo "usage: $0 $verb FOLDER" >&2; exit 2; } ;;
  *)
    echo "usage: $0 install | version | start FOLDER | health FOLDER | stop FOLDER" >&2
    exit 2
    ;;
  esac
  "$verb" "$folder"
}
