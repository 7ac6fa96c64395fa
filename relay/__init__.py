"""Conversation: HTTP, AMQP, and the loops that move deliveries on."""
