"""The same numbers as well as they can be written for these indicators alone: each ledger read once with the columns and
weeks that are needed, codes as integers, `bincount`, and a roll-up by depth-first order.

    python bench/good_pandas.py FOLDER PERIOD [--out FILE.npz]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import BY_OFFICE, ENDS, FLOWS, IN_PERIOD, STARTS, STOCK, TO_DATE, Catalogue, main, weeks

NEVER = np.iinfo(np.int32).max


def days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


class Tree:
    """The units standing at a period's end, depth first; `place` takes any unit's number to its position or that of the
    nearest unit above it, `stands` says which numbers are in the tree."""

    def __init__(self, code: Any, parent: Any, standing: Any) -> None:
        below: dict[int, list[int]] = {}
        for i, p in enumerate(parent.tolist()):
            if standing[i]:
                below.setdefault(p, []).append(i)
        n = int(standing.sum())
        self.number, self.end, self.paths = np.zeros(n, np.int64), np.zeros(n, np.int64), np.full((n, 8), -1)
        at, stack = 0, [(i, ()) for i in reversed(below.get(-1, []))]
        open_: list[tuple[int, int]] = []
        while stack:
            i, path = stack.pop()
            while open_ and open_[-1][1] > len(path) - 1:
                self.end[open_.pop()[0]] = at
            path = (*path, at)
            self.number[at] = i
            self.paths[at, :len(path)] = path
            open_.append((at, len(path) - 1))
            stack.extend((k, path) for k in reversed(below.get(i, [])))
            at += 1
        for k, _ in open_:
            self.end[k] = at
        self.place = np.full(len(code), -1)
        self.place[self.number] = np.arange(n)
        for i in np.flatnonzero(~standing):
            above = parent[i]
            while above >= 0 and not standing[above]:
                above = parent[above]
            self.place[i] = self.place[above] if above >= 0 else -1
        self.order = code[self.number]

    def rolled(self, own: Any) -> Any:
        total = np.concatenate([[0.0], np.cumsum(own)])
        return total[self.end] - total[:-1]

    def add(self, unit: Any, weights: Any = None) -> Any:
        return self.rolled(np.bincount(self.place[unit], weights, minlength=len(self.end)).astype(float))

    def distinct(self, unit: Any, value: Any) -> Any:
        """+1 at each unit that has the value, -1 where two of them meet: subtree sums are distinct counts."""
        n = len(self.end)
        value, at = np.divmod(np.unique(value * n + self.place[unit]), n)
        own = np.bincount(at, minlength=n).astype(float)
        a, b = at[:-1][value[1:] == value[:-1]], at[1:][value[1:] == value[:-1]]
        depth = (self.paths[a] == self.paths[b]).cumprod(axis=1).sum(axis=1)
        depth = np.minimum(depth, (self.paths[a] >= 0).sum(axis=1))
        return self.rolled(own - np.bincount(self.paths[a, depth - 1], minlength=n))

    def median(self, unit: Any, value: Any) -> Any:
        if not len(unit):
            return np.full(len(self.end), np.nan)
        at = self.place[unit]
        order = np.lexsort((value, at))
        at, value = at[order], value[order].astype(float)
        first, last = np.searchsorted(at, np.arange(len(self.end))), np.searchsorted(at, self.end)
        result = np.full(len(self.end), np.nan)
        single = (last > first) & (at[np.minimum(first, len(at) - 1)] == at[np.maximum(last - 1, 0)])
        size = (last - first)[single]
        result[single] = (value[first[single] + (size - 1) // 2] + value[first[single] + size // 2]) / 2
        for i in np.flatnonzero((last > first) & ~single):
            result[i] = np.median(value[first[i]:last[i]])
        return result


class Rows:
    """A ledger's rows that count, filed for weeks up to the last; columns as integers or floats. `texts` are dictionaries."""

    def __init__(self, world: World, ledger: str, columns: list[str], texts: list[str], where: Any) -> None:
        coded = ["unit", *texts]
        data = ds.dataset(world.catalogue.files(ledger), format=ds.ParquetFileFormat(dictionary_columns=coded))
        table = data.to_table(columns=["unit", "submission", *columns, *texts], filter=where).unify_dictionaries()
        self.n, self.columns, self.words = table.num_rows, {}, {}
        for name in table.column_names:
            column = table.column(name).combine_chunks()
            if name in coded:
                self.words[name] = column.dictionary.to_pylist()
                self.columns[name] = column.indices.fill_null(-1).to_numpy()
            elif column.type == "date32[day]":
                self.columns[name] = column.cast("int32").fill_null(NEVER).to_numpy()
            else:
                values = column.to_numpy(zero_copy_only=False)
                self.columns[name] = values.astype(bool) if values.dtype == object else values
        number = np.array([world.number[c] for c in self.words["unit"]], np.int64)
        self.columns["unit"] = number[self.columns["unit"]]
        gone = world.gone(ledger)
        mark = self["submission"] if ledger in BY_OFFICE else self["submission"] * len(world.code) + self["unit"]
        self.keep(~np.isin(mark, gone))

    def __getitem__(self, name: str) -> Any:
        return self.columns[name]

    def keep(self, mask: Any) -> None:
        self.columns = {name: values[mask] for name, values in self.columns.items()}
        self.n = len(self.columns["unit"])

    def says(self, column: str, *words: str) -> Any:
        """Rows where the column is one of `words`."""
        known = np.array([w in words for w in self.words[column]] + [False])
        return known[self[column]]


