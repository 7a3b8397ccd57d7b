"""How does one notebook run: which kernel, which limits, and what stopped it?

This is the one place that knows papermill. Its output file is not believed (it calls cells
completed after a kernel's death); what it raises and what the cells hold is.
"""

import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill import execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import (
    NBClientEngine,
    NotebookExecutionManager,
    papermill_engines,
)
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from kamlab.studies.checks import cell_name
from kamlab.studies.spare import PROVISIONER

# Text that one cell may print, in characters; what is beyond is cut and the reader told.
PRINT_LIMIT = 200_000
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# How an error raised in a cell is told: by the name of its class, since only that arrives here.
_STATUS = {"DataRefusedError": "refused", "UsageError": "usage"}


class _Kernel(AsyncKernelManager):
    """A kernel of this very Python, whatever kernel the machine calls python3."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[
                sys.executable,
                *("-m", "kamlab.studies.kernel", "-f", "{connection_file}"),
                *("--HistoryManager.enabled=False", "--IPKernelApp.log_level=ERROR"),
            ],
            display_name="kamlab",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": PROVISIONER}},
        )


class Warm:
    """A kernel that stays for the next notebook, which finds modules imported and no variable.

    Parameters
    ----------
    sockets : Path
        A private folder with a short absolute path, for this kernel alone.
    """

    def __init__(self, sockets: Path) -> None:
        self.manager = _Kernel(config=_config(sockets))
        self.client: Any = None

    def close(self) -> None:
        """End the kernel; it has nothing to save."""
        if self.client is not None:
            self.client.stop_channels()
        if self.manager.has_kernel:
            run_sync(self.manager.shutdown_kernel)(now=True)
        run_sync(self.manager.cleanup_resources)()


class _Client(PapermillNotebookClient):
    """A client that keeps no more of a cell's prints than a page should carry."""

    printed: tuple[int, int] = (-1, 0)
    warm: Warm | None = None

    def papermill_execute_cells(self) -> None:
        """Run all cells, in a warm kernel as if it were new."""
        if self.warm is not None:
            self.warm.client = self.kc
            forget = "get_ipython().reset(new_session=True)"
            self.wait_for_reply(self.kc.execute(forget, silent=True, store_history=False))
        super().papermill_execute_cells()

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Drop prints beyond the limit, with one line that says so."""
        if msg["msg_type"] == "stream":
            before = self.printed[1] if self.printed[0] == cell_index else 0
            after = before + len(msg["content"]["text"])
            self.printed = (cell_index, after)
            if before > PRINT_LIMIT:
                return None
            if after > PRINT_LIMIT:
                kept = msg["content"]["text"][: PRINT_LIMIT - before]
                msg["content"]["text"] = (
                    f"{kept}\n… cut: the cell printed more than a page can hold\n"
                )
                cell["metadata"]["kamlab_cut"] = True
        return super().process_message(msg, cell, cell_index)


def _config(sockets: Path) -> Config:
    """Let a kernel talk through files in a private folder."""
    return Config(
        {
            "KernelManager": {
                "transport": "ipc",
                "ip": str(sockets / "k"),
                "connection_file": str(sockets / "kernel.json"),
            }
        }
    )


def _refuse_exit(cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any]) -> None:
    """Stop where a cell asks to leave: the kernel would go on for a moment and then end."""
    del cell, cell_index
    payload = execute_reply.get("content", {}).get("payload", [])
    if any(entry.get("source") == "ask_exit" for entry in payload):
        raise RuntimeError("exit() ends a notebook before its end")


class _Engine(NBClientEngine):
    """Papermill's engine with our kernel and client."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        **options: Any,  # noqa: ANN401  whatever execute_notebook was given
    ) -> None:
        """Run the cells; the notebook is handed out so that it can be seen after a failure."""
        options["seen"].append(nb_man.nb)
        warm: Warm | None = options["warm"]
        client = _Client(
            nb_man,
            km=warm and warm.manager,
            kernel_name=kernel_name,
            kernel_manager_class=_Kernel,
            config=_config(options["sockets"]),
            timeout=options["cell_timeout"],
            startup_timeout=120,
            shutdown_kernel="immediate",
            coalesce_streams=True,
            raise_on_iopub_timeout=False,
            iopub_timeout=20,
            on_cell_start=options["on_cell"],
            on_cell_executed=_refuse_exit,
            log=logging.getLogger("kamlab.studies"),
        )
        if warm is not None:
            client.warm, client.kc = warm, warm.client
        client.execute()


