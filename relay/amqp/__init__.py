"""The AMQP interface."""
