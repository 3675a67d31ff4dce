-- Run once by a superuser (`apiary-collector init` does, or hand it to the DBA), connected to the empty database that
-- Apiary gets. Repeatable. Creates the roles and takes away what PostgreSQL gives to everybody. The migrations 001...
-- run as apiary_owner.
-- The second time, the default below applies to us too: off for this transaction, and for those that follow.
SET transaction_read_only = off;
SET default_transaction_read_only = off;
DO $$
DECLARE
  setting text;
  role text;
  routine regprocedure;
BEGIN
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'Apiary needs a UTF8 database';
  END IF;
  IF to_regrole('apiary_owner') IS NULL THEN   -- migrations only
    CREATE ROLE apiary_owner LOGIN;
  END IF;
  IF to_regrole('apiary_writer') IS NULL THEN  -- the collector
    CREATE ROLE apiary_writer LOGIN;
  END IF;
  IF to_regrole('apiary_reader') IS NULL THEN  -- people: CREATE ROLE ann LOGIN IN ROLE apiary_reader
    CREATE ROLE apiary_reader NOLOGIN;
  END IF;
  EXECUTE format('ALTER DATABASE %I OWNER TO apiary_owner', current_database());
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO apiary_writer, apiary_reader', current_database());
  REVOKE ALL ON SCHEMA public FROM PUBLIC;

  -- Large objects are writable by everybody otherwise, and fill the disk.
  FOR routine IN
    SELECT oid::regprocedure FROM pg_catalog.pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace
       AND proname IN ('lo_create', 'lo_creat', 'lo_from_bytea', 'lo_put', 'lo_get', 'lo_open', 'lo_unlink',
                       'lo_truncate', 'lo_truncate64', 'loread', 'lowrite', 'lo_import', 'lo_export')
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
  END LOOP;

  -- Retention by size counts the write-ahead log: names and sizes of its files, no contents.
  GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO apiary_writer;

  -- Role settings are not inherited through membership, so the cautious defaults are the database's (they reach every
  -- personal login) and the two programs undo them. All but temp_file_limit can be changed by the user: a courtesy, not
  -- a bound.
  FOREACH setting IN ARRAY ARRAY['search_path = apiary', 'default_transaction_read_only = on',
    'statement_timeout = ''60s''', 'lock_timeout = ''2s''', 'idle_in_transaction_session_timeout = ''60s''',
    'temp_file_limit = ''2GB''', 'timezone = ''UTC''']
  LOOP
    EXECUTE format('ALTER DATABASE %I SET %s', current_database(), setting);
  END LOOP;
  FOREACH role IN ARRAY ARRAY['apiary_owner', 'apiary_writer'] LOOP
    FOREACH setting IN ARRAY ARRAY['default_transaction_read_only = off', 'statement_timeout = 0',
      'lock_timeout = ''10s''', 'temp_file_limit = -1']
    LOOP
      EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %s', role, current_database(), setting);
    END LOOP;
  END LOOP;
END $$;
