"""What a watcher knows, as Prometheus metrics."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from tdh.audit.watch import ALARM_OF, Alarm, Seen

MEDIA_TYPE = CONTENT_TYPE_LATEST


class WatchMetrics:
    """A registry of its own; `text` is what is scraped."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()

        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(f"tdh_audit_{name}", meaning, labels, registry=self._registry)

        self._size = gauge("log_entries", "Entries of the log that were read and fit.")
        self._changed = gauge(
            "head_changed_timestamp_seconds", "When the log's head was last another one."
        )
        self._looked = gauge("look_timestamp_seconds", "When the log was last looked at.")
        self._reached = gauge("success_timestamp_seconds", "When it was last reached.")
        self._alarm = gauge("alarm", "1 while something is wrong.", "alarm")
        self._problems = gauge("problems", "Entries that are wrong, since the first.", "alarm")
        self._accepted = gauge("accepted_deliveries", "Deliveries that were accepted.")
        self._refused = gauge("refused_submissions", "Submissions that were refused.")
        self._open = gauge("open_deliveries", "Deliveries that have not ended.")
        self._overdue = gauge("overdue_deliveries", "Of these, past their due date.")
        self._ended = gauge("deliveries", "Deliveries that came so far.", "outcome")
        self._minutes = gauge("outcome_minutes", "Minutes from acceptance.", "outcome", "quantile")
        self._looks = Counter(
            "tdh_audit_looks", "How often the log was looked at.", registry=self._registry
        )

    def show(self, seen: Seen, now: datetime) -> None:
        """Take what a look found."""
        self._looks.inc()
        self._looked.set(now.timestamp())
        if Alarm.UNREACHABLE not in seen.alarms:
            self._reached.set(now.timestamp())
        self._size.set(seen.size)
        self._changed.set(seen.changed_at.timestamp())
        for alarm in Alarm:
            self._alarm.labels(alarm.value).set(alarm in seen.alarms)
        for alarm in ALARM_OF.values():
            self._problems.labels(alarm.value).set(seen.problems.get(alarm, 0))
        found = seen.statistics
        self._accepted.set(found.accepted)
        self._refused.set(found.refused_submissions)
        self._open.set(found.open)
        self._overdue.set(found.overdue)
        for name, spread in found.outcomes.items():
            self._ended.labels(name).set(spread.number)
            for quantile, value in (("0.5", spread.p50), ("0.9", spread.p90), ("1", spread.most)):
                if value is not None:
                    self._minutes.labels(name, quantile).set(value)

    def text(self) -> bytes:
        """As it is scraped."""
        return generate_latest(self._registry)
