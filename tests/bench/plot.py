"""The plot: throughput and p99 against size, and where the time of one request goes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def draw(report: Mapping[str, Any], path: Path) -> None:
    """Draw a report as a picture. Raises ImportError where matplotlib is not installed."""
    import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (rates, tails, parts) = plt.subplots(1, 3, figsize=(16, 5))
    _lines(rates, report["rows"], "rps", "due list, requests/s")
    _lines(tails, report["rows"], "p99_ms", "due list, p99 in ms")
    _parts(parts, report.get("profile") or {}, [mpl.colormaps["tab20"](n) for n in range(20)])
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _lines(axes: Any, rows: Sequence[Mapping[str, Any]], figure: str, title: str) -> None:
    due = [row for row in rows if row["operation"] == "due"]
    most = max((row["connections"] for row in due), default=0)
    for name in dict.fromkeys(row["contestant"] for row in due):
        mine = [row for row in due if row["contestant"] == name and row["connections"] == most]
        axes.plot(
            [row["applications"] for row in mine], [row["median"][figure] for row in mine], "o-", label=name
        )
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("open applications")
    axes.set_title(f"{title} at {most} connections")
    if due:
        axes.legend()


def _parts(axes: Any, profile: Mapping[str, Mapping[str, float]], colours: Sequence[Any]) -> None:
    """A bar for each operation, of the CPU of API and database."""
    names = list(profile)
    bottom = [0.0] * len(names)
    layers = dict.fromkeys(layer for parts in profile.values() for layer in parts)
    axes.set_prop_cycle("color", colours)
    for layer in layers:
        heights = [profile[name].get(layer, 0.0) for name in names]
        axes.bar(names, heights, bottom=bottom, label=layer)
        bottom = [below + height for below, height in zip(bottom, heights, strict=True)]
    axes.set_title("CPU of one request, ms")
    if names:
        axes.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
