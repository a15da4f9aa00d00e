"""`check:` a Python function says whether it holds; it runs in an interpreter of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from criteria import durations, files
from criteria.fields import Fields
from criteria.figures import flaw, shown
from criteria.kinds.command import TIMEOUT
from criteria.model import Criterion, CriterionError, Finding, Result, Scalar, Scene, Trouble

_WANTED = "a bool, or a mapping or object with result: pass, review, fail, warn or a bool"


@dataclass(frozen=True, slots=True)
class CheckCriterion(Criterion):
    kind: ClassVar[str] = "check"
    only_reads: ClassVar[bool] = False
    module: str
    function: str
    arguments: str  # keyword arguments as JSON, which keeps the criterion frozen
    timeout: float  # seconds

    @classmethod
    def parse(cls, fields: Fields) -> CheckCriterion:
        text = fields.text("check")
        module, _, function = text.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *function.split("."))):
            raise CriterionError("check", f"'{text:.60}' is not module:function", "write checks.leakage:no_overlap")
        return cls(
            name=fields.text("name") if "name" in fields else text,
            severity=fields.choice("severity", "fail", "warn"),
            module=module,
            function=function,
            arguments=_arguments(fields.raw.get("args")),
            timeout=fields.positive_duration("timeout") or TIMEOUT,
        )

    @property
    def source(self) -> str:
        return f"{self.module}:{self.function}"

    def look(self, scene: Scene) -> Finding:
        answer = self._asked(scene)
        if "raised" in answer:
            raise Trouble(str(answer["raised"]))
        if "returned" in answer:
            raise Trouble(f"{self.source} returned {answer['returned']}, wanted is {_WANTED}")
        result = _result(answer["result"])
        if result is None:
            raise Trouble(f"{self.source} gave the result {answer['result']!r:.60}, wanted is {_WANTED}")
        return self._found(result, answer)

    def _asked(self, scene: Scene) -> Mapping[str, Any]:
        import sys
        from pathlib import Path
        from tempfile import TemporaryFile

        from criteria import children

        script = Path(__file__).parent.parent / "check_script.py"
        # files without a name rather than pipes: they hold any answer, and nothing of them outlives a kill
        with TemporaryFile() as call, TemporaryFile() as answer:
            call.write(self.arguments.encode())
            call.seek(0)
            fds = (call.fileno(), answer.fileno())
            argv = [sys.executable, str(script), self.module, self.function, *map(str, fds)]
            ended = children.run(argv, scene.root, scene.env, self.timeout, fds)
            if ended.code is None:
                raise Trouble(f"{self.source} {ended}, must end within {durations.show(self.timeout)}")
            answered = _answered(answer)
        if answered is None:
            said = f": {ended.last_line}" if ended.last_line else ""
            raise Trouble(f"{self.source} {ended} before it returned{said}")
        return answered

    def _found(self, result: Result, answer: Mapping[str, Any]) -> Finding:
        value, bound, message = answer.get("value"), answer.get("bound"), answer.get("message")
        if not isinstance(value, (str, bool, int, float, type(None))):
            raise Trouble(f"{self.source} gave a {type(value).__name__} as value, wanted is a number, text or bool")
        if isinstance(value, (int, float)) and not isinstance(value, bool) and (problem := flaw(value)):
            raise Trouble(f"{self.source}: its value {problem}")
        bound = "" if bound is None else str(bound)
        return Finding(result, str(message) if message else self._message(result, value, bound), value, bound)

    def _message(self, result: Result, value: Scalar, bound: str) -> str:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        said = "" if value is None else f" {shown(value) if number else value}"  # type: ignore[arg-type]
        if result is Result.PASS:
            return f"{self.source}{said or ' holds'}" + (f" ({bound})" if bound else "")
        if result is Result.FAIL:
            return f"{self.source}{said or ' does not hold'}" + (f", must be {bound}" if bound else "")
        asks = "a person decides" if result is Result.REVIEW else "a warning"
        return f"{self.source}{said}: {asks}" + (f", wanted is {bound}" if bound else "")


def _arguments(raw: object) -> str:
    if raw is None:
        return "{}"
    import json

    try:
        if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
            raise TypeError("a mapping of names to values")
        return json.dumps(dict(raw), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise CriterionError("args", f"'args' cannot be passed: {error}", "write args: {name: value}") from None


def _answered(file: IO[bytes]) -> Mapping[str, Any] | None:
    import json

    file.seek(0)
    try:
        answer = json.loads(file.read(files.LIMIT))
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _result(given: object) -> Result | None:
    if isinstance(given, bool):
        return Result.PASS if given else Result.FAIL
    return next((result for result in Result if result.value == given), None)
