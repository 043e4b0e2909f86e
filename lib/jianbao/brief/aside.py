"""Every ledger row behind an issue's figures, written beside it: too many for the notebook. Imports figures, store.

A run names the folder in JIANBAO_ASIDE; whoever explores asks a reading for its rows instead.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jianbao.brief.figures import Figures, rows_as_text

if TYPE_CHECKING:
    import pandas as pd

NAME = "rows.json"
_PLACE = ["file", "sheet", "row", "unit"]


def write(figures: Figures) -> Path | None:
    """All rows of all figures as JSON: [{title, columns, rows: [[figure ids, file, sheet, row, unit, values…]]}], one for each
    ledger, each row once, by unit, file and row. None when no run asked for it."""
    folder = os.environ.get("JIANBAO_ASIDE")
    if not folder:
        return None
    path = Path(folder) / NAME
    path.write_text(json.dumps(tables(figures), ensure_ascii=False), encoding="utf-8")
    return path


def tables(figures: Figures) -> list[dict[str, Any]]:
    """See `write`; ledgers in order of code."""
    import pandas as pd

    found: dict[str, list[pd.DataFrame]] = {}
    cube = None
    for id_, frame, of in figures.frames():
        cube = of
        for name, part in frame.groupby("ledger_name", sort=False):
            found.setdefault(str(name), []).append(part.assign(figure=id_))
    if cube is None:
        return []
    ledgers = cube.definitions.ledgers
    order = {u.code: n for n, u in enumerate(cube.workspace.register_at(cube.as_of).units)}
    out = []
    for name in sorted(found, key=lambda n: ledgers[n].code):
        every = pd.concat(found[name], ignore_index=True)
        every = every.assign(at=every["unit"].map(order)).sort_values(["at", "file", "row"], kind="stable", ignore_index=True)
        rows, used = _once(every, ["unit", *ledgers[name].columns, "period"] if every["file"].eq("").all() else _PLACE)
        said = rows_as_text(rows, cube, len(rows), what_for=False)
        columns = [c.title for c in ledgers[name].columns.values() if c.sensitivity != "restricted"]
        columns += ["已更正"] if any("已更正" in dict(r.values) for r in said) else []
        out.append({"title": ledgers[name].title, "columns": columns,
                    "rows": [[ids, r.file, r.sheet, r.row, r.unit, *(dict(r.values).get(c, "") for c in columns)]
                             for ids, r in zip(used, said, strict=True)]})
    return out


def _once(frame: pd.DataFrame, place: list[str]) -> tuple[pd.DataFrame, list[list[str]]]:
    """Each row of a sheet once, in its latest state, and the figures that count it."""
    key = frame[[c for c in place if c in frame]].astype(str).fillna("").agg("\x1f".join, axis=1)
    used = frame.groupby(key, sort=False)["figure"].agg(lambda ids: list(dict.fromkeys(ids)))
    rows = frame[~key.duplicated(keep="last")]
    return rows.reset_index(drop=True), [used[k] for k in key[rows.index]]
