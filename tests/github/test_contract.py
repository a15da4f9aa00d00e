"""GitHub's own description finds fault with wrong requests and wrong answers, and with nothing that is right."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from exchanges import Exchange
from test_fake_github import SHA, repository


@pytest.fixture
def right(github) -> list[Exchange]:
    """Exchanges as they should be: an issue, a comment, a reaction, a status, a label."""
    repo = repository(github)
    issue = repo.create_issue("Plan", body="text", labels=["gate/waiting"])
    comment = issue.create_comment("hello")
    comment.create_reaction("eyes")
    issue.edit(state="closed", state_reason="completed")
    list(repo.get_issues(state="all", creator=github.login))
    repo.get_commit(SHA).create_status("success", context="phasegate")
    assert repo.get_label("gate/waiting").color == "ededed"
    repo.get_collaborator_permission("alice")
    return list(github.exchanges)


def changed(exchange: Exchange, **changes: object) -> Exchange:
    return replace(exchange, **changes)  # type: ignore[arg-type]


def with_answer(exchange: Exchange, *without: str, **values: object) -> Exchange:
    data = {key: value for key, value in exchange.answer.items() if key not in without} | values
    return changed(exchange, response_body=json.dumps(data).encode())


def with_request(exchange: Exchange, **values: object) -> Exchange:
    return changed(exchange, request_body=json.dumps({**exchange.json, **values}).encode())


def find(right: list[Exchange], method: str, ending: str) -> Exchange:
    return next(one for one in right if one.method == method and one.path.endswith(ending))


def test_what_is_right_has_no_violation(contract, right):
    assert [one.status for one in right] == [201, 201, 201, 200, 200, 201, 200, 200]
    assert contract.broken(right) == []


@pytest.mark.parametrize(
    ("method", "ending", "without", "values", "said"),
    [
        ("POST", "/issues", ("number",), {}, "'number' is a required property"),
        ("POST", "/issues", (), {"number": "1"}, "number: '1' is not of type 'integer'"),
        ("POST", "/issues", (), {"user": {"login": "x"}}, "user"),
        ("POST", "/issues", (), {"created_at": "yesterday"}, "created_at"),
        ("POST", "/issues", (), {"author_association": "FRIEND"}, "author_association"),
        ("PATCH", "/issues/1", (), {"state_reason": "tired"}, "state_reason"),
        ("POST", "/comments", ("updated_at",), {}, "'updated_at' is a required property"),
        ("POST", "/reactions", (), {"content": "applause"}, "content"),
        ("POST", SHA, ("creator",), {}, "'creator' is a required property"),
        ("GET", "/permission", ("role_name",), {}, "'role_name' is a required property"),
    ],
)
def test_a_wrong_answer_is_found(contract, right, method, ending, without, values, said):
    wrong = contract.violations(with_answer(find(right, method, ending), *without, **values))
    assert len(wrong) == 1, wrong
    assert "answer: " in wrong[0]
    assert said in wrong[0]


def test_a_wrong_entry_of_a_list_a_wrong_status_and_a_wrong_type_are_found(contract, right):
    listed, made = find(right, "GET", "/issues"), find(right, "POST", "/issues")
    data = [{**listed.answer[0], "title": None}]
    assert "title" in contract.violations(changed(listed, response_body=json.dumps(data).encode()))[0]
    assert "answer: " in contract.violations(changed(made, status=200))[0]
    html = {"Content-Type": "text/html"}
    assert "answer: " in contract.violations(changed(made, response_headers=html, response_body=b"<html>"))[0]
    assert "answer: " in contract.violations(changed(made, response_body=b""))[0]


@pytest.mark.parametrize(
    ("method", "ending", "values", "said"),
    [
        ("POST", "/issues", {"labels": "x"}, "labels: 'x' is not of type 'array'"),
        ("POST", "/issues", {"titel": "x"}, "no field 'titel'"),
        ("PATCH", "/issues/1", {"state": "done"}, "state: 'done' is not one of"),
        ("PATCH", "/issues/1", {"reason": "completed"}, "no field 'reason'"),
        ("POST", "/reactions", {"content": "applause"}, "content"),
        ("POST", "/comments", {"body": 1}, "body: 1 is not of type 'string'"),
        ("POST", SHA, {"state": "green"}, "state"),
    ],
)
def test_a_wrong_request_is_found(contract, right, method, ending, values, said):
    wrong = contract.violations(with_request(find(right, method, ending), **values))
    assert len(wrong) == 1, wrong
    assert "request: " in wrong[0]
    assert said in wrong[0]


def test_a_wrong_query_or_address_is_found(contract, right):
    listed = find(right, "GET", "/issues")
    assert "state" in contract.violations(changed(listed, query="state=done"))[0]
    assert "per_page" in contract.violations(changed(listed, query="per_page=many"))[0]
    assert "no query parameter 'stat'" in contract.violations(changed(listed, query="stat=open"))[0]
    assert "no such operation" in contract.violations(changed(listed, path="/repos/octo/plan/issue"))[0]
    assert "no such operation" in contract.violations(changed(listed, method="DELETE"))[0]
    assert contract.violations(changed(find(right, "POST", "/issues"), request_body=b"{")) != []
    assert contract.violations(changed(find(right, "POST", "/issues"), request_body=b"")) != []


def test_the_answer_of_a_fault_is_not_looked_at_but_its_request_is(contract, right):
    made = find(right, "POST", "/issues")
    played = changed(made, fault="html", response_body=b"<html>", response_headers={"Content-Type": "text/html"})
    assert contract.violations(played) == []
    assert contract.violations(with_request(played, titel="x")) != []


def test_a_package_that_was_tampered_with_is_refused(monkeypatch):
    import contract as module
    from npm import Unreachable

    def pack(*_: object, folder) -> None:
        (folder / "x.tgz").write_bytes(b"not the package")

    monkeypatch.setattr(module, "npm", pack)
    with pytest.raises(Unreachable, match="integrity"):
        module.fetched()
