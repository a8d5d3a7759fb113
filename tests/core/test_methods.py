"""Methods that a view of the API does not have."""

from django.test import Client


def test_the_refusal_is_a_problem_that_names_what_is_allowed(client: Client) -> None:
    answer = client.delete("/api/v1/listings/")
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["Allow"].split(", "))
    assert "DELETE" not in answer.headers["Allow"]
    assert answer.json()["type"] == "/help/problems/method-not-allowed"
