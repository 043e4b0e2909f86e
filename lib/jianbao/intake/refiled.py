"""A refiled workbook beside the returned one it answers: what became of what was found then. Imports slips, store.

A workbook that comes without a slip number is held against the last one of the same filer that went back for the same
period and ledgers; that is a guess, and is said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from jianbao.definitions.finding import Finding
from jianbao.intake.cells import squash
from jianbao.intake.slips import Slip, slip_number
from jianbao.store import Store
from jianbao.store.answers import Delivered, delivered, sent_back

TOLD = 8
SAME, WORSE, NEW, EXPLAINED = "未改", "仍不对", "新出现", "已说明"


@dataclass(frozen=True)
class Comparison:
    """A file beside the returned one that it answers. `was` says of each finding of the file, in order, what it is since:
    未改, 仍不对 (changed, and still wrong), 新出现, 已说明."""

    answers: str                    # sha256
    slip: str
    file: str
    received_at: datetime
    guessed: bool
    repaired: int
    was: tuple[str, ...]
    waiting: tuple[str, ...] = ()   # titles of what went back and did not come again

    def count(self, *words: str) -> int:
        return sum(w in words for w in self.was)

    @property
    def sentence(self) -> str:
        return (f"已改正 {self.repaired} 处，未改 {self.count(SAME, WORSE)} 处，新出现 {self.count(NEW)} 处，"
                f"已说明 {self.count(EXPLAINED)} 处")

    @property
    def answered(self) -> str:
        how = "没有带回执号，按最近一次退回核对：" if self.guessed else f"对应回执 {self.slip}，"
        return f"{how}{self.received_at.month}月{self.received_at.day}日 {self.received_at:%H:%M} 收到的“{self.file}”"

    @property
    def not_again(self) -> str:
        return f"退回的{'、'.join(f'“{t}”' for t in self.waiting)}这次没有重报" if self.waiting else ""

    def told(self, findings: Sequence[Finding]) -> str:
        """All of it in one line, with the places of what is as it was and of what is new."""
        def places(word: str, *words: str) -> str:
            found = [f"{f.sheet} {f.cell}".strip() or f.message.rstrip("。")
                     for f, w in zip(findings, self.was, strict=False) if w in words]
            return f"{word}：{'、'.join(found[:TOLD])}{'等' if len(found) > TOLD else ''}" if found else ""

        said = (f"{self.answered}", self.sentence, places(SAME, SAME, WORSE), places(NEW, NEW), self.not_again)
        return "。".join(s for s in said if s) + "。"

    def to_json(self, findings: Sequence[Finding] = ()) -> dict[str, Any]:
        """With the findings of the file, in order: which are as they were and which are new."""
        def having(*words: str) -> list[dict[str, Any]]:
            return [f.to_json() for f, w in zip(findings, self.was, strict=False) if w in words]

        return {"slip": self.slip, "answers": self.answers, "file": self.file, "received_at": self.received_at.isoformat(),
                "guessed": self.guessed, "repaired": self.repaired, "unchanged": having(SAME, WORSE), "new": having(NEW),
                "explained": having(EXPLAINED), "waiting": list(self.waiting)}

    def dumps(self) -> str:
        return json.dumps(asdict(self) | {"received_at": self.received_at.isoformat()}, ensure_ascii=False)


def loads(said: str) -> Comparison | None:
    """The comparison that was stored; None when none was."""
    if not said:
        return None
    kept = json.loads(said)
    return Comparison(**kept | {"received_at": datetime.fromisoformat(kept["received_at"]),
                                "was": tuple(kept["was"]), "waiting": tuple(kept["waiting"])})


@dataclass(frozen=True)
class Refiled:
    """A file that may answer another one. `sheets` are (ledger, period) of what it files; findings of the file itself, then
    of its sheets."""

    name: str
    slip: Slip
    filer: str
    received_at: datetime
    sheets: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    of_sheets: tuple[Finding, ...]


@dataclass(frozen=True)
class Answer:
    """What a file answers. `findings` are those of the file itself, with one on its slip if that cannot be."""

    comparison: Comparison | None
    findings: tuple[Finding, ...]
    guess: str = ""


def compared(files: Sequence[Refiled], store: Store, titles: dict[str, str]) -> list[Answer]:
    """What each of a batch answers. `titles` are the ledgers' titles by name."""
    said = {f.slip.sha for f in files if f.slip.number}
    filers = {f.filer for f in files if f.filer and f.sheets}
    if not said and not filers:
        return [Answer(None, f.findings) for f in files]
    known = delivered(store, prefixes=said) if said else []
    by_sha = {d.sha256[:8]: d for d in known}
    back: dict[str, list[Delivered]] = {}
    for d in sent_back(store, filers, {s for f in files for s in f.sheets}):
        back.setdefault(d.filer, []).append(d)
    return [_answer(f, by_sha.get(f.slip.sha) if f.slip.number else None, back.get(f.filer, []), store, titles) for f in files]


