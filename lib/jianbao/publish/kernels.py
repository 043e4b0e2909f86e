"""Executing a notebook through papermill, in a kernel of its own. Imports errors.

Plain kernels; a provisioner that forks warm ones would be chosen here and nowhere else.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jianbao.errors import PublishError

START_SECONDS = 120


def execute(notebook: Path, output: Path, parameters: Mapping[str, Any], *, workspace: Path, seconds: float = 1800) -> None:
    """Runs `notebook` into `output`. Raises PublishError with the cell and its error; `output` then shows how far it got."""
    # jsonschema imports this for a format nobody uses here, at three CPU seconds (jupyterlab brings it along).
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import papermill as pm
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from jianbao.publish import engine

    logging.getLogger("papermill").setLevel(logging.ERROR)
    log = output.with_suffix(".kernel.log")
    try:
        with log.open("wb") as kernel_log:
            pm.execute_notebook(str(notebook), str(output), parameters=dict(parameters), kernel_name=_kernel(),
                                engine_name=engine.NAME, progress_bar=False, log_output=False, kernel_log=kernel_log,
                                kernel_env={"JIANBAO_ASIDE": str(output.parent), "JIANBAO_WORKSPACE": str(workspace),
                                            "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
                                start_timeout=START_SECONDS, execution_timeout=seconds, request_save_on_cell_execute=False)
    except PapermillExecutionError as e:
        raise PublishError(f"{notebook.name}, cell {e.cell_index}: {e.ename}: {e.evalue}\n{_shown(e.source)}") from None
    except DeadKernelError:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        raise PublishError("\n".join([f"{notebook.name}: the kernel died (out of memory, or a crash in a library). "
                                      f"What had run stands in {output.name}. It last said:", *said])) from None
    except CellTimeoutError:
        raise PublishError(f"{notebook.name}: a cell ran longer than {seconds:.0f} s and was stopped.") from None
    finally:
        log.unlink(missing_ok=True)


def _kernel() -> str:
    """The kernel of this very Python: the environment's own `python3`, which ipykernel installs."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        raise PublishError("there is no python3 kernel. Install ipykernel into this environment: "
                           f"{sys.executable} -m pip install ipykernel") from None
    return "python3"


def _shown(source: str, lines: int = 12) -> str:
    kept = source.strip().splitlines()
    return "\n".join(f"    {line}" for line in kept[:lines]) + ("\n    …" if len(kept) > lines else "")
