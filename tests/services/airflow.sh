#!/usr/bin/env bash
# Airflow's api-server, scheduler and dag-processor on a hub's files, as `tongban airflow up` starts them.
# TONGBAN_HOME is the hub (default FOLDER/hub). By default SQLite and LocalExecutor; with
# AIRFLOW__CORE__EXECUTOR=CeleryExecutor, AIRFLOW__DATABASE__SQL_ALCHEMY_CONN, AIRFLOW__CELERY__BROKER_URL
# in the environment and AIRFLOW_WORKERS=2 it is the Airflow of many machines, on one.
. "$(dirname "$0")/common.sh"

version() {
  "$PYTHON" -c 'from importlib.metadata import version as v; print(v("apache-airflow"))' 2>/dev/null ||
    unavailable "Airflow is not installed: make setup"
}

install() {
  version
}

# Four ports in a row, as airflow.cfg counts them.
four_ports() {
  "$PYTHON" - <<'PY'
import random, socket
while True:
    first, held = random.randrange(20000, 60000), []
    try:
        for port in range(first, first + 4):
            held.append(socket.create_server(("127.0.0.1", port)))
    except OSError:
        continue
    finally:
        for one in held:
            one.close()
    print(first)
    break
PY
}

start() {
  local port
  version >/dev/null || version
  fresh "$1"
  port=$(four_ports)
  export TONGBAN_HOME=${TONGBAN_HOME:-$1/hub}
  printf '%s\n' "version=$(version)" "port=$port" "home=$TONGBAN_HOME" "url=http://127.0.0.1:$port" >"$1/server.env"
  cd "$ROOT"
  daemon "$1" "$PYTHON" -c 'from hub.cli import main; main()' airflow up --port "$port" --workers "${AIRFLOW_WORKERS:-0}"
  await "$1" 240
}

# The endpoint answers 200 even where a component is ill: its text decides.
health() {
  curl -fsS --noproxy '*' -m 5 "http://127.0.0.1:$(given "$1" port)/api/v2/monitor/health" | "$PYTHON" -c '
import json, sys
found = json.load(sys.stdin)
sys.exit(any(found[name]["status"] != "healthy" for name in ("metadatabase", "scheduler", "dag_processor")))'
}

stop() {
  end "$1" TERM 90
}

main "$@"
