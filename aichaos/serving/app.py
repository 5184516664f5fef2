"""The addresses of the dashboard, and what answers each."""

import asyncio
import re
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from aichaos.cluster.connection import connect
from aichaos.errors import AichaosError, FileError
from aichaos.live.stopping import ask_to_stop
from aichaos.report import results_html
from aichaos.run import lease
from aichaos.serving import pages
from aichaos.serving.cluster import Cluster
from aichaos.serving.gate import COOKIE, FORMS, PATIENCE, Gate, is_token, seal
from aichaos.serving.live import Streams
from aichaos.serving.manner import Manner
from aichaos.serving.shelf import Shelf

_RUN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_STATIC = {"style.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"}
_BOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_SCORED = 50
"""Runs of an experiment whose scores are shown: each is computed from its samples."""


class Dashboard:
    """What the routes share."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.shelf = Shelf()
        self.cluster = Cluster(manner)
        self.streams = Streams()

    def routes(self) -> list[Route]:
        return [
            Route("/", self.runs),
            Route("/events", self.events),
            Route("/experiments/{name:path}", self.experiment),
            Route("/runs/{run}", self.run),
            Route("/runs/{run}/events", self.events),
            Route("/runs/{run}/results.json", self.results),
            Route("/runs/{run}/report", self.report),
            Route("/runs/{run}/stop", self.stop, methods=["POST"]),
            Route("/login", self.login, methods=["GET", "POST"]),
            Route("/static/{name}", self.static),
        ]

    async def runs(self, request: Request) -> Response:
        entries = await run_in_threadpool(self.shelf.list)
        number = request.query_params.get("page", "")
        page = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else 1
        return HTMLResponse(pages.runs(entries, self.cluster.seen(), request.query_params.get("experiment"), page))

    async def run(self, request: Request) -> Response:
        found = await run_in_threadpool(self.shelf.results, _run(request))
        return HTMLResponse(pages.run(found, may_stop=self.manner.allow_stop))

    async def results(self, request: Request) -> Response:
        found = await run_in_threadpool(self.shelf.results, _run(request))
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def report(self, request: Request) -> Response:
        """The page that can be kept and sent, in a box of its own: it may not even ask this server."""
        found = await run_in_threadpool(self.shelf.results, _run(request))
        return HTMLResponse(await run_in_threadpool(results_html.page, found), headers={"content-security-policy": _BOX})

    async def experiment(self, request: Request) -> Response:
        name = request.path_params["name"]
        entries = await run_in_threadpool(self.shelf.list)
        mine = [one.run for one in reversed(entries) if one.experiment == name and one.state != "unreadable"][-_SCORED:]
        if not mine:
            raise HTTPException(404, "no run of that experiment on this machine")
        return HTMLResponse(pages.experiment(name, [await run_in_threadpool(self.shelf.results, run) for run in mine]))

    async def events(self, request: Request) -> Response:
        run = _run(request) if "run" in request.path_params else None
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return self.streams.stream(lambda: self.shelf.mark(run))

    async def stop(self, request: Request) -> Response:
        if not self.manner.allow_stop:
            raise HTTPException(403, "this dashboard only shows; `aichaos serve --allow-stop` may stop runs")
        run = _run(request)
        form = await _form(request)
        if not await is_token(form.get("token", ""), self.manner.token):
            found = await run_in_threadpool(self.shelf.results, run)
            told = "That is not the token: nothing was done. It stands where `aichaos serve` was started."
            return HTMLResponse(pages.run(found, may_stop=True, told=told), 403)
        told = await run_in_threadpool(self._stop, run, form.get("why", "")[:200])
        found = await run_in_threadpool(self.shelf.results, run)
        return HTMLResponse(pages.run(found, may_stop=True, told=told))

    def _stop(self, run: str, why: str) -> str:
        opened = self.shelf.opened(run)
        with connect(kubeconfig=opened.access.kubeconfig, context=opened.access.context) as connection:
            ask_to_stop(connection, lease.place(opened.lease), run, f"in the dashboard{': ' + why if why else ''}")
        return "The run is asked to stop. It puts everything back now."

    async def login(self, request: Request) -> Response:
        if request.method != "POST":
            return HTMLResponse(pages.login())
        form = await _form(request)
        if not await is_token(form.get("token", ""), self.manner.token):
            return HTMLResponse(pages.login("That is not the token."), 403)
        answer = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, seal(self.manner.token or ""), httponly=True, samesite="strict", path="/", secure=secure)
        return answer

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _STATIC:
            raise HTTPException(404, "no such file")
        return Response((files("aichaos.serving") / "static" / name).read_bytes(), media_type=_STATIC[name])


def _run(request: Request) -> str:
    run: str = request.path_params["run"]
    if not _RUN.fullmatch(run):
        raise HTTPException(404, "no run of this machine is called that")
    return run


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form. Raises HTTPException."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise HTTPException(415, "a form is application/x-www-form-urlencoded")
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in request.stream():
                body += piece
                if len(body) > FORMS:
                    raise HTTPException(413, "that is no form of these pages: it is too long")
    except (TimeoutError, ClientDisconnect) as error:
        raise HTTPException(408, "the form did not arrive") from error
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=8)
    except (UnicodeDecodeError, ValueError) as error:
        raise HTTPException(400, "that is no form") from error
    return {name: values[0] for name, values in fields.items()}


def _status(error: AichaosError) -> int:
    return 404 if isinstance(error, FileError) else 502


def application(manner: Manner) -> Gate:
    """The dashboard as an ASGI application, behind its gate."""

    async def ours(request: Request, error: Any) -> Response:
        return HTMLResponse(pages.trouble("That did not work", str(error), error.hint), _status(error))

    async def http(request: Request, error: Any) -> Response:
        return HTMLResponse(pages.trouble("Not here", str(error.detail)), error.status_code, headers=error.headers)

    app = Starlette(routes=Dashboard(manner).routes(), exception_handlers={AichaosError: ours, HTTPException: http})
    app.router.redirect_slashes = False
    return Gate(app, manner)
