# JupyterHub's settings for a class on one server (docs/SERVER.md): .venv/bin/jupyterhub -f docs/jupyterhub_config.py
import sys
from pathlib import Path

c = get_config()  # noqa: F821 (JupyterHub defines it)

COURSE = Path(__file__).resolve().parents[1]

c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # behind a web server that speaks HTTPS to the class
c.Authenticator.allow_all = True  # whoever has an account on this computer

c.Spawner.cmd = [sys.executable, "-m", "course_lib.student_server"]  # the hub's environment is everybody's
c.Spawner.environment = {"PYTHONPATH": str(COURSE), "OMP_NUM_THREADS": "1"}  # thirty students share the cores
c.Spawner.default_url = "/lab/tree/notebooks/00_welcome.ipynb"
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # seconds; the whole class comes at once
c.Spawner.args = [
    "--MappingKernelManager.cull_idle_timeout=7200",  # seconds: a forgotten notebook gives its memory back
    "--ServerApp.shutdown_no_activity_timeout=10800",
]
c.Spawner.mem_limit, c.Spawner.cpu_limit = "4G", 2  # kept by spawners that can: systemd's, Docker's, Kubernetes'
