-- name: migrations
SELECT name FROM schema_migrations;

-- name: queue
SELECT count(*) AS number, min(id) AS oldest FROM log_queue;