def _answer(f: Refiled, named: Delivered | None, back: Sequence[Delivered], store: Store, titles: dict[str, str]) -> Answer:
    finding: Finding | None = None
    if f.slip.number and named is None and not f.slip.named:
        finding = Finding("warning", "slip", f"回执号 {f.slip.number} 查不到。", "不影响收表；请在退给本单位的副本上改后重报。",
                          file=f.name)
    elif named is not None and (wrong := _not_its(f, named)):
        finding = Finding("warning", "slip", f"回执号 {_number(named)} {wrong}。",
                          "请核对填报单位和统计期；如果拿错了副本，请用退给本单位的那一份。", file=f.name)
        named = None
    if finding is not None:
        f = replace(f, findings=(*f.findings, finding))
    if named is not None:
        guess = f"按文件名认作对 {_number(named)} 的重报" if f.slip.named else ""
        return Answer(beside(f, named, titles, guessed=False), f.findings, guess)
    last = _last_returned(f, back, store)
    if last is None:
        return Answer(None, f.findings)
    return Answer(beside(f, last, titles, guessed=True), f.findings, f"没有带回执号，按最近一次退回（{_number(last)}）核对改没改")


def _number(d: Delivered) -> str:
    return slip_number(d.sha256, d.period, d.received_at)


def _not_its(f: Refiled, d: Delivered) -> str:
    """In what a slip does not fit the file that carries it; "" when it does. What is unknown of either fits."""
    if d.filer and f.filer and d.filer != f.filer:
        return f"是退给 {d.filer} 的，这份文件的填报单位是 {f.filer}"
    periods = {s.period for s in d.sheets if s.period} or {d.period} - {""}
    mine = {p for _, p in f.sheets}
    if periods and mine and not periods & mine:
        return f"是 {'、'.join(sorted(periods))} 的，这份文件报的是 {'、'.join(sorted(mine))}"
    return ""


def _last_returned(f: Refiled, back: Sequence[Delivered], store: Store) -> Delivered | None:
    """The last delivery of the filer of which one of these ledgers went back for this period, and nothing came since."""
    mine = set(f.sheets)
    for d in reversed([d for d in back if d.received_at <= f.received_at]):
        went = {(ledger, d.period) for ledger in d.returned if d.period}
        if went & mine and not any(_accepted_since(store, d, ledger, period) for ledger, period in went & mine):
            return d
    return None


def _accepted_since(store: Store, d: Delivered, ledger: str, period: str) -> bool:
    from sqlalchemy import exists, select

    from jianbao.store.catalogue import submissions as t

    later = exists().where(t.c.ledger == ledger, t.c.period == period, t.c.filer == d.filer, t.c.accepted,
                           t.c.received_at >= d.received_at, t.c.delivery != d.id)
    with store.engine.connect() as c:
        return bool(c.execute(select(later)).scalar())


def beside(f: Refiled, d: Delivered, titles: dict[str, str], *, guessed: bool) -> Comparison:
    """The file's findings beside those of what it answers: only of ledgers that came again, and of the file itself."""
    findings = (*f.findings, *f.of_sheets)
    again = {ledger for ledger, _ in f.sheets} | {x.ledger for x in findings if x.ledger}
    old = [x for x in d.findings if not x.ledger or x.ledger in again]
    pairs = paired(old, findings)
    was = []
    for new, n in zip(findings, pairs, strict=True):
        word = NEW if n is None else SAME if old[n].value == new.value else WORSE
        was.append(EXPLAINED if new.explanation else word)
    waiting = tuple(titles.get(x, x) for x in sorted(d.returned - again))
    return Comparison(d.sha256, _number(d), d.name, d.received_at, guessed, len(old) - sum(n is not None for n in pairs),
                      tuple(was), waiting)


def paired(old: Sequence[Finding], new: Sequence[Finding]) -> list[int | None]:
    """For each of `new` the position of the one of `old` that it still is, None when it is a new one.

    The row's key tells first, whatever became of the cell; then the same cell; then the same value in the same column, for
    rows that moved and have no key.
    """
    result: list[int | None] = [None] * len(new)
    free = set(range(len(old)))

    def pass_over(mark: Any) -> None:
        places: dict[Any, list[int]] = {}
        for n in sorted(free, reverse=True):
            if (said := mark(old[n])) is not None:
                places.setdefault(said, []).append(n)
        for i, f in enumerate(new):
            if result[i] is None and (said := mark(f)) is not None and places.get(said):
                result[i] = n = places[said].pop()
                free.discard(n)

    def where(f: Finding) -> tuple[str, ...]:
        return f.rule, f.ledger or squash(f.sheet), f.column

    pass_over(lambda f: (*where(f), f.unit, f.key, f.value) if f.key else None)
    pass_over(lambda f: (*where(f), f.unit, f.key) if f.key else None)
    pass_over(lambda f: (*where(f), f.cell, f.value) if f.cell and not f.key else None)
    # A row that is told by nothing: the same wrong value, one row up or down, is the same mistake.
    pass_over(lambda f: (*where(f), f.unit, f.value) if f.row is not None and not f.key else None)
    pass_over(lambda f: (*where(f), f.cell) if f.cell and not f.key else None)
    pass_over(lambda f: (*where(f), f.message) if f.row is None else None)
    pass_over(lambda f: where(f) if f.row is None else None)
    for i, f in enumerate(new):     # the key itself was missing in one of the two
        n = next((n for n in sorted(free) if f.cell and (*where(f), f.cell) == (*where(old[n]), old[n].cell)
                  and not (f.key and old[n].key)), None) if result[i] is None else None
        if n is not None:
            result[i] = n
            free.discard(n)
    return result
