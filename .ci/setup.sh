#!/usr/bin/env bash
# Creates the virtual environment and installs exactly what requirements.lock pins by hash.
set -euo pipefail
venv=$1
root=$2
python=""
for name in python3.11 python3.12 python3.13 python3.14 python3; do
  if command -v "$name" >/dev/null 2>&1 &&
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$name
    break
  fi
done
if [ -z "$python" ]; then
  echo "Tongban needs Python 3.11 or newer with the venv module. Next: install python3.11 and python3.11-venv." >&2
  exit 4
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || {
  echo "The venv module is missing. Next: install the package python3-venv." >&2
  exit 4
}
echo "installing (first time: some minutes on a slow line) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$root/requirements-uv.lock"
"$venv/bin/python" -m uv pip install --quiet --require-hashes --compile-bytecode --python "$venv/bin/python" -r "$root/requirements.lock"
"$venv/bin/python" - "$root" <<'PY'
import pathlib
import stat
import sys
import sysconfig

root = sys.argv[1]
pathlib.Path(sysconfig.get_paths()["purelib"], "tongban.pth").write_text(root + "\n")
script = pathlib.Path(sys.prefix, "bin", "tongban")
script.write_text(f"#!{sys.executable}\nfrom hub.cli import main\n\nmain()\n")
script.chmod(script.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
PY
touch "$venv/ready"
