"""Calls one check in an interpreter of its own: `python check_script.py MODULE FUNCTION CALL_FD ANSWER_FD`.

Run by path, never imported: the project may have folders named like ours, so nothing of ours is imported here.
"""

import os
import sys

ROOT = os.getcwd()  # asked now: the check may go elsewhere


def main() -> None:
    module, function, call, answer = sys.argv[1:]
    # this script's folder stands on the path (unless PYTHONSAFEPATH is set) where the project's belongs
    here = os.path.dirname(os.path.realpath(__file__))
    sys.path[:] = [ROOT, *(entry for entry in sys.path if os.path.realpath(entry) != here)]
    import json

    os.set_inheritable(int(call), False)
    os.set_inheritable(int(answer), False)
    with os.fdopen(int(call), encoding="utf-8") as file:
        arguments = json.load(file)
    sys.argv[1:] = []
    answered = json.dumps(_answer(module, function, arguments), default=repr)
    with os.fdopen(int(answer), "w", encoding="utf-8") as file:
        file.write(answered)


def _answer(module: str, function: str, arguments: "dict[str, object]") -> "dict[str, object]":
    import importlib

    try:
        target: object = importlib.import_module(module)
        for part in function.split("."):
            target = getattr(target, part)
        if not callable(target):
            return {"raised": f"{function} in {module} is not a function but {type(target).__name__}"}
        return _read(target(**arguments))
    except BaseException as error:  # also sys.exit(), which is no way to answer
        return {"raised": _told(error)}


def _read(returned: object) -> "dict[str, object]":
    from collections.abc import Mapping

    returned = _plain(returned)
    if isinstance(returned, bool):
        return {"result": returned}
    keys = ("result", "value", "bound", "message")
    if isinstance(returned, Mapping):
        found = {key: _plain(returned[key]) for key in keys if key in returned}
    else:
        found = {key: _plain(getattr(returned, key)) for key in keys if hasattr(returned, key)}
    return found if "result" in found else {"returned": f"{type(returned).__name__} ({repr(returned)[:4096]})"}


def _plain(value: object) -> object:
    """A numpy scalar, which is what comparing arrays gives, as Python's own; an enum member as its value."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return getattr(value, "value", value) if type(type(value)).__name__ in ("EnumMeta", "EnumType") else value


def _told(error: BaseException) -> str:
    import traceback

    name = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{name}: {error.msg} ({_relative(error.filename)}:{error.lineno})"
    try:
        text = str(error)
    except Exception:
        text = ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    theirs = [frame for frame in frames if _in_project(frame.filename)]
    place = f" ({_relative(theirs[-1].filename)}:{theirs[-1].lineno})" if theirs else ""
    return f"{name}: {text}{place}" if text else f"{name}{place}"


def _in_project(filename: str) -> bool:
    return not os.path.isabs(_relative(filename)) and "site-packages" not in filename and filename[0] != "<"


def _relative(filename: str) -> str:
    return filename[len(ROOT) + 1 :] if filename.startswith(ROOT + os.sep) else filename


if __name__ == "__main__":
    main()
