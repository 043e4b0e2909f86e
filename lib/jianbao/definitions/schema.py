"""JSON Schemas of the files in `params/`, generated from the models. Imports the other modules of this room."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from jianbao.definitions.campaign import Calendar, Campaign, Product, Target, Terms
from jianbao.definitions.catalogue import Indicator
from jianbao.definitions.correction import Correction
from jianbao.definitions.diagnosis import Diagnosis
from jianbao.definitions.identity import Identities
from jianbao.definitions.ledger import Ledger
from jianbao.definitions.sampling import Sampling


def schemas() -> dict[str, str]:
    """File name without .json → schema text. What the loader fills in itself (ids, names) is left out."""
    return {
        "campaign": _text(_schema(Campaign)), "calendar": _text(_schema(Calendar)), "terms": _text(_schema(Terms)),
        "ledger": _text(_schema(Ledger, without="name")),
        "indicators": _text(_named(Indicator, without="id")), "briefs": _text(_named(Product)),
        "targets": _text(_named(Target)), "diagnosis": _text(_schema(Diagnosis)),
        "identities": _text(_schema(Identities)), "sample": _text(_schema(Sampling)), "corrections": _text(_listed(Correction)),
    }


def _schema(model: type[BaseModel], without: str = "") -> dict[str, Any]:
    schema = model.model_json_schema()
    if without:
        schema["properties"].pop(without)
        schema["required"] = [name for name in schema.get("required", []) if name != without]
    return schema


def _named(model: type[BaseModel], without: str = "") -> dict[str, Any]:
    inner = _schema(model, without)
    return {"type": "object", "additionalProperties": {k: v for k, v in inner.items() if k != "$defs"},
            "$defs": inner.get("$defs", {})}


def _listed(model: type[BaseModel]) -> dict[str, Any]:
    inner = _schema(model)
    return {"type": "array", "items": {k: v for k, v in inner.items() if k != "$defs"}, "$defs": inner.get("$defs", {})}


def _text(schema: dict[str, Any]) -> str:
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, ensure_ascii=False,
                      indent=1) + "\n"
