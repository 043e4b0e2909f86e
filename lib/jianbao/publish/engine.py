"""papermill's engine with the kernel's own stderr kept in a file. Imports papermill, nbclient; nothing of ours.

What a kernel writes to the terminal (warnings of its sockets, notes of native libraries at exit) is no news for whoever
runs a batch, and the only trace there is when it dies. A provisioner of warm kernels would be passed in here.
"""

from __future__ import annotations

import os
from typing import Any

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

NAME = "jianbao"


class Engine(NBClientEngine):  # type: ignore[misc]
    """NBClientEngine; `kernel_log` is an open file, `kernel_env` what the kernel's environment has beside ours."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, log_output: bool = False, stdout_file: Any = None,
                                 stderr_file: Any = None, start_timeout: int = 60, execution_timeout: float | None = None,
                                 kernel_log: Any = None, kernel_env: Any = None, **kwargs: Any) -> Any:
        client = PapermillNotebookClient(nb_man, **merge_kwargs(
            remove_args(["input_path", "timeout", "startup_timeout"], **kwargs), timeout=execution_timeout,
            startup_timeout=start_timeout, kernel_name=kernel_name, log=logger, log_output=log_output,
            stdout_file=stdout_file, stderr_file=stderr_file))
        # Keywords of starting the kernel's process.
        return client.execute(stderr=kernel_log, env={**os.environ, **(kernel_env or {})})


papermill_engines.register(NAME, Engine)