class World:
    def __init__(self, folder: Path, period: str) -> None:
        self.catalogue, self.periods = Catalogue(folder), weeks(period)
        self.last = self.periods[-1][2]
        register = pd.read_parquet(self.catalogue.files("register"),
                                   columns=["code", "parent", "campaign_unit", "batch", "valid_from", "valid_to"])
        self.code = register["code"].to_numpy(object)
        self.number = {code: i for i, code in enumerate(self.code)}
        parent = np.array([self.number.get(p, -1) for p in register["parent"].tolist()], np.int64)
        self.campaign = register["campaign_unit"].to_numpy(bool)
        self.second = self.campaign & (register["batch"] == "第二批").to_numpy(bool)
        first, last = (pd.to_datetime(register[x]).to_numpy("datetime64[D]") for x in ("valid_from", "valid_to"))
        ends = [np.datetime64(p[2]) for p in self.periods]
        self.standing = {p[0]: (first <= e) & ~(last < e) for p, e in zip(self.periods, ends, strict=True)}
        self.trees = {p[0]: Tree(self.code, parent, self.standing[p[0]]) for p in self.periods}
        rank = pd.DataFrame(self.catalogue.sql.execute(
            "select id from submissions order by period_ends, received_at, id").fetchall(), columns=["id"])["id"].to_numpy()
        self.rank = np.zeros(int(rank.max()) + 1, np.int64)
        self.rank[rank] = np.arange(len(rank))
        self._known: dict[Any, Any] = {}

    def gone(self, ledger: str) -> Any:
        pairs = self.catalogue.superseded(ledger)
        if ledger in BY_OFFICE:
            return np.unique(np.array([s for s, _ in pairs], np.int64))
        return np.array([s * len(self.code) + self.number[u] for s, u in pairs], np.int64)

    def known(self, ledger: str, form: str, p: Any) -> Any:
        # Counts carried forward end with the unit; what it did, and that it filed, stays with the unit above.
        ends = form == STOCK and ledger in ("opinions", "group_study")
        form = IN_PERIOD if form == IN_PERIOD and ledger != "launch" else STOCK if ends else TO_DATE
        if (ledger, form, p[0]) not in self._known:
            tree = self.trees[p[0]]
            units = self.catalogue.filed(ledger, p[0]) if form == IN_PERIOD else self.catalogue.ever(ledger, p[2])
            if ledger in BY_OFFICE:
                known = np.full(len(tree.end), bool(units))
            else:
                number = np.array([self.number[u] for u in units], np.int64)
                known = tree.add(number[self.standing[p[0]][number]] if ends else number) > 0
            self._known[ledger, form, p[0]] = known
        return self._known[ledger, form, p[0]]

    @cached_property
    def bases(self) -> pd.DataFrame:
        names = ["unit", "base_date", "party_org_count", "backlog_base", "leaders_county_up", "teams_due"]
        return pd.read_parquet(self.catalogue.files("bases"), columns=names)


Result = dict[tuple[str, str, str], Any]


def compute(folder: Path, period: str, wanted: set[str] | None = None) -> dict[str, Any]:
    """ "indicator|form|period" → one value per unit, and "order|period" → their codes."""
    w = World(folder, period)
    r: Result = {}
    for step in (masters, study, visits, opinions, group_study, launch, problems_and_reviews, publications, ratios):
        step(w, r)
    found = {f"{name}|{form}|{p}": values for (name, form, p), values in r.items()
             if "." in name and (wanted is None or name in wanted)}
    return found | {f"order|{p[0]}": w.trees[p[0]].order.astype(str) for p in w.periods}


