"""What can go wrong between us and the broker. The library's errors end here, as causes."""

from tdh.domain.errors import ServiceUnavailable, TDHError


class BrokerUnavailable(ServiceUnavailable):
    """The broker does not answer in time, is blocked, or ended the connection.

    What was being published may or may not have arrived.
    """

    code = "broker-unavailable"


class NotTaken(TDHError):
    """The broker answered that it did not take the message; `reason` is a kebab-case code."""

    code = "message-not-taken"
    retryable = True
    reason = "queue-refused"


class Unroutable(NotTaken):
    """No queue is bound for the message: the broker returned it (`mandatory`)."""

    code = "message-unroutable"
    reason = "queue-missing"


class TopologyMismatch(TDHError):
    """An exchange or queue exists with other properties than ours. Nothing was changed.

    An operator must decide: empty and delete it, or keep it and change the settings.
    """

    code = "broker-topology-mismatch"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} exists with other properties: {problem}")
        self.name = name
        self.problem = problem


class AccessRefused(TDHError):
    """The broker does not allow us (or a partner's program) what was asked."""

    code = "broker-access-refused"


class ManagementRefused(TDHError):
    """The broker's management interface refused a change of users or permissions."""

    code = "broker-management-refused"

    def __init__(self, change: str, status: int, answer: str) -> None:
        super().__init__(f"{change}: HTTP {status} {answer}")
        self.change = change
        self.status = status
