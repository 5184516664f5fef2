"""Jobs and CronJobs (k8s.io/kubernetes, pkg/apis/batch/validation, v1.35)."""

import re

from aichaos.check.admission import metadata, names
from aichaos.check.admission.cron import cron_problem, zone_problem
from aichaos.check.admission.pods import template
from aichaos.check.admission.spot import Problems, Spot, not_negative, one_of

_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")


def job(document: Spot) -> Problems:
    spec = document["spec"]
    yield from _job(spec)
    selector = spec["selector"]
    yield from metadata.selector(selector)
    name = document["metadata"]["name"]
    if spec["manualSelector"].on:
        if not selector:
            yield selector.required("with manualSelector: true it is yours to write")
        elif not metadata.fits(selector, spec["template"]["metadata"]["labels"]):
            yield selector.invalid("the selector does not take the labels of the template")
    elif selector and not metadata.fits(selector, Spot({"job-name": name.text, "batch.kubernetes.io/job-name": name.text})):
        yield selector.invalid("the selector of a Job is made by the server; leave it out")
    completions = spec["completions"].number
    if spec["completionMode"].text == "Indexed" and completions > 0 and name.text and names.label(f"{name.text}-{completions - 1}"):
        yield name.invalid(f"the last pod of this Job would be called {name.text[:60]}-{completions - 1}, which is no name of a host")


def cron_job(document: Spot) -> Problems:
    spec = document["spec"]
    schedule, zone = spec["schedule"], spec["timeZone"]
    if not schedule.text:
        yield schedule.required("when to run, as in */5 * * * *")
    else:
        if problem := cron_problem(schedule.text):
            yield schedule.invalid(problem)
        if "TZ" in schedule.text:
            yield schedule.invalid("the time zone is set in timeZone")
    if zone and (problem := zone_problem(zone.text)):
        yield zone.invalid(problem)
    for field in ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        yield from not_negative(spec[field])
    yield from one_of(spec["concurrencyPolicy"], ("Allow", "Forbid", "Replace"))
    inner = spec["jobTemplate"]
    yield from _job(inner["spec"], inside=True)
    if inner["spec"]["selector"]:
        yield inner["spec"]["selector"].invalid("the selector of a Job is made by the server; leave it out")
    if inner["spec"]["manualSelector"].on:
        yield inner["spec"]["manualSelector"].unsupported(("false",))
    name = document["metadata"]["name"]
    if len(name.text) > 52:
        yield name.invalid("the name of a CronJob has at most 52 characters: its Jobs get 11 more")


def _job(spec: Spot, *, inside: bool = False) -> Problems:
    for field in _COUNTS:
        yield from not_negative(spec[field])
    mode, completions = spec["completionMode"], spec["completions"]
    yield from one_of(mode, ("Indexed", "NonIndexed"))
    if mode and not mode.text:
        yield mode.unsupported(("Indexed", "NonIndexed"))
    indexed = mode.text == "Indexed"
    # A Job with neither number gets 1 of both; the template in a CronJob gets nothing.
    if indexed and not completions and (spec["parallelism"] or inside):
        yield completions.required("a Job that is Indexed says how many")
    if indexed and spec["parallelism"].number > 100_000:
        yield spec["parallelism"].invalid("it must not be more than 100000")
    if spec["maxFailedIndexes"]:
        if not spec["backoffLimitPerIndex"]:
            yield spec["backoffLimitPerIndex"].required("maxFailedIndexes needs it")
        if indexed and completions and spec["maxFailedIndexes"].number > completions.number:
            yield spec["maxFailedIndexes"].invalid("it must not be more than completions")
    for field in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
        if spec[field] and not indexed:
            yield spec[field].invalid("it goes with completionMode: Indexed")
    if indexed and spec["successPolicy"]:
        yield from _successes(spec["successPolicy"], completions.number)
    yield from _failures(spec)
    yield from _replacement(spec)
    yield from template(spec["template"])
    policy = spec["template"]["spec"]["restartPolicy"]
    if policy.text in ("", "Always"):
        yield policy.required("a Job takes OnFailure or Never") if not policy.text else policy.invalid("a Job takes OnFailure or Never")
    elif spec["podFailurePolicy"] and policy.text != "Never":
        yield policy.invalid("with podFailurePolicy it is Never")
    if spec["managedBy"] and (problem := names.domain_prefixed_path(spec["managedBy"].text)):
        yield spec["managedBy"].invalid(problem)


