"""Words that were not generated: chosen texts of units (来稿) and the office's own remark (按语). Imports earlier, parts, markup, braces.

The ledger of texts has the columns title, text, sent_on, and chosen and printed_in, which the office decides in a ledger of
its own. A text enters the first issue after its choice; one whose printed_in names another issue does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from jianbao.brief import braces, prose
from jianbao.brief.earlier import demand, now_and_then
from jianbao.brief.markup import unbroken
from jianbao.brief.parts import Prose, Run
from jianbao.brief.printing import cell

if TYPE_CHECKING:
    from jianbao.brief.brief import Brief
    from jianbao.store import Snapshot

LEDGER, CHOSEN = "contributions", "采用"
COLUMNS = ("title", "text", "sent_on", "chosen", "printed_in")
VOICE, REMARK = "来稿", "按语"


@dataclass(frozen=True)
class Text:
    """A chosen text. `ref` is unit/key."""

    unit: str
    key: str
    kind: str
    title: str
    text: str
    sent_on: date
    printed_in: str

    @property
    def ref(self) -> str:
        return f"{self.unit}/{self.key}"


def chosen_texts(brief: Brief, ledger: str = LEDGER, *, kind: str = "") -> list[Text]:
    """The texts this issue may print, oldest first: chosen by the period's end and not yet at the issue before.

    `kind` picks one value of the ledger's column_name.
    """
    demand(brief, ledger, COLUMNS, "voices")
    now, then, _ = now_and_then(brief, ledger, _texts)
    inside = set(brief.members)
    return [t for ref, t in sorted(now.items(), key=lambda x: (x[1].sent_on, x[0]))
            if t.unit in inside and kind in ("", t.kind)
            and (_names(t.printed_in, brief) if t.printed_in else ref not in then)]


def show(brief: Brief, *, ledger: str, kind: str, limit: int) -> None:
    """Each text under its unit's name, as it was sent; for the working paper, its numbers. See Ahead.voices."""
    labels = {u.code: u.label for u in brief.workspace.register_at(brief.as_of).units}
    for t in chosen_texts(brief, ledger, kind=kind)[:limit]:
        brief.show(Prose((Run(t.title, strong=True),), role="voice", label=f"{VOICE}　{labels.get(t.unit, t.unit)}", ref=t.ref))
        for paragraph in prose.paragraphs(t.text):
            brief.show(Prose((Run(paragraph),), role="voice", ref=t.ref))
        if found := numbers_in(f"{t.title}\n{t.text}"):
            brief.show(Prose((Run("未核数字：", strong=True), Run(f"{'、'.join(found)}。来稿原数，请向{labels.get(t.unit, t.unit)}核实。")),
                             role="note", face="working", ref=t.ref))


def remark(brief: Brief, text: str) -> None:
    """The office's remark, its braces filled. See Ahead.remark."""
    for n, paragraph in enumerate(prose.paragraphs(text)):
        brief.show(Prose(tuple(braces.fill(brief, paragraph)), role="remark", label="" if n else REMARK))


def numbers_in(text: str) -> list[str]:
    """Every number of a text with its measure word, once, in order: 12个, 85%."""
    return list(dict.fromkeys(piece for piece, keep in unbroken(text) if keep and any(c.isdigit() for c in piece)))


def _names(said: str, brief: Brief) -> bool:
    """Whether what the office wrote under printed_in means this issue: 简报第9期, 第9期, or product/period/unit."""
    name, _, number = said.strip().partition("第")
    return said.strip() == brief.issue or (bool(brief.number[0]) and number == f"{brief.number[0]}期"
                                           and name.strip() in brief.product.name)


def _texts(snapshot: Snapshot, ledger: str, on: date) -> dict[str, Text]:
    """unit/key → the chosen text, as decided by the end of `on`."""
    key = snapshot.ledger(ledger).key[0]
    rows = snapshot.state(ledger, on) if snapshot.ledger(ledger).by_key else snapshot.source(ledger)
    found: list[dict[str, Any]] = snapshot.connection.sql(
        f"select * from {snapshot.decided(ledger, rows, on)} r where chosen = '{CHOSEN}' and sent_on <= date '{on}'"
    ).to_arrow_table().to_pylist()
    texts = [Text(r["unit"], str(r[key]), cell(r.get("column_name")), cell(r["title"]), cell(r["text"]), r["sent_on"],
                  cell(r["printed_in"])) for r in found]
    return {t.ref: t for t in texts}
