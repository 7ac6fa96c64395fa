-- name: tables
-- Tables in the order in which they can be made; monthly partitions are not part of the schema.
SELECT c.relname AS name, pg_get_partkeydef(c.oid) AS partitioned_by,
       parent.relname AS parent, pg_get_expr(c.relpartbound, c.oid) AS bound,
       array_to_string(c.reloptions, ', ') AS options
  FROM pg_class c
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  LEFT JOIN pg_class parent ON parent.oid = i.inhparent
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND c.relname !~ '_[0-9]{4}_[0-9]{2}$'
 ORDER BY parent.relname IS NOT NULL, c.relname COLLATE "C";

-- name: columns
SELECT c.relname AS owner, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(l.collname) END AS collation,
       a.attnotnull AS required, a.attidentity::text AS identity,
       pg_get_expr(d.adbin, d.adrelid) AS default_value,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition
 ORDER BY c.relname COLLATE "C", a.attnum;

-- name: constraints
-- Foreign keys last, so that what they name is there. Not-null has its place beside the column.
SELECT c.relname AS owner, k.conname AS name, pg_get_constraintdef(k.oid) AS definition,
       k.contype = 'f' AS is_foreign
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
 WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND k.contype <> 'n'
   AND k.conparentid = 0
 ORDER BY c.relname COLLATE "C", k.contype <> 'p', k.conname COLLATE "C";

-- name: indexes
SELECT c.relname AS owner, pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_class x ON x.oid = i.indexrelid
 WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
 ORDER BY x.relname COLLATE "C";
