"""`aichaos route`: which listener, route, rule and backend would serve a request now, and why."""

import sys
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from aichaos import pipeline, settings
from aichaos.cli.options import output_option, say, source_options, warn, write_json
from aichaos.cli.routing import client_option, implementation_option, question_of, request_lines
from aichaos.domain.prediction import Answer, RequestLine, Unread
from aichaos.errors import UsageError
from aichaos.predict.routing.request import line_of
from aichaos.report import routing
from aichaos.report.layout import Paper


@click.command("route")
@click.argument("method", required=False, metavar="[METHOD")
@click.argument("url", required=False, metavar="URL]")
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header of the request; may be repeated.")
@click.option("--requests", metavar="FILE", help="Requests from a file, or - for standard input: one JSON object a line.")
@click.option("--gateway", metavar="NS/NAME", help="The Gateway that is asked, where several could be meant.")
@implementation_option
@client_option
@source_options
@output_option
def command(**given: Any) -> int:
    """Which listener, route, rule and backend would serve a request now, and why. Nothing is sent.

    The port of the URL is the listener's; its host is the Host header, unless -H 'Host: NAME' says otherwise.

    \b
    aichaos route GET http://lior.example.com/shop --from demo:route-chaos
    aichaos route POST http://shop.example.com/cart -H 'x-canary: yes'
    aichaos route --requests requests.jsonl -o json
    """
    effective = settings.load({**given, "from": given["origin"]})
    if given["requests"] is None and (given["method"] is None or given["url"] is None):
        raise UsageError("a request has a METHOD and a URL", hint="For example: aichaos route GET http://shop.example.com/")
    if given["requests"] is not None and (given["method"] is not None or given["headers"]):
        raise UsageError("--requests and a request exclude each other", hint="Put the request, with its headers, into the file.")
    question = question_of(given, effective)
    if given["requests"] is None:
        return _one(line_of(given["method"], given["url"], given["headers"]), question, given["output"])
    return _many(request_lines(given["requests"]), question, given["output"])


def _one(line: RequestLine, question: pipeline.Question, output: str) -> int:
    asked = pipeline.route([line], question, say)
    answer = next(iter(asked.answers))
    if isinstance(answer, UsageError):
        raise answer
    if output == "json":
        write_json(answer.bare)
    else:
        routing.answer(line, answer, Paper(sys.stdout))
    warn(asked.warnings)
    return 0


def _many(lines: Iterator[RequestLine | UsageError], question: pipeline.Question, output: str) -> int:
    """One answer a line, in the order of the requests; 1 where one of them could not be read."""
    asked = pipeline.route(lines, question, say)
    paper = Paper(sys.stdout)
    unread = 0
    encoder = msgspec.json.Encoder()
    for number, answer in enumerate(asked.answers, 1):
        unread += isinstance(answer, UsageError)
        if output == "json":
            written: Answer | Unread = Unread(error=f"{answer}. {answer.hint}".rstrip()) if isinstance(answer, UsageError) else answer.bare
            sys.stdout.write(encoder.encode(written).decode() + "\n")
        else:
            routing.brief(number, answer, paper)
    warn(asked.warnings)
    return 1 if unread else 0
