"""A seeded, invented world of about 5,000 units and a chosen number of ledger rows, filed week by week through Store.

    python bench/world.py DIR --rows 1000000

makes a workspace: DIR/params is the project's own with the campaign stretched to a year, DIR/data/store the rows.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "lib"))

from jianbao.store import Delivery, Received, Submission  # noqa: E402
from jianbao.workspace import Workspace, open_workspace  # noqa: E402

STARTS, WEEKS = date(2023, 1, 2), 52
MISSES, REFILES = 0.03, 0.03
# Some units close or open here: inside the week that is measured (2023-W42), and at mid-year.
CLOSINGS = (date(2023, 6, 30), date(2023, 10, 18))
COUNTIES, AGENCIES, TOWNSHIPS, VILLAGES, FIRMS = 12, 40, 20, 15, 3
BIG = {"study": ("市四套班子", "市直机关", "县(市、区)", "县直机关", "国有企业", "乡镇(街道)"),
       "visits": ("市四套班子", "市直机关", "县(市、区)", "县直机关"),
       "problems": ("市四套班子", "市直机关", "县(市、区)", "县直机关", "国有企业", "乡镇(街道)"),
       "opinions": ("市直机关", "县(市、区)", "县直机关", "乡镇(街道)"),
       "group_study": ("县(市、区)", "国有企业", "乡镇(街道)", "村(社区)", "两企三新")}
CHANNELS = np.array(["访民情", "座谈", "信箱", "热线", "信访"], object)
MEMBERS = np.array(["省派驻村", "三新", "流动", "年老体弱", "其他"], object)
TOPICS = np.array([f"第{n}专题学习与研讨" for n in range(1, 61)], object)
SUMMARIES = np.array([f"第{n}类问题：流程不够清楚，办理时限偏长" for n in range(1, 200)], object)


@dataclass(frozen=True)
class Units:
    """Parallel arrays over all units of the register; `group` is who files together (one workbook a week)."""

    code: Any
    parent: Any
    org_type: Any
    level: Any
    group: Any
    opens: Any                          # datetime64[D]
    closes: Any                         # datetime64[D], NaT for never

    def filers(self, ledger: str) -> Any:
        return np.flatnonzero(np.isin(self.org_type, BIG[ledger]))


def units(rng: np.random.Generator) -> Units:
    rows: list[tuple[str, str, str, str, int]] = [("root", "", "汇总节点", "市", 0), ("Z01", "root", "主题办", "市", 0)]
    rows += [(f"S{n:02d}", "root", "市四套班子", "市", 0) for n in range(1, 5)]
    rows += [(f"J{n:02d}", "root", "市直机关", "市", 0) for n in range(1, 61)]
    rows += [(f"Q{n:02d}", "root", "国有企业", "市", 0) for n in range(1, 21)]
    for c in range(1, COUNTIES + 1):
        county = f"C{c:02d}"
        rows.append((county, "root", "县(市、区)", "县", c))
        rows += [(f"{county}J{n:02d}", county, "县直机关", "县", c) for n in range(1, AGENCIES + 1)]
        for t in range(1, TOWNSHIPS + 1):
            township = f"{county}T{t:02d}"
            rows.append((township, county, "乡镇(街道)", "乡", c))
            rows += [(f"{township}V{n:02d}", township, "村(社区)", "村", c) for n in range(1, VILLAGES + 1)]
            rows += [(f"{township}F{n:02d}", township, "两企三新", "村", c) for n in range(1, FIRMS + 1)]
    code, parent, org_type, level, group = (np.array(x, object) for x in zip(*rows, strict=True))
    n = len(code)
    opens = np.full(n, np.datetime64(STARTS) - 400, "datetime64[D]")
    closes = np.full(n, np.datetime64("NaT"), "datetime64[D]")
    closing = rng.choice(np.flatnonzero(np.isin(org_type, ["县直机关", "村(社区)", "两企三新"])), 60, replace=False)
    closes[closing[:20]], closes[closing[20:40]] = (np.datetime64(d) for d in CLOSINGS)
    opens[closing[40:]] = np.datetime64(CLOSINGS[0]) + 1
    return Units(code, parent, org_type, level, group.astype(np.int64), opens, closes)


def build(folder: Path, rows: int, seed: int = 1) -> Workspace:
    """A workspace in `folder` with about `rows` ledger rows; the one that stands there when it was made the same way."""
    done = folder / "made"
    said = f"{rows} {seed} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"
    if done.exists() and done.read_text() == said:
        return open_workspace(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "params", folder / "params")
    campaign = folder / "params" / "campaign.yml"
    text = campaign.read_text(encoding="utf-8").splitlines()
    last = STARTS + timedelta(weeks=WEEKS, days=-1)
    said_dates = {"starts": STARTS, "ends": last}
    campaign.write_text("\n".join(next((f"{k}: {v}" for k, v in said_dates.items() if line.startswith(f"{k}:")), line)
                                  for line in text) + "\n", encoding="utf-8")
    shutil.rmtree(folder / "params" / "corrections", ignore_errors=True)
    workspace = open_workspace(folder)
    Filing(workspace, rows, np.random.default_rng(seed)).run()
    done.write_text(said)
    return workspace


class Filing:
    """Every week: what each group of units files, what some of them file again a week later, and the office's ledgers."""

    def __init__(self, workspace: Workspace, rows: int, rng: np.random.Generator) -> None:
        self.workspace, self.rng = workspace, rng
        self.units = units(rng)
        self.periods = [workspace.definitions.campaign.period_of(STARTS + timedelta(weeks=w)) for w in range(WEEKS)]
        of = {name: len(self.units.filers(name)) * WEEKS for name in BIG}
        self.rate = {"opinions": min(0.10 * rows / of["opinions"] / 5, 0.98),
                     "group_study": min(0.12 * rows / of["group_study"] / 5, 0.98)}
        rest = rows - sum(self.rate[x] * of[x] * 5 for x in self.rate) - 12_000
        self.rate |= {"study": 0.40 * rest / of["study"], "visits": 0.21 * rest / of["visits"]}
        self.problems = Problems(self.units, max(int(0.39 * rest / 4.7), 100), rng)
        self.publications = self._publications()
        self.refiled: list[tuple[str, int, pa.Table, Any]] = []

    def run(self) -> None:
        self._receive(datetime.combine(STARTS - timedelta(days=3), time(9)), self._masters())
        for week, period in enumerate(self.periods):
            at = datetime.combine(period.ends + timedelta(days=1), time(10))
            again, self.refiled = self.refiled, []
            items = [self._workbooks(name, w, table, covered, at, again=True) for name, w, table, covered in again]
            for name in BIG:
                items.append(self._workbooks(name, week, *self._filed(name, week), at))
            items.append(self._workbooks("launch", week, *self._launch(week), at))
            items.append([self._office("reviews", week, self.problems.reviews(week), at),
                          self._office("publications", week, self._published(week), at)])
            self._receive(at, [x for item in items for x in item])

    def _receive(self, at: datetime, received: list[Received]) -> None:
        with self.workspace.store.lock():
            self.workspace.store.receive(received, received_at=at)

    # What is filed

    def _filed(self, name: str, week: int) -> tuple[pa.Table, Any]:
        """The week's rows, by group and unit, and the units covered. Some of them are filed again next week."""
        u, rng = self.units, self.rng
        day = np.datetime64(self.periods[week].ends)
        filers = u.filers(name)
        filers = filers[(u.opens[filers] <= day) & ~(u.closes[filers] < day)]
        covered = filers[rng.random(len(filers)) >= MISSES]
        table = getattr(self, f"_{name}")(covered, week)
        again = covered[rng.random(len(covered)) < REFILES]
        self.refiled.append((name, week, table.filter(pa.array(np.isin(table.column("at").to_numpy(), again))), again))
        return table, covered

    def _study(self, covered: Any, week: int) -> pa.Table:
        rng = self.rng
        at = self._spread(covered, rng.poisson(self.rate["study"], len(covered)))
        n = len(at)
        days = rng.integers(1, 7, n) / 2
        start = self._days(week, n, before=0.05)
        should = rng.integers(5, 60, n)
        return self._table(at, start, {
            "study_type": _pick(rng, ["读书班", "中心组", "专题研讨", "现场教学", "辅导报告"], n, [.15, .35, .25, .1, .15]),
            "start_date": start, "end_date": start + (np.ceil(days) - 1).astype("timedelta64[D]"), "days": days,
            "topic": TOPICS[rng.integers(0, len(TOPICS), n)], "should": should, "actual": (should * rng.uniform(.6, 1, n)).astype(int)})

    def _visits(self, covered: Any, week: int) -> pa.Table:
        rng = self.rng
        at = self._spread(covered, rng.poisson(self.rate["visits"], len(covered)))
        n = len(at)
        when, found = self._days(week, n, before=0.05), rng.integers(0, 8, n)
        place = self.units.code[rng.integers(2, len(self.units.code), n)]
        place[rng.random(n) < 0.1] = None
        leader = self.units.code[at] + np.array([f"-ZZ-{k:02d}" for k in range(12)], object)[rng.integers(0, 12, n)]
        return self._table(at, when, {
            "visit_date": when, "leader_code": leader,
            "leader_rank": _pick(rng, ["市级", "县处级", "乡科级"], n, [.1, .6, .3]), "place_unit": place,
            "found": found, "solved_on_site": np.minimum(found, rng.integers(0, 8, n)), "with_reception": rng.random(n) < 0.2})

    def _opinions(self, covered: Any, week: int) -> pa.Table:
        rng = self.rng
        at, channel = np.repeat(covered, 5), np.tile(np.arange(5), len(covered))
        kept = rng.random(len(at)) < self.rate["opinions"]
        at, channel = at[kept], channel[kept]
        n, petitions = len(at), channel == 4
        opened, new, heard = rng.integers(0, 30, n), rng.integers(0, 5, n), rng.integers(0, 200, n)
        solved = np.minimum(opened + new, rng.integers(0, 6, n))

        def only(values: Any) -> pa.Array:
            return pa.array(values, pa.int64(), mask=~petitions)

        return self._table(at, self._last(week, n), {
            "channel": CHANNELS[channel], "opinions": heard, "replied": (heard * rng.random(n)).astype(int),
            "backlog_open": only(opened), "backlog_new": only(new), "backlog_resolved": only(solved),
            "backlog_close": only(opened + new - solved)})

    def _group_study(self, covered: Any, week: int) -> pa.Table:
        rng = self.rng
        at, member = np.repeat(covered, 5), np.tile(np.arange(5), len(covered))
        kept = rng.random(len(at)) < self.rate["group_study"]
        at, member = at[kept], member[kept]
        n = len(at)
        should = 10 + (at * 7 + member * 13) % 300
        return self._table(at, self._last(week, n), {
            "member_group": MEMBERS[member], "should": should,
            "done": np.minimum(should, (should * (week + 1 + rng.integers(-2, 3, n)).clip(0) / 50).astype(int)),
            "mode": _pick(rng, ["集中", "线上送学", "线下寄学", "上门"], n, [.4, .3, .1, .2]), "copies": rng.integers(0, 80, n)})

    def _problems(self, covered: Any, week: int) -> pa.Table:
        at, columns = self.problems.versions(week, covered)
        return self._table(at, columns["registered_on"], columns)

    def _launch(self, week: int) -> tuple[pa.Table, Any]:
        """Each campaign unit files its launch once, in one of the first ten weeks."""
        rng, u = self.rng, self.units
        day = np.datetime64(self.periods[week].ends)
        due = np.flatnonzero(~np.isin(u.org_type, ["汇总节点", "主题办"]) & (u.opens <= day) & ~(u.closes < day))
        covered = due[(due * 2654435761 % 97) % 10 == week] if week < 10 else due[:0]
        at = np.repeat(covered, 1 + (rng.random(len(covered)) < 0.3))
        when = self._days(week, len(at))
        first = np.r_[True, at[1:] != at[:-1]] if len(at) else np.zeros(0, bool)
        return self._table(at, when, {
            "event_type": np.where(first, "动员会", "方案印发").astype(object), "held_on": when,
            "doc_title": np.where(first, None, "工作方案")}), covered

    def _publications(self) -> dict[str, Any]:
        rng, n = self.rng, 4 * WEEKS
        week = np.sort(rng.integers(0, WEEKS, n))
        kind = _pick(rng, ["简报", "专报", "分类指导清单", "情况通报"], n, [.5, .25, .15, .1])
        number = np.array([int((kind[:k] == kind[k]).sum()) + 1 for k in range(n)])
        issued = np.datetime64(STARTS) + week * 7 + rng.integers(0, 7, n)
        sent = rng.random(n) < 0.5
        return {"week": week, "doc_type": kind, "issue_no": number, "issued_on": issued, "sent_up": sent,
                "adopted": np.where(sent & (rng.random(n) < 0.4), rng.integers(1, 4, n), 0),
                "adopted_on": issued + rng.integers(3, 40, n)}

    def _published(self, week: int) -> pa.Table:
        p, last = self.publications, np.datetime64(self.periods[week].ends)
        kept = p["week"] <= week
        used = (p["adopted"] > 0) & (p["adopted_on"] <= last)
        n = int(kept.sum())
        return self._table(np.ones(n, np.int64), p["issued_on"][kept], {
            "doc_type": p["doc_type"][kept], "issue_no": p["issue_no"][kept], "total_no": np.arange(1, n + 1),
            "title": TOPICS[np.arange(n) % len(TOPICS)], "issued_on": p["issued_on"][kept], "sent_up": p["sent_up"][kept],
            "adopted": pa.array(p["adopted"][kept], pa.int64(), mask=~used[kept]),
            "adopted_on": pa.array(p["adopted_on"][kept], pa.date32(), mask=~used[kept])})

    # As tables and workbooks

    def _spread(self, covered: Any, counts: Any) -> Any:
        return np.repeat(covered, counts)

    def _days(self, week: int, n: int, before: float = 0.0) -> Any:
        """Days of the week; a share `before` of them up to a month earlier (补报)."""
        day = np.datetime64(self.periods[week].starts) + self.rng.integers(0, 7, n)
        earlier = self.rng.random(n) < before
        return np.maximum(day - np.where(earlier, self.rng.integers(7, 35, n), 0), np.datetime64(STARTS))

    def _last(self, week: int, n: int) -> Any:
        return np.full(n, np.datetime64(self.periods[week].ends), "datetime64[D]")

    def _table(self, at: Any, when: Any, columns: dict[str, Any]) -> pa.Table:
        """Rows with `at`, the unit's position, in front; the caller's rows are in order of units, hence of groups."""
        made = {"at": pa.array(at, pa.int64()), "unit": pa.array(self.units.code[at], pa.string()),
                "row": pa.array(np.arange(4, 4 + len(at)), pa.int32()), "date": pa.array(when, pa.date32())}
        for name, values in columns.items():
            made[name] = values if isinstance(values, pa.Array) else pa.array(
                values, pa.string()) if values.dtype == object else pa.array(values)
        return pa.table(made)

    def _workbooks(self, name: str, week: int, table: pa.Table, covered: Any, at: datetime, *,
                   again: bool = False) -> list[Received]:
        """One workbook a group: a county for all its units, the city's own units together."""
        group = self.units.group
        row_group = group[table.column("at").to_numpy()]
        found = []
        for g in np.unique(group[covered]):
            first, last = np.searchsorted(row_group, [g, g + 1])
            rows = table.slice(first, last - first).drop_columns(["at"])
            members = covered[group[covered] == g]
            found.append(self._received(name, week, f"C{g:02d}" if g else "Z01", tuple(self.units.code[members]), rows, at,
                                        again=again))
        return found

    def _office(self, name: str, week: int, table: pa.Table, at: datetime) -> Received:
        return self._received(name, week, "Z01", ("Z01",), table.drop_columns(["at"]), at)

    def _received(self, name: str, week: int, filer: str, codes: tuple[str, ...], rows: pa.Table, at: datetime, *,
                  again: bool = False) -> Received:
        period = self.periods[week]
        content = f"{name} {period.id} {filer} {again}".encode()
        ledger = self.workspace.definitions.ledgers[name]
        submission = Submission(ledger=name, period=period.id, period_ends=period.ends, filer=filer, units=codes,
                                nil=rows.num_rows == 0, sheet=ledger.title, accepted=True, late=again, rows=rows)
        delivery = Delivery(hashlib.sha256(content).hexdigest(), f"{filer}-{name}-{period.id}.xlsx", len(content), filer, at,
                            "stored")
        return Received(delivery, content, (submission,))

    def _masters(self) -> list[Received]:
        u, rng, n = self.units, self.rng, len(self.units.code)
        at = np.arange(n)
        begins = np.full(n, np.datetime64(STARTS))
        campaign = ~np.isin(u.org_type, ["汇总节点", "主题办"])
        register = self._table(at, begins, {
            "code": u.code, "name": u.code + np.array(["单位"], object), "short_name": u.code,
            "parent": np.where(u.parent == "", None, u.parent), "level": u.level, "org_type": u.org_type,
            "campaign_unit": campaign, "batch": np.where(campaign, "第二批", None), "files": u.org_type != "汇总节点",
            "valid_from": u.opens, "valid_to": u.closes})
        later = np.sort(rng.choice(n, n // 5, replace=False))
        both, when = np.r_[at, later], np.r_[begins, np.full(len(later), np.datetime64("2023-07-01"))]
        m = len(both)
        bases = self._table(both, when, {"base_date": when} | {name: rng.integers(low, high, m) for name, low, high in (
            ("teams_due", 0, 2), ("team_members", 5, 12), ("leaders_county_up", 0, 6), ("party_org_count", 1, 20),
            ("members", 20, 400), ("village_officials", 0, 4), ("members_new_sector", 0, 30), ("members_floating", 0, 30),
            ("members_elderly", 0, 40), ("backlog_base", 0, 12))})
        counties = np.flatnonzero(u.org_type == "县(市、区)")
        k = np.arange(len(counties))
        groups = self._table(counties, np.full(len(k), np.datetime64(STARTS)), {
            "district": np.array([f"P{x // 4}" for x in k], object), "district_name": np.array([f"第{x // 4}片区" for x in k], object),
            "team": np.array([f"L{x // 2}" for x in k], object), "team_name": np.array([f"第{x // 2}组" for x in k], object),
            "valid_from": np.full(len(k), np.datetime64(STARTS))})
        at = datetime.combine(STARTS - timedelta(days=3), time(9))
        found = []
        for name, table in (("register", register), ("bases", bases), ("groups", groups)):
            content = name.encode()
            found.append(Received(
                Delivery(hashlib.sha256(content).hexdigest(), f"{name}.xlsx", len(content), "Z01", at, "stored"), content,
                (Submission(name, "", STARTS, "Z01", ("Z01",), False, name, True, False, table.drop_columns(["at"])),)))
        return found


class Problems:
    """The life of each problem: registered, reviewed, perhaps returned and refiled, worked on, closed, rechecked."""

    def __init__(self, u: Units, n: int, rng: np.random.Generator) -> None:
        self.units, self.rng = u, rng
        filers = u.filers("problems")
        self.unit = np.sort(rng.choice(filers, n))
        first = np.searchsorted(self.unit, self.unit)
        self.id = np.array([f"WT-{k:04d}" for k in range(1, int((np.arange(n) - first).max(initial=0)) + 2)],
                           object)[np.arange(n) - first]
        begin = np.minimum(rng.geometric(0.05, n) - 1, WEEKS - 1)
        monday = np.datetime64(STARTS)
        self.registered = monday + begin * 7 + rng.integers(0, 7, n)
        self.due = self.registered + rng.integers(30, 150, n)
        self.returned = rng.random(n) < 0.15
        self.reviewed = rng.random(n) < 0.95
        self.decided = self.registered + 7 + rng.integers(0, 5, n)               # the first decision
        self.refiled = self.decided + rng.integers(3, 18, n)
        self.accepted = np.where(self.returned, self.refiled + 5, self.decided)
        self.closed = self.registered + rng.integers(20, 220, n)
        never = rng.random(n) < 0.15
        self.closed[never] = monday + 10_000
        self.source = _pick(rng, ["自己找", "上级点", "群众提"], n, [.6, .2, .2])
        self.subject = _pick(rng, ["领导班子", "领导干部"], n, [.7, .3])
        self.summary = SUMMARIES[rng.integers(0, len(SUMMARIES), n)]
        closing = ((self.closed - monday).astype(int) // 7)
        filed = [(np.arange(n), begin), (np.flatnonzero(closing < WEEKS), closing[closing < WEEKS])]
        for _ in range(3):                                                        # progress in between
            when = begin + rng.integers(1, 30, n)
            kept = np.flatnonzero(when < np.minimum(closing, WEEKS))
            filed.append((kept, when[kept]))
        late = (self.refiled - monday).astype(int) // 7
        kept = np.flatnonzero(self.returned & (late < WEEKS))
        filed.append((kept, late[kept]))
        which = np.concatenate([a for a, _ in filed])
        week = np.concatenate([b for _, b in filed])
        pairs = np.unique(week * n + which)
        self.version_week, self.version_of = np.divmod(pairs, n)

    def versions(self, week: int, covered: Any) -> tuple[Any, dict[str, Any]]:
        a, b = np.searchsorted(self.version_week, [week, week + 1])
        of = self.version_of[a:b]
        of = of[np.isin(self.unit[of], covered)]
        last = np.datetime64(STARTS) + week * 7 + 6
        closed = self.closed[of] <= last
        age = (last - self.registered[of]).astype(int)
        status = np.where(closed, "已整改", np.where(age < 10, "未启动", np.where(age < 120, "整改中", "基本完成"))).astype(object)
        again = self.returned[of] & (self.refiled[of] <= last)
        return self.unit[of], {
            "problem_id": self.id[of], "subject": self.subject[of], "source": self.source[of], "summary": self.summary[of],
            "registered_on": self.registered[of], "due_date": self.due[of], "status": status,
            "closed_on": pa.array(self.closed[of], pa.date32(), mask=~closed),
            "refiled_on": pa.array(self.refiled[of], pa.date32(), mask=~again)}

    def reviews(self, week: int) -> pa.Table:
        """What the office decided in the week, as rows with `at` in front."""
        first, last = np.datetime64(STARTS) + week * 7, np.datetime64(STARTS) + week * 7 + 6
        rng = np.random.default_rng(week)

        def within(day: Any, where: Any) -> Any:
            return np.flatnonzero(where & (day >= first) & (day <= last))

        back = within(self.decided, self.reviewed & self.returned)
        good = within(self.accepted, self.reviewed)
        looked = within(self.closed + 14, self.reviewed & (np.arange(len(self.unit)) % 10 == 0))
        of = np.r_[back, good, looked]
        n = len(of)
        decision = np.array(["退回"] * len(back) + ["合格"] * len(good) + ["回头看合格"] * len(looked), object)
        failed = (np.arange(n) >= len(back) + len(good)) & (rng.random(n) < 0.3)
        decision[failed] = "回头看不合格"
        when = np.r_[self.decided[back], self.accepted[good], self.closed[looked] + 14]
        sent_back = decision == "退回"
        return pa.table({
            "at": pa.array(self.unit[of], pa.int64()), "unit": pa.array(self.units.code[self.unit[of]], pa.string()),
            "row": pa.array(np.arange(4, 4 + n), pa.int32()), "date": pa.array(when, pa.date32()),
            "reviewed": pa.array(["L11"] * n, pa.string()), "item_key": pa.array(self.id[of], pa.string()),
            "decision": pa.array(decision, pa.string()),
            "reason": pa.array(_pick(rng, ["过细过碎", "不聚焦", "重复", "措施不实"], n, [.4, .3, .1, .2]), pa.string(),
                               mask=~sent_back),
            "decided_on": pa.array(when, pa.date32()), "due_on": pa.array(when + 14, pa.date32(), mask=~sent_back)})


def _pick(rng: np.random.Generator, values: list[str], n: int, shares: list[float]) -> Any:
    return np.array(values, object)[rng.choice(len(values), n, p=shares)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    store = build(arguments.folder, arguments.rows, arguments.seed).store
    import pyarrow.parquet as pq

    for name in store.ledgers:
        if name != "filings" and (files := store.files(name)):
            print(f"{name:14}{sum(pq.read_metadata(f).num_rows for f in files):>12,} rows in {len(files)} files")
