"""What people and programs are told when something is wrong: a page for the ones, a problem for the others.

Rules:
- Whoever accepts HTML and does not ask the API is a person.
- Pages of defects, maintenance and refused forms need neither a database nor a session: they are shown when
  those are what is wrong.
- Nothing that a page says is of the error itself, unless it was written to be read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from markets import problems
from markets.problems import Problem, as_problem, note, problem_headers, problem_response

Respond = Callable[[HttpRequest], HttpResponse]
TITLES: Final = {
    "invalid_request": "That request makes no sense",
    "permission_denied": "You may not do that",
    "rate_limited": "Too many requests",
    "internal_error": "Something went wrong",
    "unavailable": "The exchange cannot be reached",
}
LOG_IN_RETRY_AFTER: Final = 60
"""Seconds in which an address has attempts again."""


def is_for_people(request: HttpRequest) -> bool:
    """Whether a person looks at the answer."""
    accepts: str = request.headers.get("Accept", "")
    return "text/html" in accepts and not request.path.startswith("/api/")


def error_response(
    request: HttpRequest,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    retry_after: int | None = None,
    with_header: bool = False,
) -> HttpResponse:
    """The answer that says so, to whoever asked; `with_header` shows who is logged in, too."""
    problem = Problem(code, detail, retry_after=retry_after)
    if not is_for_people(request):
        return problem_response(problem)
    note(problem)
    context = {
        "title": title or TITLES.get(code, problem.as_json()["title"]),
        "detail": detail,
        "status": problem.status_code,
        "retry_after": problem.retry_after,
    }
    # Who is logged in would have to be asked of the database, which may be what is wrong.
    about = request if with_header else None
    page = render_to_string(
        "markets/error.html", context | {"with_header": with_header}, request=about
    )
    response = HttpResponse(page, status=problem.status_code)
    for name, value in problem_headers(problem).items():
        response[name] = value
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, and the size limit that Django reports through it."""
    if not is_for_people(request):
        return problems.bad_request(request, exception)
    problem = as_problem(exception) or Problem("invalid_request", "The request could not be read.")
    return error_response(request, problem.code, problem.message)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return error_response(
        request,
        "permission_denied",
        str(exception) or "This is not for you to see or do.",
        with_header=True,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of Django's CSRF check."""
    if not is_for_people(request):
        return problem_response(Problem("permission_denied", f"CSRF check failed: {reason}"))
    return error_response(
        request,
        "permission_denied",
        "The form that you sent is not one that this site gave you, or it is too old: you logged in or out "
        "since, or cookies are off. Go back, load the page again, and send it once more.",
        title="That form was out of date",
    )


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """429 of whoever tries too often to log in, sign up, or reset a password."""
    del exception
    return error_response(
        request,
        "rate_limited",
        "Too many attempts from your address. Wait a minute, then try again.",
        title="Too many attempts",
        retry_after=LOG_IN_RETRY_AFTER,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: a defect of ours, already logged; 503 where it is the database that is away."""
    error = sys.exc_info()[1]
    problem = as_problem(error) if isinstance(error, Exception) else None
    if problem is not None and problem.code == "unavailable":
        return database_away(request)
    if not is_for_people(request):
        return problems.server_error(request)
    return error_response(
        request,
        "internal_error",
        "A defect of ours; it was logged. Nothing that you were told is done is undone by it.",
    )


def database_away(request: HttpRequest) -> HttpResponse:
    """503."""
    return error_response(
        request,
        "unavailable",
        "The exchange cannot reach its database at the moment. Try again in a few seconds.",
    )


class DatabaseAwayMiddleware:
    """A page that could not be made because the database is away is no defect."""

    def __init__(self, get_response: Respond) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """503 in place of 500."""
        problem = as_problem(exception)
        if problem is None or problem.code != "unavailable":
            return None
        return database_away(request)
