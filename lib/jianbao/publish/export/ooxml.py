"""Office files with fixed times, so the same document gives the same bytes. Imports nothing of ours."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime

EPOCH = date(1980, 1, 1)    # the first day a zip directory can hold
_WHEN = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(</dcterms:)")


def moment(day: date | None) -> datetime:
    """Midnight of the day of issue; without one, a day no clock changes."""
    return datetime(*(day or EPOCH).timetuple()[:3])


def fixed(data: bytes, day: date | None) -> bytes:
    """The package with every time in it set to `day`: those of the zip directory and of the core properties."""
    when = moment(day).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _WHEN.sub(rb"\g<1>" + when + rb"\g<2>", content)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0     # else the file says which system made it
            entry.external_attr = 0
            new.writestr(entry, content)
    return out.getvalue()
