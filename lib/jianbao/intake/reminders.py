"""催报: short texts for a chat or a mail, by liaison group and by unit, and the files to send. Imports roster.

Factual: what is missing and since when, what was returned and how many places, what waits for an explanation or a paper.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jianbao.definitions.period import Period, month_day
from jianbao.errors import UnknownName, unknown
from jianbao.intake.roster import Entry, Filing, Roster, moment, span

NAMED = 6  # ledgers of one unit that are named in a message
PRESSING = 3  # periods missed one after the other: from here on an answer is asked for by a day
HEAD = "【催报】"
CLOSING = "没有内容的请选“零报送”；退回的请按核查结果改正后重报。"
RESERVED = frozenset(("CON", "PRN", "AUX", "NUL", *(f"{n}{i}" for n in ("COM", "LPT") for i in range(1, 10))))


def by_group(found: Roster) -> dict[str, str]:
    """Liaison group → text; groups with nothing open are left out."""
    groups: dict[str, list[Entry]] = {}
    for e in found.entries:
        if e.asked:
            groups.setdefault(e.group, []).append(e)
    return {group: _group(found, entries) for group, entries in groups.items()}


def by_unit(found: Roster) -> dict[str, str]:
    """Unit → text; units with nothing open are left out."""
    return {e.unit: _unit(found, e) for e in found.entries if e.asked}


def of_unit(found: Roster, said: str) -> str:
    """The text for one unit, by code or name; "" when nothing is open. Raises UnknownName for a unit that owes nothing."""
    mine = [e for e in found.entries if said in (e.unit, e.name)] or [e for e in found.entries if said in (e.filer, e.filer_name)]
    if not mine:
        raise unknown("unit with something due", said, [e.name for e in found.entries] + [e.unit for e in found.entries])
    if len(mine) > 1 and not all(e.filer == mine[0].filer for e in mine):
        raise UnknownName(f"several units are called {said!r}: {', '.join(e.unit for e in mine)}. Write the code.")
    return "\n\n".join(_unit(found, e) for e in mine if e.asked)


def _group(found: Roster, entries: list[Entry]) -> str:
    ask = "以下单位还没有报齐，请尽快报送：" if _late(found) else "请以下单位按时报送："
    lines = [f"{HEAD}{found.period.label}报表{_until(found)}{ask}"]
    by_filer: dict[str, list[Entry]] = {}
    for e in entries:
        by_filer.setdefault(e.filer, []).append(e)
    for number, e in enumerate((e for mine in by_filer.values() for e in mine), 1):
        by = "" if e.filer == e.unit else f"（由{e.filer_name}代报）"
        lines.append(f"{number}. {e.name}{by}：{'；'.join(what(e))}")
    lines.append(_closing(found, entries))
    pressing = [e.name for e in entries if e.longest >= PRESSING]
    if pressing:
        shown = "、".join(pressing[:5]) + (f"等{len(pressing)}个单位" if len(pressing) > 5 else "")
        lines.append(f"连续{PRESSING}期以上未报的（{shown}），请今天回复原因和补报时间。")
    return "\n".join(lines)


def _unit(found: Roster, e: Entry) -> str:
    by = "" if e.filer == e.unit else f"（由{e.filer_name}代报）"
    lines = [f"{HEAD}{e.name}{by}：{found.period.label}报表{_until(found)}" + ("请尽快报送：" if _late(found) else "请按时报送：")]
    lines += [f"{n}. {said}" for n, said in enumerate(what(e), 1)]
    lines.append(_closing(found, [e]))
    if e.longest >= PRESSING:
        lines.append(f"已连续{e.longest}期未报，请今天回复原因和补报时间。")
    return "\n".join(lines)


def _late(found: Roster) -> bool:
    return found.as_of > found.cut_off


def _until(found: Roster) -> str:
    if _late(found):
        return f"已于 {moment(found.cut_off)} 截止，已过 {span(found.left)}，"
    return f"将于 {moment(found.cut_off)} 截止，还有 {span(found.left)}，"


def _closing(found: Roster, entries: Iterable[Entry]) -> str:
    asked = list(entries)
    said = CLOSING if any(e.open for e in asked) else ""
    if any(f.unexplained for e in asked for f in e.filings):
        said += "待说明的请在退回件的“说明”一列写明原因。"
    if found.closed is not None:
        said += "这一期已关账，补报前请联系办公室。"
    return said or "请补齐后一并报送。"


def what(e: Entry) -> list[str]:
    """未报 意见统计表（连续3期，自第40周起）; 退回 学习台账（3处须改正，10月23日退回）; …"""
    parts = []
    for status, say in (("未报", _missing), ("退回", _back)):
        if names := [say(f) for f in e.open if f.status == status]:
            parts.append(f"{status} {some(names)}")
    if waiting := [f"{f.title} {f.unexplained}处" for f in e.filings if f.unexplained]:
        parts.append(f"待说明 {'、'.join(waiting)}")
    if e.awaited:
        parts.append(f"审核退回、待改好重报 {'、'.join(e.awaited)}")
    if e.unwritten:
        parts.append(f"口头更正待书面 {'；'.join(e.unwritten)}")
    if e.stamp_missing:
        parts.append("缺盖章件")
    return parts


def _missing(f: Filing) -> str:
    if len(f.missed) < 2:
        return f.title
    return f"{f.title}（连续{len(f.missed)}期，自{short(f.missed[0], f.missed[-1])}起）"


def _back(f: Filing) -> str:
    said = [f"{f.errors}处须改正"] if f.errors else []
    said += [f"{month_day(f.returned_at.date())}退回"] if f.returned_at else []
    return f"{f.title}（{'，'.join(said)}）" if said else f.title


def some(names: Sequence[str]) -> str:
    """All of a few; of many the first, and how many there are: a message is to be read on a telephone."""
    return "、".join(names) if len(names) <= NAMED else f"{'、'.join(names[:NAMED])}等{len(names)}张表"


def short(period: Period, beside: Period) -> str:
    """第40周; with its year when it is another one than that of the period told beside it."""
    said = period.label.split("（")[0]
    return said.removeprefix(f"{period.ends.year}年") if period.ends.year == beside.ends.year else said


# Files to send

def write(found: Roster, folder: Path) -> list[Path]:
    """A text for each liaison group, one for each unit below units/, and the workbook 催报一览; the paths.

    Texts of an earlier run in the same folder are taken away first: who has filed since is not to be reminded.
    """
    from jianbao.intake.overview import workbook

    units = folder / "units"
    units.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.txt"), *units.glob("*.txt")):
        with old.open(encoding="utf-8", errors="replace") as f:
            ours = f.read(len(HEAD)) == HEAD
        if ours:
            old.unlink()
    names = {e.unit: e.name for e in found.entries}
    texts = [*zip(_names(by_group(found)), by_group(found).values(), strict=True)]
    paths = []
    for name, text in texts:
        paths.append(folder / f"{name}.txt")
        paths[-1].write_text(text + "\n", encoding="utf-8")
    said = by_unit(found)
    for name, text in zip(_names(f"{unit}_{names[unit]}" for unit in said), said.values(), strict=True):
        paths.append(units / f"{name}.txt")
        paths[-1].write_text(text + "\n", encoding="utf-8")
    paths.append(folder / f"催报一览_{found.period.id}.xlsx")
    workbook(found).save(paths[-1])
    return paths


def _names(wanted: Iterable[str]) -> Iterator[str]:
    """Each as a file name that any system takes, none twice, whatever its case and width."""
    used: set[str] = set()
    for text in wanted:
        stem = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]', "_", unicodedata.normalize("NFC", text))
        stem = "".join(c for c in stem if unicodedata.category(c) not in ("Cf", "Co", "Cs")).strip(" .") or "未命名"
        while len(stem.encode()) > 180:
            stem = stem[:-1]
        stem = f"_{stem}" if stem.upper().split(".")[0] in RESERVED else stem
        name, n = stem, 1
        while unicodedata.normalize("NFKC", name).casefold() in used:
            n += 1
            name = f"{stem}_{n}"
        used.add(unicodedata.normalize("NFKC", name).casefold())
        yield name
