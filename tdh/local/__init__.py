"""Private PostgreSQL and RabbitMQ servers that live and die with the program that started them."""
