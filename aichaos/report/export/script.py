"""`kubectl`: a script that does it and a script that undoes it, for POSIX sh and kubectl alone.

The way back is the same for every verb: what is touched is kept as it was before the first change, and put back from there. What was
not there is deleted. Routes whose age decides are made again in their order, in different seconds. Every name is quoted for the shell.
"""

import shlex

import msgspec

from aichaos.domain.base import ObjectRef
from aichaos.domain.experiment import Step
from aichaos.files import yaml
from aichaos.report.clean import clean
from aichaos.report.export.outline import MARK, Exported, File, Move, Outline, Thing, marked, waits


def export(outline: Outline) -> Exported:
    files = [
        File(name="run.sh", text=_run(outline), program=True),
        File(name="undo.sh", text=undo(outline), program=True),
        File(name="lib.sh", text=LIBRARY),
        *manifests(outline),
    ]
    return Exported(files=files, start="sh run.sh", notes=notes(outline))


def manifests(outline: Outline) -> list[File]:
    """The objects that steps bring along, a file each."""
    return [
        File(name=move.file, text=yaml.dump(marked(move.manifest, outline)))
        for move in outline.moves
        if move.file is not None and move.manifest is not None
    ]


def mark_line(outline: Outline) -> str:
    return f"mark={MARK}={outline.mark}"


def notes(outline: Outline) -> list[str]:
    """What no script of lines can do that `aichaos run` does."""
    told = [
        "after kill -9 or the loss of the machine, start undo.sh by hand; only `aichaos run` restores by itself",
        f"what it creates bears the label {MARK}: the way back deletes nothing without it",
        "what somebody else changes meanwhile in a touched object is put back, too; only `aichaos run` leaves that alone",
    ]
    if outline.experiment.spec.steady_state or outline.experiment.spec.abort:
        told.append("the script asks no probe: look yourself whether the steady state holds, and stop it with Ctrl-C")
    return told


def keep_lines(outline: Outline) -> list[str]:
    return [f"keep {words(thing)}" for thing in outline.kept]


def words(thing: Thing) -> str:
    """An object as three words of a shell."""
    return " ".join(shlex.quote(part) for part in (thing.resource, thing.name, thing.namespace))


def lines(move: Move) -> list[str]:
    """What a step does, with the functions of lib.sh."""
    step, thing = move.step, move.thing
    file = shlex.quote(f"./{move.file}") if move.file else ""
    if thing is None:
        return _waiting(step)
    named = words(thing)
    match step.verb:
        case "create":
            return [f"kubectl create -f {file}"]
        case "apply":
            return [f"kubectl apply -f {file}"]
        case "chaos":
            held = waits(step)
            return [f"kubectl apply -f {file}", *([f"pause {held}", f"unmake {named}"] if held is not None else [])]
        case "delete":
            return [f"drop {named}"]
        case "recreate":
            return [f"put_back {named}"]
        case "scale" if step.scale is not None:
            return [f"change scale {named} --replicas={step.scale.replicas}"]
        case "restart":
            return [f"change 'rollout restart' {named}"]
        case "patch" if step.patch is not None:
            return [f"change patch {named} --type=merge -p {shlex.quote(msgspec.json.encode(step.patch.merge).decode())}"]
        case "label" if step.label is not None:
            wanted = [f"{key}={value}" for key, value in step.label.set.items()] + [f"{key}-" for key in step.label.remove]
            return [f"change label {named} --overwrite -- {' '.join(map(shlex.quote, wanted))}"]
    raise AssertionError(step.verb)


def _waiting(step: Step) -> list[str]:
    if step.wait is not None and step.wait.until is not None:
        ref = ObjectRef.of(step.wait.until.object)
        limit = shlex.quote(step.wait.timeout or "60s")
        condition = shlex.quote(f"--for=condition={step.wait.until.condition}")
        return [f"change wait {' '.join(map(shlex.quote, (ref.kind.lower(), ref.name, ref.namespace)))} {condition} --timeout={limit}"]
    held = waits(step)
    return [f"pause {held}"] if held is not None else []


def _line(text: str) -> str:
    """Text of anybody as one line that a comment or a message can hold."""
    return clean(" ".join(text.split()))


def _run(outline: Outline) -> str:
    spec = outline.experiment.spec
    total = len(outline.moves)
    body: list[str] = []
    for move in outline.moves:
        body += ["", f"say {shlex.quote(f'{move.number}/{total} {_line(move.text)}')}", *lines(move)]
        if move.thing is not None:
            body.append("next_second")
    limit = int(spec.limit)
    return "\n".join(
        [
            "#!/bin/sh",
            f"# {_line(spec.title)}",
            f"# Made for {_line(outline.source)}. Whatever ends this script but kill -9, undo.sh follows.",
            "set -eu",
            'cd "$(dirname "$0")"',
            mark_line(outline),
            ". ./lib.sh",
            "begin",
            *keep_lines(outline),
            f"undo_at_the_end {limit}",
            *body,
            "",
            'say "done; restoring"',
            "",
        ]
    )


