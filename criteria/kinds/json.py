"""`json:` a file parses as JSON, fits its schema and has what it must have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from criteria import files, queries
from criteria.fields import Fields
from criteria.model import Criterion, CriterionError, Finding, Result, Scene, Trouble
from criteria.words import counted


@dataclass(frozen=True, slots=True)
class JsonCriterion(Criterion):
    kind: ClassVar[str] = "json"
    path: str
    schema: str | None  # the path of a JSON Schema file
    has: tuple[str, ...]  # JMESPaths

    @classmethod
    def parse(cls, fields: Fields) -> JsonCriterion:
        path = fields.text("json")
        for expression in fields.texts("has"):
            try:
                queries.check(expression)
            except ValueError as error:
                raise CriterionError("has", f"'{expression}': {error}", "write JMESPath, as in rows.retained") from None
        return cls(
            name=fields.text("name") if "name" in fields else path,
            severity=fields.choice("severity", "fail", "warn"),
            path=path,
            schema=fields.text("schema") if "schema" in fields else None,
            has=fields.texts("has"),
        )

    @property
    def files(self) -> tuple[str, ...]:
        return (self.path, self.schema) if self.schema else (self.path,)

    @property
    def source(self) -> str:
        return self.path

    def look(self, scene: Scene) -> Finding:
        from criteria.documents import json, schemas

        bound = self._bound()
        document = json.read(files.content(scene.root, self.path), self.path)
        if self.schema:
            schema = json.read(files.content(scene.root, self.schema), self.schema)
            if misfit := schemas.misfit(document, schema, self.schema):
                count = counted(misfit.errors, "error")
                message = (
                    f"{self.path} does not fit {self.schema}: {count}, first at {misfit.path}: {misfit.message:.300}"
                )
                return Finding(Result.FAIL, message, misfit.errors, bound)
        for expression in self.has:
            if queries.find(document, expression, self.path) is None:
                raise Trouble(f"'{expression}' is null in {self.path}")
        return Finding(Result.PASS, f"{self.path} is JSON" + (f" ({bound})" if bound else ""), None, bound)

    def _bound(self) -> str:
        parts = (f"schema {self.schema}" if self.schema else "", f"has {', '.join(self.has)}" if self.has else "")
        return "; ".join(filter(None, parts))
