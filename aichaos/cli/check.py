"""`aichaos check`: any YAML, reviewed."""

import sys
from typing import Any

import click

from aichaos import reviewing, settings
from aichaos.cli.options import choice, say, source_options, warn, write_json
from aichaos.domain.checked import Checked
from aichaos.domain.finding import Severity, summary
from aichaos.errors import UsageError
from aichaos.files.inputs import STANDARD_INPUT
from aichaos.report import checked


def _explain(ctx: click.Context, param: click.Parameter, given: str | None) -> None:
    if given is None:
        return
    from aichaos.check.choosing import matches, patterns
    from aichaos.check.rules import RULES

    wanted = patterns((given,), "--explain")
    rules = [rule for rule in RULES.values() if matches(rule.name, wanted)]
    if len(rules) == 1:
        from aichaos.check.pages.section import section

        click.echo(section(rules[0]).removeprefix("### "), nl=False)
    else:
        width = max(len(rule.name) for rule in rules)
        for rule in rules:
            click.echo(f"{rule.name:{width}}  {rule.severity:7}  {rule.summary}")
    ctx.exit()


@click.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="PATH…")
@source_options
@click.option("--fix", is_flag=True, help="Write the corrections that are certain, and show them.")
@click.option("--diff", is_flag=True, help="Show the corrections that are certain, and write nothing.")
@click.option("--server", is_flag=True, help="Ask the API server too: its own strict dry run, which changes nothing.")
@click.option("--select", multiple=True, metavar="RULES", help="Only these rules: a name, a family or a glob; commas between.")
@click.option("--ignore", multiple=True, metavar="RULES", help="All but these rules.")
@click.option("--baseline", metavar="FILE", type=click.Path(readable=False), help="Report only what does not stand in this file.")
@click.option("--update-baseline", is_flag=True, help="Write what is found now into the baseline.")
@click.option(
    "--explain",
    metavar="RULES",
    is_eager=True,
    expose_value=False,
    callback=_explain,
    help="Show the page of a rule, or the rules of a family, and check nothing.",
)
@click.option(
    "--leave-others", is_flag=True, help="Leave files without a Kubernetes object alone where they are named, too, not only in folders."
)
@click.option("-v", "--verbose", is_flag=True, help="Name every file that was left alone.")
@click.option("--strict", is_flag=True, help="Warnings and skipped checks fail too.")
@click.option(
    "-o", "--output", type=click.Choice(list(checked.FORMATS)), default="text", show_default=True, help="How findings are written."
)
def command(**given: Any) -> int:
    """Review YAML: a file, a folder, or - for standard input; chaos or not, ours or not.

    Without --from, references are resolved among the given documents only. With --fix, standard input is corrected to standard output.
    """
    _refuse(given)
    effective = settings.load({**given, "from": given["origin"]})
    if "-" in given["paths"] and effective["from"] == "-":
        raise UsageError("standard input can't be both what is checked and the cluster", hint="Save one of them to a file.")
    selected = choice(effective, given["namespaces"], all_namespaces=given["all_namespaces"])
    against_cluster = effective["from"] is not None or given["context"] is not None or given["kubeconfig"] is not None
    order = reviewing.Order(
        paths=given["paths"],
        choice=selected if against_cluster else None,
        policy=effective["policy"],
        select=given["select"],
        ignore=given["ignore"],
        baseline=given["baseline"],
        update_baseline=given["update_baseline"],
        server=given["server"],
        cluster=selected,
        fix=given["fix"] or given["diff"],
        write=given["fix"] and not given["diff"],
        edits=given["output"] == "sarif",
        leave_others=given["leave_others"],
    )
    done = reviewing.check(order, say)
    _show(done, given)
    warn([*done.notes, *checked.aside(done, all_of_them=given["verbose"])])
    if done.source is None:
        warn(["references to a cluster were not checked; name one with --from"])
    counts = summary(done.findings)
    failing = counts["error"] + (counts["warning"] + counts["skipped"] if given["strict"] else 0)
    return 4 if failing else 0


def _refuse(given: dict[str, Any]) -> None:
    if "" in given["paths"]:
        raise UsageError("a path is empty", hint="Name a file, a folder, or - for standard input.")
    if given["update_baseline"] and not given["baseline"]:
        raise UsageError("--update-baseline needs a file", hint="Name it with --baseline FILE.")
    if given["fix"] and "-" in given["paths"] and (len(given["paths"]) > 1 or given["output"] != "text"):
        raise UsageError(
            "--fix writes standard input to standard output: nothing else can go there",
            hint="Give - alone, without -o, or save it to a file.",
        )


def _show(done: Checked, given: dict[str, Any]) -> None:
    match given["output"]:
        case "json":
            write_json(checked.as_json(done))
        case "sarif":
            from aichaos.report import sarif

            write_json(sarif.log(done, _about))
        case "junit":
            from aichaos.report import junit

            sys.stdout.write(junit.text(done, given["strict"]))
        case "github":
            from aichaos.report import github

            sys.stdout.writelines(f"{line}\n" for line in github.lines(done.findings))
            checked.text(done, sys.stderr, wrote=given["fix"])
        case _ if given["fix"] and "-" in given["paths"]:
            sys.stdout.write(done.texts[STANDARD_INPUT])
            checked.text(done, sys.stderr, wrote=True)
        case _:
            checked.text(done, sys.stdout, wrote=given["fix"] and not given["diff"])


def _about(rule: str) -> tuple[str, Severity]:
    from aichaos.check.rules import RULES

    return RULES[rule].summary, RULES[rule].severity
