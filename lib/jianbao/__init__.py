"""jianbao (简报): periodic analysis from filed Excel ledgers, in notebooks, with every number traceable.

    import jianbao as jb
    brief = jb.open_brief("2023-W42")

Names are loaded when first used, so that importing costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_NAMES = {
    "open_brief": "jianbao.brief.brief", "Brief": "jianbao.brief.brief",
    "open_workspace": "jianbao.workspace", "Workspace": "jianbao.workspace",
    "Period": "jianbao.definitions.period", "Register": "jianbao.definitions.register",
    "Reading": "jianbao.numbers.readings", "Readings": "jianbao.numbers.readings", "Cube": "jianbao.numbers.cube",
    "receive": "jianbao.intake.inbox", "check": "jianbao.intake.inbox", "roster": "jianbao.intake.roster",
    "house_style": "jianbao.brief.charts", "JianbaoError": "jianbao.errors",
}
_MODULES = {"compare": "jianbao.numbers.compare"}
__all__ = ["__version__", *_NAMES, *_MODULES]

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief, open_brief
    from jianbao.brief.charts import house_style
    from jianbao.definitions.period import Period
    from jianbao.definitions.register import Register
    from jianbao.errors import JianbaoError
    from jianbao.intake.inbox import check, receive
    from jianbao.intake.roster import roster
    from jianbao.numbers import compare
    from jianbao.numbers.cube import Cube
    from jianbao.numbers.readings import Reading, Readings
    from jianbao.workspace import Workspace, open_workspace


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    if name in _MODULES:
        return import_module(_MODULES[name])
    raise AttributeError(f"module 'jianbao' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
