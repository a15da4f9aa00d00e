"""What each file in `config/` may say: Cerberus schemas, data only.

Every rule has `meta`: `description` for editors and documentation, `wants` for messages ("timeout is a list,
{wants} belongs here") and sometimes `remedy`. There are no `*of` rules and no Python checks, so that each rule
has its like in JSON Schema: `regex` is `pattern` (anchored, and for text only), `schema` is `properties` for a
mapping and `items` for a list, `required` with `excludes` is "exactly one of", `dependencies` is
`dependentRequired`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Rule: TypeAlias = dict[str, Any]

PHASE_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
IDENTIFIER = r"^[A-Za-z_][A-Za-z0-9_]*$"
CALLABLE = r"^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$"
DURATION = r"^\d{1,12}(?:\.\d+)?(?:ms|s|m|h|d)?$"  # of more days no clock knows
SIZE = r"^\d+(?:\.\d+)?\s*(?:[kKMGT]i?)?B?$"
# A token in the place of its variable's name would land in version control: refuse what looks like one.
VARIABLE = r"^(?!gh[a-z]_|github_pat_|[0-9a-f]{40}$)[A-Za-z_][A-Za-z0-9_]*$"
CLASSES = ("transient", "permanent", "dependency", "config", "timeout")


def _rule(type_: str | list[str], description: str, wants: str, *, remedy: str = "", **rules: Any) -> Rule:
    return {"type": type_, **rules, "meta": {"description": description, "wants": wants, "remedy": remedy}}


def _text(description: str, wants: str = "a text", **rules: Any) -> Rule:
    return _rule("string", description, wants, **{"empty": False, **rules})


def _flag(description: str) -> Rule:
    return _rule("boolean", description, "true or false")


def _count(description: str, **rules: Any) -> Rule:
    return _rule("integer", description, "a whole number of at least 1", min=1, **rules)


def _duration(description: str, **rules: Any) -> Rule:
    wants = "a duration such as 90, 90s or 5m"
    return _rule(["number", "string"], description, wants, min=0, regex=DURATION, **rules)


def _size(description: str, **rules: Any) -> Rule:
    return _rule(["integer", "string"], description, "a size such as 100 or 10kB", min=0, regex=SIZE, **rules)


def _texts(description: str, **rules: Any) -> Rule:
    return _rule("list", description, "a list of texts", schema=_text("One of them"), **rules)


def _command(description: str, **rules: Any) -> Rule:
    wants = "a command line or a list of its words"
    word = _rule("string", "One word of it", "a text")
    return _rule(["string", "list"], description, wants, empty=False, schema=word, **rules)


def _mapping(description: str, schema: dict[str, Rule], **rules: Any) -> Rule:
    return _rule("dict", description, f"a mapping with {', '.join(schema)}", schema=schema, **rules)


def _names(description: str, wants: str, key: Rule, value: Rule | None = None, **rules: Any) -> Rule:
    if value is not None:
        rules["valuesrules"] = value
    return _rule("dict", description, wants, keysrules=key, **rules)


def _one_of(kind: str, kinds: tuple[str, ...]) -> Rule:
    """Exactly one of `kinds` has to be there: Cerberus lifts `required` where one excludes the others."""
    return {"required": True, "excludes": [other for other in kinds if other != kind]}


_PHASE_KEY = _text("A phase", "a phase name", regex=PHASE_NAME, remedy="use letters, digits, '_', '-' and '.'")
_NAME_KEY = _text("A name", "a name here", regex=IDENTIFIER, remedy="use letters, digits and '_', no digit first")
_TEXT_KEY = _rule("string", "A name", "a name")
_SCALAR = _rule(["string", "number", "boolean"], "A value", "a text, a number or true or false")
_POOLS = _names("How many of each pool", "a mapping of pools to numbers", _NAME_KEY, _count("How many"))

_AMOUNT = _rule("number", "How much of it", "a number above 0", min=1e-9)
_EXECUTOR = _text("Where works run: on this machine, or on a cluster", "local or dask", allowed=["local", "dask"])

_RETRY: dict[str, Rule] = {
    "attempts": _count("How often to try, the first time included"),
    "wait": _duration("How long to wait before the second attempt"),
    "factor": _rule("number", "What each wait is multiplied by", "a number of at least 1", min=1),
    "max_wait": _duration("The longest wait"),
}

_LOGS: dict[str, Rule] = {
    "max_size": _size("How large the log of an attempt may become; of more, head and tail are kept"),
    "keep_runs": _count("Of how many runs logs are kept"),
}

_APPROVAL: dict[str, Rule] = {
    "by": _rule(
        ["string", "list"],
        "Who may vote: names, or teams on GitHub (@octo/reviewers); or everyone",
        "a list of names or the word everyone",
        regex="^everyone$",
        empty=False,  # "nobody may vote" is what one reads there
        schema=_text("One of them"),
    ),
    "quorum": _count("How many people have to approve"),
    "self_approval": _flag("Whether whoever started the run may approve"),
    "expires": _duration("How long an approval stands; null for ever", nullable=True),
}

_WORKS = ("run", "call")

_PHASE: dict[str, Rule] = {
    "title": _text("A few words for people"),
    "description": _text("What the phase is for; doit report shows it"),
    "run": _command("The work: a shell script (text) or an argv (list)", **_one_of("run", _WORKS)),
    "call": _text(
        "The work: a Python callable, run in its own interpreter",
        "module.path:function",
        regex=CALLABLE,
        **_one_of("call", _WORKS),
    ),
    "args": _names("Keyword arguments for the callable", "a mapping of arguments", _TEXT_KEY, dependencies="call"),
    "needs": _texts("Phases that come before, beside those that inputs imply"),
    "inputs": _texts("Files, folders and globs the work reads"),
    "outputs": _texts("Files and folders the work makes"),
    "params": _names(
        "Values in PARAM_… variables; a change makes the work stale", "a mapping of names to values", _NAME_KEY, _SCALAR
    ),
    "env": _names(
        "Environment variables of the work",
        "a mapping of variables to texts",
        _text("A variable", "a variable's name", regex=r"^[^=\s]+$"),
        _rule("string", "Its value", "a text"),
    ),
    "cwd": _text("The folder the work runs in", "a folder"),
    "timeout": _duration("How long one attempt may take"),
    "retry": _mapping("Over the policy of the error's class", _RETRY),
    "pools": _POOLS,
    "executor": _EXECUTOR,
    "resources": _names(
        "What a worker of the cluster must have, and how much of it the work takes",
        "a mapping of resources to numbers",
        _TEXT_KEY,
        _AMOUNT,
    ),
    "matrix": _names(
        "One work task for each combination; {axis} is filled in",
        "a mapping of axes to lists",
        _NAME_KEY,
        _rule("list", "The values of one axis", "a list of values", empty=False, schema=_SCALAR),
        empty=False,
    ),
    "approval": _rule(
        ["string", "dict"],
        "Who opens the gate",
        "auto, manual, or a mapping with " + ", ".join(_APPROVAL),
        regex="^(?:auto|manual)$",
        schema=_APPROVAL,
    ),
    "always": _flag("Whether the work is never up to date"),
    "clean_on_failure": _flag("Whether a failed attempt's outputs are deleted"),
    "cache": _flag("Whether a shared cache may give the outputs; without this key, where there are any"),
}

_PHASES: dict[str, Rule] = {
    "plan": _text("The plan's name"),
    "phases": _names(
        "The phases by name",
        "a mapping of phase names to phases",
        _PHASE_KEY,
        _rule("dict", "A phase", "a mapping with run or call", schema=_PHASE),
        required=True,
        empty=False,
    ),
}

_KINDS = ("file", "json", "metric", "command", "check")

_CRITERION: dict[str, Rule] = {
    "file": _text("This file exists and is not empty", "a file", **_one_of("file", _KINDS)),
    "min_size": _size("Its least size", dependencies="file"),
    "max_age": _duration("How old it may be", dependencies="file"),
    "sha256": _text("Its digest", "a SHA-256 of 64 hex digits", regex="^[0-9A-Fa-f]{64}$", dependencies="file"),
    "json": _text("This file is JSON", "a file", **_one_of("json", _KINDS)),
    "schema": _text("A JSON Schema file it satisfies", "a file", dependencies="json"),
    "has": _texts("JMESPath expressions that find something in it", dependencies="json"),
    "metric": _text(
        "The metric's name, unique in its phase",
        "a name",
        dependencies=["from", "at", "pass"],
        **_one_of("metric", _KINDS),
    ),
    "from": _text("The file it is read from", "a file", dependencies="metric"),
    "at": _text(
        "Where in the file: JMESPath, column:mean|min|max|sum|count|last, or a regular expression",
        dependencies="metric",
    ),
    "pass": _text("Opens the gate", 'a bound such as ">= 0.95"', dependencies="metric"),
    "review": _text("Between this and pass a person decides", 'a bound such as ">= 0.90"', dependencies="metric"),
    "command": _command("Passes if it exits with 0", **_one_of("command", _KINDS)),
    "check": _text(
        "A callable that returns bool, or a verdict", "module.path:function", regex=CALLABLE, **_one_of("check", _KINDS)
    ),
    "args": _names("Keyword arguments for the callable", "a mapping of arguments", _TEXT_KEY, dependencies="check"),
    "timeout": _duration("How long it may take", excludes=["file", "json", "metric"]),
    "severity": _text("warn: told, but never closes the gate", "warn or fail", allowed=["warn", "fail"]),
    "name": _text("What the verdict is called", "a name", excludes="metric"),
}

_CRITERIA = _names(
    "Criteria by phase",
    "a mapping of phase names to lists of criteria",
    _PHASE_KEY,
    _rule(
        "list",
        "The criteria of one phase",
        "a list of criteria",
        schema=_rule("dict", "A criterion", f"a mapping with one of {', '.join(_KINDS)}", schema=_CRITERION),
    ),
)

_SIGNS = ("exit_code", "signal", "output", "exception")
_REACTIONS = ("run", "webhook")

_ERROR: dict[str, Rule] = {
    "exit_code": _rule("integer", "The work exited with it", "a whole number", **_one_of("exit_code", _SIGNS)),
    "signal": _rule(
        ["integer", "string"],
        "The work was ended by it",
        "a signal such as 9 or SIGKILL",
        regex="^(?:SIG)?[A-Z][A-Z0-9]+$",
        min=1,
        **_one_of("signal", _SIGNS),
    ),
    "output": _text("A regular expression found in the output", **_one_of("output", _SIGNS)),
    "exception": _text("The name of the exception", **_one_of("exception", _SIGNS)),
    "class": _text("What such an error is", f"one of {', '.join(CLASSES)}", allowed=list(CLASSES), required=True),
}

_TRIGGER: dict[str, Rule] = {
    "on": _text("The event", "an event such as phase.failed", regex=r"^[a-z_*]+(?:\.[a-z_*]+)*$", required=True),
    "run": _command("A command that gets the event as JSON on stdin", **_one_of("run", _REACTIONS)),
    "webhook": _text(
        "A URL that gets it", "a URL (https://…)", regex=r"^https?://\S+$", **_one_of("webhook", _REACTIONS)
    ),
    "phases": _texts("Only for these phases", empty=False),
    "timeout": _duration("How long it may take"),
    "secret": _text("What signs the webhook's body", dependencies="webhook"),
}

_CACHE: dict[str, Rule] = {
    "url": _text(
        "Where it is: a folder, or a URL that fsspec opens; ${NAME} is a variable",
        "a URL such as s3://bucket/prefix, or a folder",
        required=True,
    ),
    "read": _flag("Whether outputs are taken from it"),
    "write": _flag("Whether outputs are put there"),
    "approvals": _flag("Whether votes are put there and taken from it: who can write there can vote"),
    "options": _names("What fsspec's class for the protocol takes", "a mapping of options", _TEXT_KEY),
    "salt": _text("What else tells works apart, such as ${RUNNER_OS}"),
    "timeout": _duration("How long it may take to answer"),
    "wait": _duration("How long the end of a run waits for what is still to be put there"),
}

_DASK: dict[str, Rule] = {
    "address": _text(
        "The scheduler; without it doit starts a cluster on this machine",
        "an address such as tcp://host:8786",
        regex=r"^(?:tcp|tls|ws|wss)://\S+$",
    ),
    "workers": _count("Of a cluster on this machine: how many workers", excludes="address"),
    "resources": _names(
        "Of a cluster on this machine: what each worker has",
        "a mapping of resources to numbers",
        _TEXT_KEY,
        _AMOUNT,
        excludes="address",
    ),
    "tls": _mapping(
        "Certificates: whoever reaches a scheduler without them runs code on its workers",
        {
            "ca": _text("The authority's certificate, PEM", "a file", required=True),
            "cert": _text("The certificate of doit, PEM", "a file", required=True),
            "key": _text("The key of that certificate, PEM", "a file", required=True),
        },
        dependencies="address",
    ),
    "store": _text(
        "Through which inputs and outputs go, where workers share no file system with doit",
        "a URL such as s3://bucket/folder, or a folder from / on",
        regex=r"^(?:[A-Za-z][A-Za-z0-9+.-]*://|/)\S+$",
    ),
    "lease": _duration("How long a command goes on without hearing from doit"),
    "wait": _duration("How long to wait for the scheduler, and for a first worker"),
}

_ORCHESTRATOR: dict[str, Rule] = {
    "mode": _text(
        "auto: criteria that pass approve. manual: every gate asks", "auto or manual", allowed=["auto", "manual"]
    ),
    "jobs": _count("How many phases run at the same time"),
    "pools": _POOLS,
    "logs": _mapping("What is kept of what works print", _LOGS),
    "errors": _rule(
        "list",
        "Classes of errors; the first match wins, before the built-in rules",
        "a list of rules",
        schema=_mapping("A rule", _ERROR),
    ),
    "retry": _mapping("A policy for each class", {name: _mapping("A policy", _RETRY) for name in CLASSES}),
    "approval": _mapping("The rule for every gate that has none", _APPROVAL),
    "cache": _mapping("Where outputs are kept for other clones and machines", _CACHE),
    "triggers": _rule(
        "list", "What happens after an event", "a list of triggers", schema=_mapping("A trigger", _TRIGGER)
    ),
    "executor": _EXECUTOR,
    "executors": _mapping("Settings for each executor", {"dask": _mapping("Where the cluster is", _DASK)}),
}

_GITHUB: dict[str, Rule] = {
    "enabled": _rule(
        ["boolean", "string"],
        "auto: on where a token and a repository are known",
        "auto, true or false",
        regex="^auto$",
    ),
    "repository": _text(
        "Else GITHUB_REPOSITORY, else the git remote", "owner/name", regex=r"^[A-Za-z0-9][\w-]*/[\w.-]+$"
    ),
    "api_url": _text("For GitHub Enterprise", "a URL (https://…)", regex=r"^https?://\S+$"),
    "token": _text(
        "The name of the environment variable with the token",
        "the name of an environment variable",
        regex=VARIABLE,
        remedy="write GITHUB_TOKEN, and put the token itself into .env or the environment",
    ),
    "app": _mapping(
        "A GitHub App in the place of a token",
        {
            "id": _count("The App's id", required=True),
            "private_key": _text(
                "The name of the environment variable with the App's private key, as PEM text",
                "the name of an environment variable",
                regex=VARIABLE,
                required=True,
                remedy="write GITHUB_APP_KEY, and put the key itself into .env or the environment",
            ),
            "installation": _count("The installation; else the one that the repository has"),
        },
    ),
    "issues": _text(
        "plan: one tracking issue. phase: one more for each phase", "plan or phase", allowed=["plan", "phase"]
    ),
    "labels": _texts("Labels of the issues"),
    "statuses": _flag("Whether HEAD gets a commit status for each phase"),
    "approvals": _mapping(
        "Approvals that are given on GitHub",
        {
            "permission": _text(
                "What somebody who votes there must have",
                "a permission",
                allowed=["read", "triage", "write", "maintain", "admin"],
            ),
            "users": _texts("Who may vote there whatever their permission is"),
            "poll": _duration("How often to look"),
        },
    ),
}

SCHEMAS: dict[str, Rule] = {
    "phases": _mapping("The plan", _PHASES),
    "criteria": _CRITERIA,
    "orchestrator": _mapping("How plans are run", _ORCHESTRATOR),
    "github": _mapping("What GitHub shows", _GITHUB),
}
"""The rule for the whole of each file, by the file's name without its ending."""
