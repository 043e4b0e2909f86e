"""Parts in a notebook: display bundles and the %%say cell. Imports parts, markup.

The only module below publish that knows Jupyter.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jianbao.brief.markup import html
from jianbao.brief.parts import MIME, Chart, Part, Sources, to_json
from jianbao.errors import JianbaoError

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief


def bundle(part: Part) -> dict[str, Any]:
    """The part for the eye and, beside it, as JSON for the writers; pictures under their own types."""
    data: dict[str, Any] = {MIME: to_json(part), "text/plain": _plain(part)}
    if isinstance(part, Chart):
        data["image/svg+xml"] = part.svg
        data["image/png"] = b64encode(part.png).decode()
    else:
        data["text/html"] = html(_light(part))
    return data


def _light(part: Part) -> Part:
    """Source rows go to the writers; on the screen `brief.trace("f3")` shows them, and the notebook stays small."""
    if isinstance(part, Sources):
        return replace(part, figures=tuple(replace(f, rows=()) for f in part.figures))
    return part


def display(part: Part) -> None:
    """Shows the part when there is a notebook to show it in."""
    shell = _shell()
    if shell is not None:
        from IPython.display import display as show

        show(bundle(part), raw=True)  # type: ignore[no-untyped-call]


def attach(brief: Brief) -> None:
    """Makes %%say speak for this brief, and our own errors short: one line, no stack of library frames."""
    shell = _shell()
    if shell is None:
        return

    def say(line: str, cell: str | None = None) -> None:
        """%%say [要点|注|按语]: the cell's paragraphs with their braces filled."""
        role = {"": "body", "要点": "keypoint", "注": "note", "落款": "closing", "按语": "remark"}.get(line.strip())
        if role is None:
            raise JianbaoError(f"%%say {line.strip()}: write nothing, 要点, 注 or 按语 after %%say.")
        text = cell if cell is not None else line
        if role == "remark":
            brief.remark(text)
        else:
            brief.say(text, role=role)

    shell.register_magic_function(say, magic_kind="line_cell", magic_name="say")
    shell.set_custom_exc((JianbaoError,), _short_error)


def _short_error(shell: Any, kind: type[BaseException], error: BaseException, _traceback: Any,
                 tb_offset: int | None = None) -> list[str]:
    lines = [f"{kind.__name__}: {error}"]
    shell._showtraceback(kind, error, lines)
    return lines


def _shell() -> Any:
    import sys

    # Plain scripts must not pay for importing IPython.
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if shell is not None and hasattr(shell, "kernel") else None


def _plain(part: Part) -> str:
    return getattr(part, "text", "") or getattr(part, "title", "") or part.kind
