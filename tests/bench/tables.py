"""From the values of all rounds to Markdown. A number is the median of the rounds; a ratio is the median of the ratios
of each round, whose two sides were measured one after the other."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Row:
    """`of` = what the target is held against: "plain" or "ZeroMQ" (a ratio), "itself" (the value), or another case of the
    same subject (a ratio). `limit` is the most that is allowed, or with `least` the least."""

    label: str
    unit: str
    case: str
    metric: str
    of: str = "plain"
    limit: float = None
    least: bool = False
    digits: int = 1

    def target(self):
        if self.limit is None:
            return ""
        subject = {"plain": "of plain", "ZeroMQ": "of ZeroMQ", "itself": self.unit}.get(self.of, f"of {self.of}")
        return f"{'≥' if self.least else '≤'} {self.limit:g} {subject}"

    def is_met(self, value):
        return value >= self.limit if self.least else value <= self.limit


ROWS = (
    Row("1,000/s, p50", "µs", "latency-1k", "p50_us", limit=1),
    Row("1,000/s, p99", "µs", "latency-1k", "p99_us", limit=1),
    Row("1,000/s, p99.9", "µs", "latency-1k", "p999_us"),
    Row("20,000/s, p50", "µs", "latency-20k", "p50_us", limit=1),
    Row("20,000/s, p99", "µs", "latency-20k", "p99_us", limit=1),
    Row("20,000/s, p99.9", "µs", "latency-20k", "p999_us"),
    Row("20,000/s, CPU per message", "µs", "latency-20k", "cpu_us", limit=1, digits=2),
    Row("… of it the first thread", "µs", "latency-20k", "main_us", digits=2),
    Row("… times asleep per message", "", "latency-20k", "switches", digits=2),
    Row("20,000/s over TLS, p50", "µs", "tls-20k", "p50_us"),
    Row("20,000/s over TLS, CPU per message", "µs", "tls-20k", "cpu_us", digits=2),
    Row("bursts of 500, p50", "µs", "bursts", "p50_us", limit=0.75),
    Row("bursts of 500, CPU per message", "µs", "bursts", "cpu_us", digits=2),
    Row("saturation, delivered", "/s", "saturation", "rate", limit=1.25, least=True, digits=0),
    Row("saturation, against ZeroMQ alone", "/s", "saturation", "rate", of="ZeroMQ", limit=0.85, least=True, digits=0),
    Row("64 KiB, p50", "µs", "large", "p50_us", limit=0.65),
    Row("64 KiB, CPU per message", "µs", "large", "cpu_us", limit=0.5),
    Row("20 connections, p50", "µs", "connections-20", "p50_us"),
    Row("20 connections, CPU per message", "µs", "connections-20", "cpu_us", of="latency-20k", limit=1.15, digits=2),
    Row("4 consumers, p50", "µs", "consumers-4", "p50_us"),
    Row("4 consumers, CPU per message", "µs", "consumers-4", "cpu_us", of="latency-20k", limit=1.3, digits=2),
    Row("… of it the first thread", "µs", "consumers-4", "main_us", of="latency-20k", digits=2),
    Row("memory, one connection, no journal", "MiB", "start", "rss_mib", of="itself", limit=20),
    Row("start to first message", "ms", "start", "first_ms", of="itself", limit=50),
    Row("idle, CPU", "% of a core", "idle", "cpu_percent", of="itself", limit=0.1, digits=3),
    Row("idle, wake-ups", "/s", "idle", "wakeups"),
)


# What the relay measures itself, where somebody looks.
OPERATED = Row("20,000/s, from the read to ZeroMQ, p99", "µs", "latency-20k", "forward_p99_us", limit=1.1)


class Results:
    """values[case][subject] = one dict of metrics for each round; an empty one where nothing was measured."""

    def __init__(self):
        self._values = {}

    def add(self, case, subject, values):
        self._values.setdefault(case, {}).setdefault(subject, []).append(values)

    def each(self, case, subject, metric):
        return [values.get(metric) for values in self._values.get(case, {}).get(subject, ())]

    def median(self, case, subject, metric):
        known = [value for value in self.each(case, subject, metric) if value is not None]
        return statistics.median(known) if known else None

    def ratio(self, upper, lower):
        """Each a (case, subject, metric)."""
        pairs = zip(self.each(*upper), self.each(*lower))
        known = [above / below for above, below in pairs if above is not None and below]
        return statistics.median(known) if known else None


def number(value, digits=1):
    return "" if value is None else f"{value:,.{digits}f}"


def title(row):
    return f"{row.label} ({row.unit})" if row.unit else row.label


def markdown(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main_table(results, cases):
    """fairlead beside plain and the floors, with targets."""
    lines = []
    for row in ROWS:
        if row.case not in cases:
            continue
        numbers = [number(results.median(row.case, subject, row.metric), row.digits)
                   for subject in ("fairlead", "plain", "socket", "ZeroMQ")]  # fmt: skip
        judged = judge(results, row)
        verdict = ["", row.target(), ""]
        if row.limit is not None and judged is not None:
            verdict = [number(judged, 2), row.target(), "yes" if row.is_met(judged) else "**no**"]
        to_plain = results.ratio((row.case, "fairlead", row.metric), (row.case, "plain", row.metric))
        lines.append([title(row), *numbers, number(to_plain, 2), *verdict])
    header = ["", "fairlead", "plain", "socket alone", "ZeroMQ alone", "fairlead / plain", "judged", "target", "met"]
    return markdown(header, lines)


def judge(results, row):
    """What the target is compared with."""
    own = (row.case, "fairlead", row.metric)
    if row.of == "itself":
        return results.median(*own)
    if row.of in ("plain", "ZeroMQ"):
        return results.ratio(own, (row.case, row.of, row.metric))
    return results.ratio(own, (row.of, "fairlead", row.metric))


def comparison(results, cases, left, right, more=()):
    """Two builds of fairlead, or two situations."""
    lines = []
    for row in (*ROWS, *more):
        if row.case not in cases or row.of == "ZeroMQ":
            continue
        each = results.each(row.case, left, row.metric), results.each(row.case, right, row.metric)
        ratios = sorted(a / b for a, b in zip(*each) if a is not None and b)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}" if ratios else ""
        lines.append([
            title(row), *(number(results.median(row.case, subject, row.metric), row.digits) for subject in (left, right)),
            number(statistics.median(ratios), 2) if ratios else "", spread])  # fmt: skip
    return markdown(["", left, right, f"{left} / {right}", "of the rounds"], lines)


def growth_table(results, cases):
    lines = []
    for case in cases:
        line = [case.name]
        for metric, digits in (("p50_us", 1), ("cpu_us", 2), ("main_us", 2), ("rss_mib", 1)):
            line += [number(results.median(case.name, subject, metric), digits) for subject in ("fairlead", "plain")]
        lines.append(line)
    header = ["20,000/s of 200 B where nothing else is said", "p50 µs", "plain", "CPU per message µs",
              "plain", "of it the first thread", "plain", "memory MiB", "plain"]  # fmt: skip
    return markdown(header, lines)
