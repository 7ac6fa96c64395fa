"""A broker's two ends in memory, for unit tests of what stands behind them."""

from relay.amqp.consumer import Incoming


class MemoryPublisher:
    """Keeps what was published; raises what it is told to, by routing key or for everything."""

    def __init__(self):
        self.published = []
        self.error = None
        self.errors = {}
        self.waited = 0
        self.listeners = 1

    async def ready(self):
        self.waited += 1

    async def consumers(self, queue):
        return self.listeners

    async def publish(self, message):
        error = self.errors.get(message.key, self.error)
        if error is not None:
            raise error
        self.published.append(message)


class MemoryReceived:
    """A message and what was answered for it."""

    def __init__(self, body, *, key="forward.0", user="", message_id="m", correlation_id=""):
        self.answers = []
        self.incoming = Incoming(
            body=body,
            key=key,
            queue=key,
            message_id=message_id,
            correlation_id=correlation_id,
            user_id=user,
            type="",
            redelivered=False,
        )

    async def ack(self):
        self.answers.append("ack")

    async def again(self):
        self.answers.append("again")

    async def bury(self):
        self.answers.append("bury")
