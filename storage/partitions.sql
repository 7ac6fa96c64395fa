-- name: existing
-- The monthly partitions that are there: parent and first day.
SELECT parent.relname AS parent, child.relname AS child
  FROM pg_inherits i
  JOIN pg_class parent ON parent.oid = i.inhparent
  JOIN pg_class child ON child.oid = i.inhrelid
 WHERE parent.relname = ANY ($1::text[])
   AND parent.relnamespace = 'public'::regnamespace;