def windows(w: World, ledger: str, when: Any, r: Result, parts: dict[str, Callable[[Tree, Any], Any]]) -> None:
    """Each part in the period and to date; `when` are the rows' days."""
    for p in w.periods:
        tree = w.trees[p[0]]
        for form in FLOWS:
            inside = (when >= days(p[1] if form == IN_PERIOD else STARTS)) & (when <= days(p[2]))
            for name, part in parts.items():
                r[name, form, p[0]] = np.where(w.known(ledger, form, p), part(tree, inside), np.nan)


def counting(rows: Rows, where: Any, weights: Any = None) -> Callable[[Tree, Any], Any]:
    def part(tree: Tree, inside: Any) -> Any:
        at = np.flatnonzero(inside & where)
        return tree.add(rows["unit"][at], None if weights is None else weights[at])
    return part


def having(rows: Rows, where: Any) -> Callable[[Tree, Any], Any]:
    """Units with such a row."""
    return lambda tree, inside: tree.add(np.unique(rows["unit"][inside & where]))


def masters(w: World, r: Result) -> None:
    for p in w.periods:
        tree = w.trees[p[0]]
        r["campaign.units", STOCK, p[0]] = tree.add(np.flatnonzero(w.second & w.standing[p[0]]))
        latest = w.bases[w.bases["base_date"] <= p[2]].sort_values("base_date").drop_duplicates("unit", keep="last")
        unit = np.array([w.number[c] for c in latest["unit"]])
        stands = w.standing[p[0]][unit]
        for name, column in (("party_orgs.count", "party_org_count"), ("backlog.base", "backlog_base"),
                             ("leaders.count", "leaders_county_up"), ("reading_class.due", "teams_due")):
            r[name, STOCK, p[0]] = tree.add(unit[stands], latest[column].to_numpy(float)[stands])


def study(w: World, r: Result) -> None:
    rows = Rows(w, "study", ["date", "days"], ["study_type"], pc.field("date") <= w.last)
    reading, centre = rows.says("study_type", "读书班"), rows.says("study_type", "中心组")

    def both(tree: Tree, inside: Any) -> Any:
        return tree.add(np.intersect1d(rows["unit"][inside & reading], rows["unit"][inside & centre]))

    windows(w, "study", rows["date"], r, {
        "reading_class.teams": having(rows, reading), "reading_class.days": counting(rows, reading, rows["days"]),
        "centre_group.sessions": counting(rows, centre), "study.both": both})


def visits(w: World, r: Result) -> None:
    rows = Rows(w, "visits", ["date", "solved_on_site", "with_reception"], ["leader_code", "leader_rank"],
                pc.field("date") <= w.last)
    led = rows.says("leader_rank", "市级", "县处级")
    windows(w, "visits", rows["date"], r, {
        "visits.count": counting(rows, led), "visits.solved": counting(rows, led, rows["solved_on_site"]),
        "visits.with_reception": counting(rows, led & rows["with_reception"]),
        "visits.leaders": lambda tree, inside: tree.distinct(rows["unit"][inside & led],
                                                             rows["leader_code"][inside & led].astype(np.int64))})


def snapshots(w: World, rows: Rows, ledger: str, key: str, r: Result, parts: dict[str, tuple[Any, Any]]) -> None:
    """Stocks of the last filing of each unit and key."""
    key_of = rows["unit"] * len(rows.words[key]) + rows[key]
    order = np.argsort(w.rank[rows["submission"]] * (1 << 20) + rows["row"], kind="stable")
    for p in w.periods:
        tree, at = w.trees[p[0]], order[rows["filed"][order] <= days(p[2])]
        last = np.full(len(w.code) * len(rows.words[key]), -1)
        last[key_of[at]] = at
        last = last[last >= 0]
        for name, (where, values) in parts.items():
            at = last[where[last] & w.standing[p[0]][rows["unit"][last]]]
            r[name, STOCK, p[0]] = np.where(w.known(ledger, STOCK, p), tree.add(rows["unit"][at], values[at]), np.nan)


def opinions(w: World, r: Result) -> None:
    rows = Rows(w, "opinions", ["filed", "row", "opinions", "backlog_resolved", "backlog_close"], ["channel"],
                pc.field("filed") <= w.last)
    petitions = rows.says("channel", "信访")
    solved, left = (np.nan_to_num(rows[x]) for x in ("backlog_resolved", "backlog_close"))
    windows(w, "opinions", rows["filed"], r, {
        "opinions.count": counting(rows, True, rows["opinions"]), "backlog.resolved": counting(rows, petitions, solved)})
    snapshots(w, rows, "opinions", "channel", r, {"backlog.open": (petitions, left)})


