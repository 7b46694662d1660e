"""JupyterHub for a class on one machine. Start it by `jupyterhub -f classroom/jupyterhub_config.py`.

Every student gets the exercise notebooks in a folder of their own; library, kernel and Python
environment are those of this checkout, which students need only read.
"""

import os
import shutil
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
LOCAL = COURSE / ".latentlab"

c = get_config()  # noqa: F821

# Say how students log in. "pam": with their accounts on this machine.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allow_all = True

c.JupyterHub.bind_url = "http://127.0.0.1:8000"
proxy = LOCAL / "proxy" / "node_modules" / "configurable-http-proxy"
c.ConfigurableHTTPProxy.command = ["node", str(proxy / "bin" / "configurable-http-proxy")]

c.Spawner.cmd = [str(LOCAL / "classroom-python" / "bin" / "jupyterhub-singleuser")]
c.Spawner.default_url = "/lab"
c.Spawner.notebook_dir = "~/latentlab"
# Our kernel, the extension that draws figures, and the course's settings of JupyterLab.
c.Spawner.environment = {
    "JUPYTER_PATH": str(LOCAL / "python" / "share" / "jupyter"),
    "JUPYTER_CONFIG_PATH": str(LOCAL / "python" / "etc" / "jupyter"),
}


def prepare(spawner):
    """Give a student the notebooks. What is there stays: it may hold their work."""
    home = Path(spawner.user_env({}).get("HOME") or os.path.expanduser(f"~{spawner.user.name}"))
    folder = home / "latentlab"
    folder.mkdir(parents=True, exist_ok=True)
    made = [folder]
    # Cells import the library from the nearest node_modules.
    modules = folder / "node_modules"
    if not modules.exists():
        modules.symlink_to(COURSE / "node_modules")
    for notebook in sorted((COURSE / "notebooks").glob("*.ipynb")):
        copy = folder / notebook.name
        if not copy.exists():
            shutil.copyfile(notebook, copy)
            made.append(copy)
    if os.getuid() == 0:
        for path in made:
            shutil.chown(path, *owner(spawner, home))
    spawner.environment = {
        **spawner.environment,
        "LATENTLAB_PROGRESS": str(folder / "progress.jsonl"),
        "LATENTLAB_RESULTS": str(folder / "results"),
    }


def owner(spawner, home):
    """User and group that own a student's home."""
    status = home.stat()
    return status.st_uid, status.st_gid


c.Spawner.pre_spawn_hook = prepare
