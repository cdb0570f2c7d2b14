"""The metrics that expressions ask for, and those that there are."""

import re

from checkout import read

_STRINGS = re.compile(r'"[^"]*"')
_NOT_METRICS = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right) *\([^)]*\)")
_METRIC = re.compile(r"\b(?:fairlead|network|process)_\w+|\b(?:up|ALERTS)\b(?! *\()")
_HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")


def metrics_of(expression):
    """Names of metrics; of a histogram the name of the whole."""
    names = set(_METRIC.findall(_NOT_METRICS.sub(" ", _STRINGS.sub('""', expression))))
    return {_whole(name) for name in names}


def _whole(name):
    for part in _HISTOGRAM_PARTS:
        if name.endswith(part):
            return name.removesuffix(part)
    return name


def table_of_metrics():
    """Those of the table in proxy/metrics/README.md."""
    return set(re.findall(r"(?m)^\| *`(\w+)", read("proxy", "metrics", "README.md")))