def _successes(policy: Spot, completions: int) -> Problems:
    rules = policy["rules"]
    if not rules.each():
        yield rules.required("one rule at least")
    if len(rules.each()) > 20:
        yield rules.invalid("20 rules at most")
    for rule in rules.each():
        count, indexes = rule["succeededCount"], rule["succeededIndexes"]
        if not count and not indexes:
            yield rule.required("it takes succeededCount or succeededIndexes")
        total = completions
        if indexes:
            counted = _indexes(indexes.text, completions)
            if counted is None:
                yield indexes.invalid("it must be numbers and ranges in order, below completions, as in 0,2-4")
            total = counted or 0
        yield from not_negative(count)
        if count and count.number > total:
            yield count.invalid(f"it must not be more than {total}")


def _indexes(text: str, completions: int) -> int | None:
    """How many indexes a text such as 0,2-4 names; None where it is none."""
    total, last = 0, -1
    for part in text.split(",") if text else ():
        ends = part.split("-")
        if len(ends) > 2 or not all(re.fullmatch("[0-9]{1,9}", end, re.ASCII) for end in ends):
            return None
        start, end = int(ends[0]), int(ends[-1])
        if start <= last or end < start or (len(ends) == 2 and end == start) or end >= completions:
            return None
        total, last = total + end - start + 1, end
    return total


def _failures(spec: Spot) -> Problems:
    rules = spec["podFailurePolicy"]["rules"]
    if len(rules.each()) > 20:
        yield rules.invalid("20 rules at most")
    pod = spec["template"]["spec"]
    known = {container["name"].text for field in ("containers", "initContainers") for container in pod[field].each()}
    for rule in rules.each():
        yield from one_of(rule["action"], _ACTIONS, required=True)
        if rule["action"].text == "FailIndex" and not spec["backoffLimitPerIndex"]:
            yield rule["action"].invalid("it needs backoffLimitPerIndex")
        codes, conditions = rule["onExitCodes"], rule["onPodConditions"].each()
        if bool(codes) == bool(conditions):
            yield rule.invalid("it takes one of onExitCodes, onPodConditions")
        if codes:
            yield from _codes(codes, known)
        if len(conditions) > 20:
            yield rule["onPodConditions"].invalid("20 conditions at most")
        for condition in conditions:
            if problem := names.qualified(condition["type"].text):
                yield condition["type"].invalid(problem)
            yield from one_of(condition["status"], ("True", "False", "Unknown"))


def _codes(codes: Spot, known: set[str]) -> Problems:
    operator, container, values = codes["operator"], codes["containerName"], codes["values"]
    yield from one_of(operator, ("In", "NotIn"), required=True)
    if container and container.text not in known:
        yield container.invalid("the template has no container of that name")
    numbers = [value.number for value in values.each()]
    if not numbers:
        yield values.invalid("one value at least")
    elif len(numbers) > 255:
        yield values.invalid("255 values at most")
    if operator.text == "In" and 0 in numbers:
        yield values.invalid("0 is success, and no failure")
    if len(set(numbers)) < len(numbers):
        yield values.duplicate("a value")
    if numbers != sorted(numbers):
        yield values.invalid("the values stand in order")


def _replacement(spec: Spot) -> Problems:
    policy = spec["podReplacementPolicy"]
    if not policy:
        return
    allowed = ("Failed",) if spec["podFailurePolicy"] else ("Failed", "TerminatingOrFailed")
    if policy.text not in allowed:
        yield policy.unsupported(allowed)
