"""`make bench`: one JSON line per benchmark. `make bench ARGS=http` runs the named ones only."""

import importlib
import json
import sys

BENCHMARKS = {
    "answers": ("benchmarks.answers", "sqlite"),
    "answers_postgres": ("benchmarks.answers", "postgres"),
    "http": ("benchmarks.http", "over_http"),
    "zalo": ("benchmarks.zalo", "zalo"),
    "delivery_rate": ("benchmarks.delivery", "rate"),
    "delivery_replies": ("benchmarks.delivery", "replies"),
    "delivery_million": ("benchmarks.delivery", "million"),
    "delivery_claims": ("benchmarks.delivery", "claims"),
    "push": ("benchmarks.push", "push"),
    "growth": ("benchmarks.growth", "growth"),
    "sealing": ("benchmarks.sealing", "sealing"),
    "sealing_postgres": ("benchmarks.sealing", "sealing_postgres"),
    "checking": ("benchmarks.checking", "checking"),
    "tally": ("benchmarks.tally", "tally"),
    "demo": ("benchmarks.startup", "demo"),
    "waits": ("benchmarks.waits", "waits"),
    "takeover": ("benchmarks.takeover", "takeover"),
    "help": ("benchmarks.startup", "help_text"),
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"No benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.\n")
        return 2
    from bot.logs import configure

    configure("error", "text")
    for name in names or BENCHMARKS:
        module, function = BENCHMARKS[name]
        print(
            json.dumps(getattr(importlib.import_module(module), function)(), ensure_ascii=False), flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
