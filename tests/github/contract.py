"""GitHub's own description of its REST API, and what is wrong with an exchange by it.

The description comes from npm (@octokit/openapi, MIT), is trimmed to the operations that matter here with all that
these refer to, and kept in the cache; nothing of it is in this repository. Requests are checked whole: path, query and
body against their schemas, and no name in them that the description lacks, because GitHub silently ignores these.
Answers are checked when they are 2xx: the description of errors is not what GitHub does.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from exchanges import Exchange
from npm import Unreachable, kept, npm
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

PACKAGE, MEMBER = "@octokit/openapi@23.0.2", "package/generated/api.github.com.json"
INTEGRITY = "sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg=="
HOST = "https://api.github.com"
REPO = "/repos/{owner}/{repo}"
OPERATIONS = {
    "/app": ("get",),
    "/app/installations/{installation_id}": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
    "/orgs/{org}": ("get",),
    "/orgs/{org}/teams/{team_slug}": ("get",),
    "/orgs/{org}/teams/{team_slug}/memberships/{username}": ("get",),
    "/rate_limit": ("get",),
    "/user": ("get",),
    "/users/{username}": ("get",),
    REPO: ("get",),
    f"{REPO}/collaborators/{{username}}/permission": ("get",),
    f"{REPO}/commits/{{ref}}/status": ("get",),
    f"{REPO}/commits/{{ref}}/statuses": ("get",),
    f"{REPO}/installation": ("get",),
    f"{REPO}/issues": ("get", "post"),
    f"{REPO}/issues/comments": ("get",),
    f"{REPO}/issues/comments/{{comment_id}}": ("get", "patch", "delete"),
    f"{REPO}/issues/comments/{{comment_id}}/reactions": ("get", "post"),
    f"{REPO}/issues/comments/{{comment_id}}/reactions/{{reaction_id}}": ("delete",),
    f"{REPO}/issues/{{issue_number}}": ("get", "patch"),
    f"{REPO}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPO}/issues/{{issue_number}}/labels": ("get", "post", "put", "delete"),
    f"{REPO}/issues/{{issue_number}}/labels/{{name}}": ("delete",),
    f"{REPO}/issues/{{issue_number}}/lock": ("put", "delete"),
    f"{REPO}/issues/{{issue_number}}/reactions": ("get", "post"),
    f"{REPO}/labels": ("get", "post"),
    f"{REPO}/labels/{{name}}": ("get", "patch", "delete"),
    f"{REPO}/statuses/{{sha}}": ("post",),
}
OLD_STATUSES = re.compile(r"^(/repos/[^/]+/[^/]+)/statuses/([^/]+)$")
LABEL = re.compile(r"^(/repos/[^/]+/[^/]+/labels/)(.+)$")


# --- the description


def fetched() -> Any:
    """The whole description, from the package, whose integrity is checked.

    Raises:
        Unreachable: it cannot be had, or is not the package that it should be.
    """
    with tempfile.TemporaryDirectory() as folder:
        npm(PACKAGE, "pack", PACKAGE, "--loglevel=error", folder=Path(folder))
        (tarball,) = Path(folder).glob("*.tgz")
        found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
        if found != INTEGRITY:
            raise Unreachable(f"{PACKAGE} has the integrity {found} instead of {INTEGRITY}")
        with tarfile.open(tarball) as package:
            member = package.extractfile(MEMBER)
            assert member is not None
            return json.load(member)


def refer(data: Any) -> Iterator[str]:
    """Each `$ref` in it."""
    if isinstance(data, dict):
        if isinstance(data.get("$ref"), str):
            yield data["$ref"]
        for value in data.values():
            yield from refer(value)
    elif isinstance(data, list):
        for value in data:
            yield from refer(value)


def without_examples(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: without_examples(value) for key, value in data.items() if key not in ("examples", "x-octokit")}
    return [without_examples(value) for value in data] if isinstance(data, list) else data


def trimmed(whole: Any) -> Any:
    """These operations and all that they refer to."""
    paths = {}
    for path, methods in OPERATIONS.items():
        described = whole["paths"][path]
        kept_ones = {method: described[method] for method in methods}
        shared = {"parameters": described["parameters"]} if "parameters" in described else {}
        paths[path] = without_examples({**shared, **kept_ones})
    components: dict[str, dict[str, Any]] = {}
    todo = list(refer(paths))
    while todo:
        _, _, kind, name = todo.pop().split("/", 3)
        if name not in components.setdefault(kind, {}):
            components[kind][name] = without_examples(whole["components"][kind][name])
            todo += refer(components[kind][name])
    kept_keys = {key: whole[key] for key in ("openapi", "info")}
    return {**kept_keys, "servers": [{"url": HOST}], "paths": paths, "components": components}


def normalised(data: Any) -> Any:
    """As GitHub means it: nullable enums have null, and a nullable choice takes null."""
    if isinstance(data, list):
        return [normalised(value) for value in data]
    if not isinstance(data, dict):
        return data
    data = {key: normalised(value) for key, value in data.items()}
    if data.get("nullable") is True:
        if isinstance(data.get("enum"), list) and None not in data["enum"]:
            data["enum"] = [*data["enum"], None]
        for choice in ("anyOf", "oneOf"):
            if choice in data and "type" not in data:
                data[choice] = [*data[choice], {"nullable": True, "enum": [None]}]
    return data


@functools.cache
def description() -> Any:
    """The trimmed description, from the cache where it is there.

    Raises:
        Unreachable: it is not, and cannot be fetched.
    """
    operations = hashlib.sha256(json.dumps(OPERATIONS, sort_keys=True).encode()).hexdigest()[:12]
    name = f"github-api-23.0.2-{operations}.json"
    place = kept(name, lambda made: made.write_text(json.dumps(trimmed(fetched()))) and None)
    return normalised(json.loads(place.read_text()))


# --- an exchange, as openapi-core wants it


def described_path(exchange: Exchange) -> str:
    """The path by the description: labels with a slash, and the old address of commit statuses."""
    path = LABEL.sub(lambda found: found[1] + found[2].replace("/", "%2F"), exchange.path)
    return OLD_STATUSES.sub(r"\1/commits/\2/statuses", path) if exchange.method == "GET" else path


class Asked:
    """The request of an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.host_url, self.path, self.method = HOST, described_path(exchange), exchange.method.lower()
        query: Any = ImmutableMultiDict(exchange.parameters)
        self.parameters = RequestParameters(
            query=query, header=Headers(exchange.request_headers), cookie=ImmutableMultiDict()
        )
        self.body = exchange.request_body or None
        self.content_type = Headers(exchange.request_headers).get("Content-Type", "application/json")


