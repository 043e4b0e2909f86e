"""Open matters from issue to issue, texts of units, and the office's remark."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import jianbao as jb
from hand_world import HandWorld, monday
from jianbao.brief import carried, voices
from jianbao.brief.parts import Prose, Table
from jianbao.definitions.period import Period
from jianbao.errors import BriefError
from jianbao.publish.export import docx, html, pdf, xlsx

OFFICE = "Z01"


@pytest.fixture
def world(tmp_path: Path) -> HandWorld:
    return HandWorld(tmp_path)


def matter(key: str, raised: date, owner: str, due: date, *, closed: date | None = None, answer: str | None = None) -> dict[str, Any]:
    return {"item_id": key, "raised_at": "周会商", "raised_on": raised, "title": f"事项{key}", "owner": owner, "due_date": due,
            "status": "已办结" if closed else "办理中", "closed_on": closed, "answer": answer}


def office_files(world: HandWorld, ledger: str, n: int, *rows: dict[str, Any], at: datetime | None = None) -> None:
    world.file(ledger, n, OFFICE, *rows, at=at)


def brief_of(world: HandWorld, n: int, unit: str = "root", as_of: datetime | None = None) -> jb.Brief:
    return jb.open_brief(f"2023-W{n}", unit, (as_of or monday(n, 12)).isoformat(), workspace=world.workspace, product="weekly")


def texts(brief: jb.Brief, role: str = "body") -> list[str]:
    return [p.text for p in brief.parts if isinstance(p, Prose) and p.role == role]


def open_matters(world: HandWorld) -> None:
    """Week 36: three raised. Week 37: one closed, one raised, and word that the first was closed in week 36 already."""
    office_files(world, "resolutions", 36, matter("Y1", date(2023, 9, 5), "C01", date(2023, 9, 8)),
                 matter("Y2", date(2023, 9, 6), "C02", date(2023, 9, 12)), matter("Y3", date(2023, 9, 7), "D01", date(2023, 9, 30)))
    office_files(world, "resolutions", 37, matter("Y1", date(2023, 9, 5), "C01", date(2023, 9, 8), closed=date(2023, 9, 9), answer="已定"),
                 matter("Y3", date(2023, 9, 7), "D01", date(2023, 9, 30), closed=date(2023, 9, 14), answer="同意"),
                 matter("Y4", date(2023, 9, 13), "C01T1", date(2023, 9, 15)))


def test_what_was_open_is_carried_over_and_adds_up(world: HandWorld) -> None:
    open_matters(world)
    found = carried.carried_of(brief_of(world, 37))
    assert [m.key for m in found.before] == ["Y2", "Y1", "Y3"]
    assert [m.key for m in found.new] == ["Y4"]
    assert {m.key for m in found.closed} == {"Y1", "Y3"}        # Y1's closing came to light only now
    assert [m.key for m in found.open] == ["Y2", "Y4"]          # 5 days late, then 2
    assert len(found.before) + len(found.new) == len(found.closed) + len(found.open)


def test_the_sentence_and_the_table_say_it(world: HandWorld) -> None:
    open_matters(world)
    brief = brief_of(world, 37)
    brief.carried()
    assert texts(brief) == ["议定和请示事项上期转来3项，新增1项，办结2项，未办结2项，全部逾期。"]
    table = brief.parts[-1]
    assert isinstance(table, Table)
    assert [[c.text for c in row] for row in table.rows] == [
        ["事项Y2", "周会商，9月6日", "C02", "9月12日", "办理中，逾期5天", "—"],
        ["事项Y4", "周会商，9月13日", "C01T1", "9月15日", "办理中，逾期2天", "—"],
        ["事项Y1", "周会商，9月5日", "C01", "9月8日", "9月9日办结", "已定"],
        ["事项Y3", "周会商，9月7日", "D01", "9月30日", "9月14日办结", "同意"]]


def test_as_filed_by_the_period_and_known_to_the_brief(world: HandWorld) -> None:
    open_matters(world)
    first = brief_of(world, 36)
    first.carried()
    assert texts(first) == ["议定和请示事项新增3项，没有办结，未办结3项，其中逾期1项。"]
    early = carried.carried_of(brief_of(world, 37, as_of=monday(36, 12)))
    assert [m.key for m in early.open] == ["Y1", "Y2", "Y3"] and early.closed == ()      # week 37's workbook had not come
    told = carried.carried_of(brief_of(world, 38))
    assert told.closed == () and [m.key for m in told.open] == ["Y2", "Y4"]              # what was told closed is told once


def test_a_unit_sees_what_it_and_those_below_it_must_do(world: HandWorld) -> None:
    open_matters(world)
    assert [m.key for m in carried.carried_of(brief_of(world, 37, "C01")).open] == ["Y4"]


def test_nothing_open_says_nothing(world: HandWorld) -> None:
    brief = brief_of(world, 36)
    brief.carried()
    brief.voices()
    assert brief.parts == []


def test_a_product_of_chosen_periods_looks_back_to_its_own_issue_before(tmp_path: Path) -> None:
    """Issued for weeks 36 and 38: what was closed or chosen in week 37 is news in week 38."""
    world = HandWorld(tmp_path, files={"calendar.yml": "cut_off: {days: 1, at: '12:00'}\nonly: {weekly: [2023-W36, 2023-W38]}\n"})
    open_matters(world)
    sent(world, 36, "C01", "LG-1")
    choose(world, 37, ("C01", "LG-1", "采用", None))
    brief = brief_of(world, 38)
    found = carried.carried_of(brief)
    assert [m.key for m in found.closed] == ["Y1", "Y3"] and [m.key for m in found.open] == ["Y2", "Y4"]
    assert sorted(m.key for m in found.before) == ["Y1", "Y2", "Y3"]
    assert [t.key for t in voices.chosen_texts(brief)] == ["LG-1"]


def test_a_campaign_without_the_ledger_says_what_it_needs(world: HandWorld) -> None:
    with pytest.raises(BriefError, match=r"carried needs a ledger visits with the columns raised_at"):
        brief_of(world, 36).carried(ledger="visits")
    with pytest.raises(BriefError, match=r"voices needs a ledger visits with the columns title, text"):
        brief_of(world, 36).voices(ledger="visits")


# 来稿

TEXT = "本镇每周三开设夜间接访，9月以来接访12场，\n现场解决31件。\n\n群众满意率95%。"


def sent(world: HandWorld, n: int, unit: str, *keys: str, text: str = TEXT) -> None:
    world.file("contributions", n, unit, *[{"text_id": key, "column_name": "做法", "title": "夜间接访", "text": text,
                                            "sent_on": Period(f"2023-W{n}").starts} for key in keys])


def choose(world: HandWorld, n: int, *said: tuple[str, str, str, str | None], at: datetime | None = None) -> None:
    office_files(world, "reviews", n, *[
        {"unit": unit, "reviewed": "L19", "item_key": key, "decision": decision, "decided_on": Period(f"2023-W{n}").ends,
         "printed_in": printed} for unit, key, decision, printed in said], at=at)


def test_a_chosen_text_enters_the_first_issue_after_its_choice(world: HandWorld) -> None:
    sent(world, 36, "C01", "LG-1", "LG-2")
    sent(world, 36, "D01", "LG-1")
    choose(world, 36, ("C01", "LG-2", "未用", None))
    choose(world, 37, ("C01", "LG-1", "采用", None))
    assert voices.chosen_texts(brief_of(world, 36)) == []
    brief = brief_of(world, 37)
    assert [t.ref for t in voices.chosen_texts(brief)] == ["C01/LG-1"]
    assert voices.chosen_texts(brief, kind="建议") == []
    assert voices.chosen_texts(brief_of(world, 38)) == []
    brief.voices()
    spoken = [p for p in brief.parts if isinstance(p, Prose) and p.role == "voice"]
    assert [(p.label, p.text, p.ref) for p in spoken] == [
        ("来稿　C01", "夜间接访", "C01/LG-1"),
        ("", "本镇每周三开设夜间接访，9月以来接访12场，现场解决31件。", "C01/LG-1"), ("", "群众满意率95%。", "C01/LG-1")]
    [numbers] = [p for p in brief.parts if isinstance(p, Prose) and p.face == "working"]
    assert numbers.text == "未核数字：9月、12场、31件、95%。来稿原数，请向C01核实。"
    assert len(brief.figures) == 0      # a unit's numbers are bound to nothing


def test_a_choice_that_came_late_is_not_lost(world: HandWorld) -> None:
    sent(world, 36, "C01", "LG-1")
    choose(world, 36, ("C01", "LG-1", "采用", None), at=monday(36, 15))     # after the cut-off of its week
    assert voices.chosen_texts(brief_of(world, 36)) == []
    assert [t.key for t in voices.chosen_texts(brief_of(world, 37))] == ["LG-1"]


def test_the_office_may_say_which_issue(world: HandWorld) -> None:
    sent(world, 36, "C01", "LG-1", "LG-2", "LG-3")
    choose(world, 37, ("C01", "LG-1", "采用", "简报第4期"), ("C01", "LG-2", "采用", "专报第1期"),
           ("C01", "LG-3", "采用", "weekly/2023-W37/root"))
    assert brief_of(world, 37).number[0] == 3
    assert [t.key for t in voices.chosen_texts(brief_of(world, 37))] == ["LG-3"]
    assert [t.key for t in voices.chosen_texts(brief_of(world, 38))] == ["LG-1"]


def test_words_that_were_not_generated_stand_apart_in_every_file(world: HandWorld) -> None:
    sent(world, 36, "C01", "LG-1", text="夜间接访12场。 ☃" + "一" * 40)
    choose(world, 36, ("C01", "LG-1", "采用", None))
    brief = brief_of(world, 36)
    brief.remark("各地可参照{截止日}前的做法。\n\n办公室将继续跟踪。")
    brief.voices()
    document = brief.document
    page = html.write(document).decode()
    assert '<p class="remark whose">按语</p><p class="remark">各地可参照9月' in page.replace('<span class="nb">', "").replace("</span>", "")
    assert '<p class="voice whose">来稿　C01</p>' in page
    assert "未核数字" not in page and "未核数字" in html.write(document, face="working").decode()
    import io

    from docx import Document as Word
    from openpyxl import load_workbook
    from pypdf import PdfReader

    styles = [(p.style.name, p.text) for p in Word(io.BytesIO(docx.write(document))).paragraphs if p.style and p.style.name in
              ("来稿", "按语", "署名")]
    assert [s for s, _ in styles] == ["署名", "按语", "按语", "署名", "来稿", "来稿"]
    assert styles[0][1] == "按语" and styles[3][1] == "来稿　C01"
    rows = list(load_workbook(io.BytesIO(xlsx.write(document)))["来稿和按语"].values)
    assert [r[0] for r in rows[2:]] == ["按语", "按语", "来稿　C01", "来稿　C01"]
    said = "".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf.write(document))).pages)
    assert "来稿" in said and "按语" in said        # and ☃, which no packaged font has, did not stop it