papermill_engines.register("kamlab", _Engine)


def run_notebook(
    path: Path,
    parameters: dict[str, Any],
    *,
    sockets: Path,
    cwd: Path,
    cell_timeout: int | None,
    on_cell: Callable[..., None],
    warm: Warm | None = None,
) -> tuple[NotebookNode, dict[str, Any] | None]:
    """Run a notebook with parameters that were checked before.

    Parameters
    ----------
    path : Path
        The notebook.
    parameters : dict
        Values by name.
    sockets : Path
        A private folder with a short absolute path, for the kernel's sockets.
    cwd : Path
        Folder in which the cells run.
    cell_timeout : int or None
        Seconds a cell may take.
    on_cell : callable
        Called with `cell_index` before each cell.
    warm : Warm, optional
        A kernel to run in and to leave; else one of its own is started and ended.

    Returns
    -------
    tuple of NotebookNode and dict or None
        The notebook as far as it came, and what stopped it: `status` (failed, refused, usage or
        timed out), `message`, `cell` and `traceback`.
    """
    source = nbformat.read(path, as_version=4)
    source.metadata["kernelspec"] = {"name": "python3", "language": "python", "display_name": "x"}
    seen: list[Any] = []
    current = {"index": 0}

    def started(cell: NotebookNode, cell_index: int) -> None:
        del cell
        current["index"] = cell_index
        on_cell(cell_index)

    try:
        notebook = execute_notebook(
            source,
            None,
            parameters,
            engine_name="kamlab",
            kernel_name="python3",
            language="python",
            progress_bar=False,
            autosave_cell_every=0,
            request_save_on_cell_execute=False,
            cwd=cwd,
            seen=seen,
            sockets=sockets,
            cell_timeout=cell_timeout,
            on_cell=started,
            warm=warm,
        )
    except PapermillExecutionError as error:
        return seen[-1], _from_cell(seen[-1], error)
    except (DeadKernelError, CellTimeoutError, RuntimeError, TimeoutError) as error:
        cells = seen[-1].cells if seen else source.cells
        return (seen[-1] if seen else source), _from_kernel(cells, current["index"], error)
    return notebook, None


def _from_cell(notebook: NotebookNode, error: PapermillExecutionError) -> dict[str, Any]:
    """Tell what a cell raised."""
    # papermill has put a message of its own on top and before the failing cell
    cells = [
        c for c in notebook.cells if "papermill-error-cell-tag" not in c.metadata.get("tags", [])
    ]
    failing = [
        index
        for index, cell in enumerate(cells)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    where = cell_name(cells, failing[0]) if failing else "a cell"
    status = _STATUS.get(error.ename, "failed")
    text = error.evalue.strip()
    told = (
        text if status != "failed" else f"{where} stopped with {error.ename}: {text}".rstrip(": ")
    )
    return {
        "status": status,
        "message": told,
        "cell": where,
        "traceback": _ANSI.sub("", "\n".join(error.traceback)),
    }


def _from_kernel(cells: list[Any], index: int, error: Exception) -> dict[str, Any]:
    """Tell how the kernel ended."""
    where = cell_name(cells, index)
    if isinstance(error, CellTimeoutError):
        return {
            "status": "timed out",
            "message": f"{where} took longer than a cell may (--cell-timeout).",
            "cell": where,
            "traceback": "",
        }
    message = f"the kernel died in {where}: it was killed, ran out of memory, or a library crashed."
    if not isinstance(error, DeadKernelError):
        message = f"the kernel could not go on in {where}: {error}"
    return {"status": "failed", "message": message, "cell": where, "traceback": ""}