class Answered:
    """The answer of an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code, self.data = exchange.status, exchange.response_body or None
        self.headers = Headers(exchange.response_headers)
        self.content_type = self.headers.get("Content-Type", "")


def reasons(error: BaseException) -> str:
    """The innermost causes: openapi-core's own messages only say that something is invalid."""
    inner = getattr(error, "schema_errors", None)
    if inner:
        return "; ".join(f"{'/'.join(map(str, one.absolute_path)) or 'it'}: {one.message[:300]}" for one in inner)
    return reasons(error.__cause__) if error.__cause__ else f"{type(error).__name__}: {error}"


class Contract:
    """GitHub's description, against which exchanges are held.

    Raises:
        Unreachable: the description cannot be had.
    """

    def __init__(self) -> None:
        self.description = description()
        self._api = OpenAPI.from_dict(self.description, config=Config(spec_validator_cls=None))
        self._paths = [
            (re.compile("^" + re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$"), path)
            for path in sorted(self.description["paths"], key=lambda path: path.count("{"))
        ]

    def operation(self, exchange: Exchange) -> Any:
        """What the description has for this request, or None."""
        path = described_path(exchange)
        for pattern, template in self._paths:
            if pattern.match(path) and exchange.method.lower() in self.description["paths"][template]:
                return self.description["paths"][template][exchange.method.lower()]
        return None

    def resolved(self, data: Any) -> Any:
        while "$ref" in data:
            _, _, kind, name = data["$ref"].split("/", 3)
            data = self.description["components"][kind][name]
        return data

    def undescribed(self, exchange: Exchange, operation: Any) -> Iterator[str]:
        """Names in the query and in the body that GitHub does not know."""
        known = {one["name"] for one in map(self.resolved, operation.get("parameters", [])) if one["in"] == "query"}
        yield from (f"no query parameter {name!r}" for name in sorted(set(exchange.parameters) - known))
        content = self.resolved(operation.get("requestBody", {})).get("content", {}).get("application/json")
        if not exchange.request_body or content is None:
            return
        fields = set(self.resolved(content["schema"]).get("properties", {}))
        try:
            sent = exchange.json
        except ValueError:
            return  # which the schema complains of
        if fields and isinstance(sent, dict):
            yield from (f"no field {name!r} in the body" for name in sorted(set(sent) - fields))

    def violations(self, exchange: Exchange) -> list[str]:
        """What is wrong with this exchange, each with the exchange's name; a fault's answer is not looked at."""
        operation = self.operation(exchange)
        if operation is None:
            return [f"{exchange!r}: GitHub has no such operation"]
        asked = Asked(exchange)
        found = [f"request: {reasons(error)}" for error in self._api.iter_request_errors(asked)]
        found += [f"request: {wrong}" for wrong in self.undescribed(exchange, operation)]
        played = exchange.fault and exchange.fault != "slow"
        if exchange.status and 200 <= exchange.status < 300 and not played:
            errors = self._api.iter_response_errors(asked, Answered(exchange))
            found += [f"answer: {reasons(error)}" for error in errors]
        return [f"{exchange!r}: {wrong}" for wrong in found]

    def broken(self, exchanges: Iterable[Exchange]) -> list[str]:
        """The violations of many exchanges; those that are equal to the last byte are looked at once."""
        distinct = {
            (one.method, one.path, one.query, one.request_body, one.status, one.fault, one.response_body): one
            for one in exchanges
        }
        return [wrong for one in distinct.values() for wrong in self.violations(one)]