def undo(outline: Outline) -> str:
    """The way back as a script of its own; it can be started again until it says that all is restored."""
    again = set(outline.again)
    rest = [thing for thing in reversed(outline.touched) if thing not in again]
    made_again = [f"make_again {words(thing)}" for thing in outline.again]
    return "\n".join(
        [
            "#!/bin/sh",
            f"# Undoes: {_line(outline.experiment.spec.title)}",
            'cd "$(dirname "$0")"',
            mark_line(outline),
            ". ./lib.sh",
            "[ -d before ] || { say 'nothing to undo'; exit 0; }",
            *[f"restore {words(thing)}" for thing in rest],
            *(
                [
                    "# of two equal routes the older one wins: these are made again in their order of age",
                    f"if younger {' '.join(words(thing) for thing in outline.again)}; then",
                    *[f"  {line}" for line in made_again],
                    "fi",
                ]
                if made_again
                else []
            ),
            *[f"compare {words(thing)}" for thing in outline.kept],
            "finish",
            "",
        ]
    )


LIBRARY = r"""# Functions of run.sh and undo.sh. An object is three words: resource, name, namespace ('' for none).
# before/ holds every touched object as it was: NAME.yaml, its uid and its last-applied note; or NAME.absent where there was none.
nap=''
say() { printf '%s\n' "$1" >&2; }
pause() { sleep "$1" > /dev/null 2>&1 & nap=$!; wait $nap; }
next_second() { pause 1; }
place() { printf 'before/%s' "$(printf '%s_%s_%s' "$1" "$2" "$3" | tr -c 'A-Za-z0-9.\n-' '_')"; }
change() { verb=$1 resource=$2 name=$3 namespace=$4; shift 4; kubectl $verb ${namespace:+-n "$namespace"} "$resource/$name" "$@"; }
there() { kubectl get "$1/$2" ${3:+-n "$3"} --ignore-not-found -o "${4:-name}"; }
# what bears our label; under the same name somebody else may have made something meanwhile
ours() { kubectl get "$1" ${3:+-n "$3"} -l "$mark" --field-selector "metadata.name=$2" -o name; }
unmake() { kubectl delete "$1" ${3:+-n "$3"} -l "$mark" --field-selector "metadata.name=$2" --timeout=60s; }
drop() { kubectl delete "$1/$2" ${3:+-n "$3"} --ignore-not-found --timeout=60s; }

# an object without what only the server writes
bare() {
  kubectl get "$1/$2" ${3:+-n "$3"} -o json | kubectl patch --local -f - --type=merge -o yaml -p '{"status":null,"metadata":{"uid":null,
    "resourceVersion":null,"generation":null,"creationTimestamp":null,"managedFields":null,
    "annotations":{"deployment.kubernetes.io/revision":null}}}'
}

begin() {
  [ ! -d before ] || { say "before/ is left from another run: start undo.sh first"; exit 1; }
  mkdir before
}

keep() {
  found=$(there "$@") || { say "cannot read $1/$2"; rm -rf before; exit 1; }
  if [ -n "$found" ]; then
    bare "$@" > "$(place "$@").yaml" && there "$@" 'jsonpath={.metadata.uid}' > "$(place "$@").uid" &&
      there "$@" 'jsonpath={.metadata.annotations.kubectl\.kubernetes\.io/last-applied-configuration}' > "$(place "$@").applied" ||
      { rm -rf before; exit 1; }
  else
    : > "$(place "$@").absent"
  fi
}

undo_at_the_end() {
  trap 'code=$?; trap "" INT TERM HUP; trap - EXIT; kill $watch $nap 2>/dev/null || :; sh ./undo.sh || code=8; exit $code' EXIT
  trap 'exit 130' INT
  trap 'say "stopping"; exit 143' TERM HUP
  main=$$
  ( sleep "$1" & slept=$!; trap 'kill $slept; exit' TERM; wait $slept && kill -TERM "$main" ) > /dev/null 2>&1 &
  watch=$!
}

# kubectl create and replace write their own note of what was applied last; `kubectl apply` of the owner's file needs the one that was there
write() {
  kubectl "$1" -f "$(place "$2" "$3" "$4").yaml" || return 1
  shift
  [ ! -s "$(place "$@").applied" ] || {
    applied=$(cat "$(place "$@").applied"; printf .)
    change annotate "$@" --overwrite "kubectl.kubernetes.io/last-applied-configuration=${applied%.}"
  }
}

put_back() {
  grep -q '^  ownerReferences:' "$(place "$@").yaml" && { say "$1/$2: its controller makes another one"; return 0; }
  write create "$@"
}

restore() {
  if [ -e "$(place "$@").absent" ]; then unmake "$@"
  elif [ -n "$(there "$@")" ]; then
    bare "$@" | cmp -s - "$(place "$@").yaml" || write replace "$@"
  else put_back "$@"; fi
}

younger() {
  while [ $# -gt 0 ]; do
    [ "$(there "$1" "$2" "$3" 'jsonpath={.metadata.uid}')" = "$(cat "$(place "$1" "$2" "$3").uid")" ] || return 0
    shift 3
  done
  return 1
}

make_again() { drop "$@"; next_second; put_back "$@"; }

left=''
compare() {
  if [ -e "$(place "$@").absent" ]; then
    mine=$(ours "$@" || echo unknown)
    [ -n "$mine" ] || [ -z "$(there "$@")" ] || say "$1/$2 stays: it was not made here"
    [ -z "$mine" ]
  elif grep -q '^  ownerReferences:' "$(place "$@").yaml" && [ -z "$(there "$@" || echo unknown)" ]; then true
  else bare "$@" | diff "$(place "$@").yaml" - >&2; fi || left="$left $1/$2"
}

finish() {
  [ -z "$left" ] || { say "NOT restored:$left; before/ holds them as they were. Start undo.sh again."; exit 8; }
  rm -rf before
  say "restored: every touched object is as it was"
}
"""
