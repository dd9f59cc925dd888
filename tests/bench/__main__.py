"""`python -m tests.bench`: how fast Touchbase is, beside what bounds it and what people write instead."""

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app import postgres
from tests.bench import bench, data, measure, plot, targets
from tests.bench.bench import Bench, Options
from tests.bench.stories import STORIES

QUICK = data.Size("quick", 10, 1)
QUICK_STORIES = 100


def say(words: str) -> None:
    """Progress, on standard error."""
    click.echo(words, err=True)


def _listed(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


@click.command()
@click.option(
    "--sizes", default="1k,100k,1m", show_default=True, callback=_listed, help="Of 1k, 100k and 1m."
)
@click.option("--connections", default="1,8,32", show_default=True, callback=_listed)
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 20))
@click.option("--seconds", default=9.0, show_default=True, help="Of each run, the warming up included.")
@click.option(
    "--warmup", default=3.0, show_default=True, help="Seconds at the beginning that are not counted."
)
@click.option(
    "--only", "names", multiple=True, type=click.Choice(bench.NAMES), help="Just this; may be repeated."
)
@click.option(
    "--memory-requests", default=100_000, show_default=True, help="Before the memory is looked at last."
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=postgres.default_data_dir().with_name("touchbase-bench"),
    show_default=True,
    help="Keeps the data from one run to the next; 1m needs 10 GB.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="For the report; beside the data if unset.",
)
@click.option("--quick", is_flag=True, help="1,000 applications, one short round: whether it all works.")
def main(
    *,
    sizes: list[str],
    connections: list[str],
    rounds: int,
    seconds: float,
    warmup: float,
    names: tuple[str, ...],
    memory_requests: int,
    data_dir: Path,
    output: Path | None,
    quick: bool,
) -> None:
    """Measure Touchbase: prints medians side by side, and writes them as JSON and as a picture."""
    if unknown := set(sizes) - data.SIZES.keys():
        raise click.BadParameter(f"no size: {', '.join(sorted(unknown))}", param_hint="--sizes")
    options = Options(
        data_dir,
        [data.SIZES[name] for name in data.SIZES if name in sizes],
        STORIES,
        [int(number) for number in connections],
        rounds,
        seconds,
        warmup,
        names or bench.NAMES,
        memory_requests,
    )
    if quick:
        options = Options(data_dir, [QUICK], QUICK_STORIES, [8], 1, 2, 0.5, options.names, 4_000)
    logging.getLogger().addHandler(logging.NullHandler())  # what the service logs in this process
    found, measured = _measured(options)
    for line in _lines(found, measured):
        click.echo(line)
    _write(found, output or data_dir / "reports")


def _measured(options: Options) -> tuple[dict[str, Any], Bench]:
    options.folder.mkdir(parents=True, exist_ok=True)
    with postgres.running(options.folder, settings=bench.POSTGRES, report=say) as server:
        pid = int((options.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        measured = Bench(server, pid, options, say)
        return asyncio.run(measured.run()), measured


def _lines(found: Mapping[str, Any], measured: Bench) -> Iterator[str]:
    machine = found["machine"]
    yield f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB; {machine['system']}"
    yield f"load before the run {machine['load_before']:.2f}; Python {machine['python']}; " + ", ".join(
        f"{name} {number}" for name, number in machine["packages"].items()
    )
    words = (f"{name} = {value}" for name, value in found["postgres"]["settings"].items())
    yield f"PostgreSQL {found['postgres']['version']}, durable: {', '.join(words)}"
    yield f"medians of {measured.options.rounds} rounds of {measured.options.seconds - measured.options.warmup:g} s\n"
    yield from measure.table(measured.rows)
    yield "\nqueries of one request"
    for name, query in found["queries"].items():
        usual = f"{query['statements']} statements in {query['round_trips']} round trips"
        yield f"  {name:8} {usual}, of some stories {query['most_round_trips']}"
    for name, parts in found["profile"].items():
        yield f"CPU of one {name}, ms: " + ", ".join(f"{layer} {ms:.2f}" for layer, ms in parts.items())
    for name, value in found["alone"].items():
        yield f"{name} {value:,.4g}"
    yield ""
    yield from map(str, targets.verdicts(measured.results))
    yield from (f"NOTE {note}" for note in found["notes"])


def _write(found: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(found, indent=1), encoding="utf-8")
    say(f"\n{path}")
    try:
        plot.draw(found, path.with_suffix(".png"))
    except ImportError:
        say("No plot: ./run python -m pip install --require-hashes -r tests/bench/requirements.txt")
    else:
        say(str(path.with_suffix(".png")))


if __name__ == "__main__":
    main()
