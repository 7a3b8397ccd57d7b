"""How does a kernel start at once: as a fork of a process that has imported what it needs?

A new Python that imports what a notebook does takes three seconds of a core. The process of a
study is itself a fork of a server that has imported all that (`kamlab.studies.preload`): a fork
of it, made before it has threads, waits until jupyter_client asks for a kernel. Where there is
none, as for a second kernel, one starts as kernels do.
"""

import contextlib
import gc
import json
import multiprocessing
import os
import runpy
import signal
import sys
import time
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

PROVISIONER = "kamlab-forked"
_kept: list["Spare"] = []


class Spare:
    """A forked process that becomes a kernel once it is told how; else it ends with its parent.

    It answers to what jupyter_client asks of a process.

    Parameters
    ----------
    leave : Connection
        What the parent talks through, and the fork must not keep open.
    """

    stdin = stdout = stderr = None

    def __init__(self, leave: Connection) -> None:
        told, self._tell = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._tell)
                leave.close()
                _become_kernel(told)
            finally:
                os._exit(1)
        os.close(told)

    def start(self, command: Sequence[str], env: dict[str, str], cwd: Path | str) -> None:
        """Let it become the kernel that a command line asks for."""
        job = {"command": list(command), "env": env, "cwd": str(cwd)}
        with os.fdopen(self._tell, "wb") as pipe:
            pipe.write(json.dumps(job).encode())

    def poll(self) -> int | None:
        """Give how it ended: 0, an exit code, or minus a signal; None while it runs."""
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int | None:
        """Wait for its end."""
        while self.poll() is None:
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def keep_spare(leave: Connection) -> None:
    """Fork a spare for the next kernel of this process, which must not have threads yet."""
    _kept.append(Spare(leave))


def _become_kernel(told: int) -> None:
    """Wait for the command, then run the kernel; the exit code is the kernel's."""
    os.setsid()
    with os.fdopen(told, "rb") as pipe:
        content = pipe.read()
    if not content:  # the study's process has ended, or needs none
        os._exit(0)
    job = json.loads(content)
    os.environ.clear()
    os.environ.update(job["env"])
    os.chdir(job["cwd"])
    multiprocessing.current_process().daemon = False  # a notebook may have processes of its own
    for name in [name for name, module in sys.modules.items() if module is None]:
        del sys.modules[name]
    _limit_threads(int(os.environ.get("OMP_NUM_THREADS") or 0))
    gc.freeze()  # what was imported is not looked at again
    module = job["command"][2]  # python -m module …
    parent = os.environ["JPY_PARENT_PID"]  # ipykernel read it when it was imported, long ago
    sys.argv = [module, *job["command"][3:], f"--IPKernelApp.parent_handle={parent}"]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=False)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _limit_threads(number: int) -> None:
    """Hold numeric libraries, which are loaded already, to a number of threads."""
    if number > 0:
        from threadpoolctl import threadpool_limits

        threadpool_limits(number)


class ForkedProvisioner(LocalProvisioner):
    """What starts a kernel for jupyter_client: the spare where there is one."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Start a kernel with a command line."""
        if not _kept:
            return await super().launch_kernel(cmd, **kwargs)
        spare = _kept.pop()
        env = kwargs.get("env") or dict(os.environ)
        self.cwd = kwargs.get("cwd") or Path.cwd()
        spare.start(cmd, env | {"JPY_PARENT_PID": str(os.getpid())}, self.cwd)
        self.process = spare  # type: ignore[assignment]  # it answers like a Popen
        self.pid = self.pgid = spare.pid
        return self.connection_info


# an entry point of the package would do the same, but for everybody's kernels
KernelProvisionerFactory.provisioners[PROVISIONER] = EntryPoint(
    PROVISIONER, f"{__name__}:{ForkedProvisioner.__name__}", KernelProvisionerFactory.GROUP_NAME
)