def group_study(w: World, r: Result) -> None:
    rows = Rows(w, "group_study", ["filed", "row", "should", "done", "copies"], ["member_group"], pc.field("filed") <= w.last)
    windows(w, "group_study", rows["filed"], r, {"group_study.copies": counting(rows, True, rows["copies"])})
    groups = {"village_officials": "省派驻村", "new_sector": "三新", "floating": "流动", "elderly": "年老体弱"}
    everything = np.ones(rows.n, bool)
    snapshots(w, rows, "group_study", "member_group", r, {
        **{f"group_study.{name}": (rows.says("member_group", word), rows["done"]) for name, word in groups.items()},
        "done": (everything, rows["done"]), "should": (everything, rows["should"])})
    for p in w.periods:
        r["group_study.coverage", STOCK, p[0]] = divided(r["done", STOCK, p[0]], r["should", STOCK, p[0]])


def launch(w: World, r: Result) -> None:
    rows = Rows(w, "launch", ["date", "held_on"], ["event_type"], pc.field("date") <= w.last)
    meeting, number = rows.says("event_type", "动员会"), np.arange(len(w.code))
    for p in w.periods:
        tree = w.trees[p[0]]
        counts = np.isin(number, np.flatnonzero(w.campaign & w.standing[p[0]]))[rows["unit"]]
        for form in FLOWS:
            inside = meeting & (rows["date"] >= days(p[1] if form == IN_PERIOD else STARTS)) & (rows["date"] <= days(p[2]))
            known = w.known("launch", form, p)
            r["launch.units", form, p[0]] = np.where(known, tree.add(np.unique(rows["unit"][inside & counts])), np.nan)
            lag = tree.median(rows["unit"][inside], rows["held_on"][inside] - days(STARTS))
            r["launch.lag", form, p[0]] = np.where(known, lag, np.nan)


def problems_and_reviews(w: World, r: Result) -> None:
    rows = Rows(w, "problems", ["filed", "row", "registered_on", "due_date", "closed_on", "refiled_on"],
                ["problem_id", "status"], pc.field("filed") <= w.last)
    decided = Rows(w, "reviews", ["row", "decided_on", "due_on"], ["item_key", "decision", "reason"],
                   pc.field("decided_on") <= w.last)
    back, good = decided.says("decision", "退回"), decided.says("decision", "合格")
    known_ids = {word: i for i, word in enumerate(rows.words["problem_id"])}
    for word in decided.words["item_key"]:
        known_ids.setdefault(word, len(known_ids))
    many = len(known_ids)
    item = np.array([known_ids[x] for x in decided.words["item_key"]], np.int64)
    item_of = decided["unit"] * many + item[decided["item_key"]]
    windows(w, "reviews", decided["decided_on"], r, {
        "problems.returned_too_fine": counting(decided, back & decided.says("reason", "过细过碎")),
        "problems.recheck_failed": counting(decided, decided.says("decision", "回头看不合格")),
        "sent_back": lambda tree, inside: tree.add(np.unique(item_of[inside & back]) // many)})
    key_of = rows["unit"] * many + rows["problem_id"]
    order = np.argsort(w.rank[rows["submission"]] * (1 << 20) + rows["row"], kind="stable")
    review_order = np.lexsort((decided["row"], w.rank[decided["submission"]], decided["decided_on"]))
    done_status = rows.says("status", "已整改")
    for p in w.periods:
        tree, end = w.trees[p[0]], days(p[2])
        at = order[rows["filed"][order] <= end]
        last = np.full(len(w.code) * many, -1)
        last[key_of[at]] = at
        at = last[last >= 0]

        def latest(where: Any, key: Any = key_of[at], end: int = end) -> Any:
            found = np.full(len(w.code) * many, -1)
            kept = review_order[where[review_order] & (decided["decided_on"][review_order] <= end)]
            found[item_of[kept]] = kept
            return found[key]

        review, accepting, returning = latest(back | good), latest(good), latest(back)
        ok = (review >= 0) & good[review]
        accepted_on = np.where(accepting >= 0, decided["decided_on"][accepting], NEVER)
        refile_due = np.where(returning >= 0, decided["due_on"][returning], NEVER)
        unit, closed_on, done, refiled = (rows[x][at] if isinstance(x, str) else x[at]
                                          for x in ("unit", "closed_on", done_status, "refiled_on"))
        due = refile_due <= end
        known = w.known("problems", STOCK, p)

        def stock(name: str, where: Any, tree: Tree = tree, unit: Any = unit, known: Any = known, p: Any = p) -> None:
            r[name, STOCK, p[0]] = np.where(known, tree.add(unit[where]), np.nan)

        stock("problems.accepted", ok)
        stock("due", due)
        stock("in_time", due & (refiled <= refile_due))
        stock("rectification.overdue", ok & ~done & (rows["due_date"][at] < end))
        stock("problems.open", ok & (accepted_on <= end) & ~(closed_on <= end))
        untouched = np.setdiff1d(unit[ok], unit[ok & done])
        r["problems.untouched_units", STOCK, p[0]] = np.where(known, tree.add(untouched), np.nan)
        r["problems.refiled_on_time", STOCK, p[0]] = divided(r["in_time", STOCK, p[0]], r["due", STOCK, p[0]])
        for form in FLOWS:
            first, known = days(p[1] if form == IN_PERIOD else STARTS), w.known("problems", form, p)
            filed = (rows["registered_on"][at] >= first) & (rows["registered_on"][at] <= end)
            closed = ok & done & (closed_on >= first) & (closed_on <= end)
            timed = closed & (accepted_on < NEVER)
            for name, values in (("problems.filed", tree.add(unit[filed])), ("rectification.done", tree.add(unit[closed])),
                                 ("rectification.days", tree.median(unit[timed], closed_on[timed] - accepted_on[timed]))):
                r[name, form, p[0]] = np.where(known, values, np.nan)


def publications(w: World, r: Result) -> None:
    """A short list, filed whole every week: plain pandas."""
    names = ["unit", "submission", "row", "filed", "received", "date", "doc_type", "issue_no", "sent_up", "adopted", "adopted_on"]
    frame = pd.read_parquet(w.catalogue.files("publications"), columns=names)
    frame = frame[~frame["submission"].isin(w.gone("publications"))]
    frame = frame.assign(adopted=frame["adopted"].fillna(0)).sort_values(["filed", "received", "submission", "row"])
    for p in w.periods:
        f = frame[frame["filed"] <= p[2]].drop_duplicates(["unit", "doc_type", "issue_no"], keep="last")
        tree, unit = w.trees[p[0]], np.array([w.number[c] for c in f["unit"]], np.int64)
        sent = f["sent_up"].to_numpy(bool)
        used_on = f["adopted_on"].to_numpy("datetime64[D]").astype(np.int64)
        used_on = np.where(f["adopted_on"].isna(), NEVER, used_on)
        when, kind = f["date"].to_numpy("datetime64[D]").astype(np.int64), f["doc_type"].to_numpy()
        for form in FLOWS:
            first, end = days(p[1] if form == IN_PERIOD else STARTS), days(p[2])
            inside, used = (when >= first) & (when <= end), (used_on >= first) & (used_on <= end)
            known = w.known("publications", form, p)
            for name, where, weight in (
                    ("special_reports.count", inside & sent & (kind == "专报"), None), ("briefs.count", inside & (kind == "简报"), None),
                    ("guidance.lists", inside & (kind == "分类指导清单"), None), ("adoption.count", used, f["adopted"].to_numpy(float)),
                    ("sent", inside & sent, None),
                    ("used", inside & sent & (f["adopted"].to_numpy() > 0) & (used_on <= end), None)):
                values = tree.add(unit[where], None if weight is None else weight[where])
                r[name, form, p[0]] = np.where(known, values, np.nan)
            r["adoption.rate", form, p[0]] = divided(r["used", form, p[0]], r["sent", form, p[0]])


RATIOS = (
    ("launch.rate", "launch.units", "campaign.units"), ("reading_class.coverage", "reading_class.teams", "reading_class.due"),
    ("reading_class.days_per_team", "reading_class.days", "reading_class.teams"),
    ("backlog.resolved_rate", "backlog.resolved", "backlog.base"), ("visits.per_leader", "visits.count", "leaders.count"),
    ("visits.solved_per_visit", "visits.solved", "visits.count"), ("problems.return_rate", "sent_back", "problems.filed"),
    ("visits.with_reception_share", "visits.with_reception", "visits.count"),
    ("rectification.rate", "rectification.done", "problems.accepted"))


def ratios(w: World, r: Result) -> None:
    for p in w.periods:
        for form in FLOWS:
            for name, top, bottom in RATIOS:
                below = r[bottom, form, p[0]] if (bottom, form, p[0]) in r else r[bottom, STOCK, p[0]]
                r[name, form, p[0]] = divided(r[top, form, p[0]], below)
        elapsed = ((p[2] - STARTS).days + 1) / ((ENDS - STARTS).days + 1)
        r["rectification.ahead", STOCK, p[0]] = r["rectification.rate", TO_DATE, p[0]] - elapsed


def divided(a: Any, b: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b == 0, np.nan, a / b)


if __name__ == "__main__":
    main(compute)
