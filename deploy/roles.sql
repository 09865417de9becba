-- Two database roles: `orchestrator_owner` applies migrations, `orchestrator` runs web, worker and scheduler and cannot
-- change the schema. Run once, as a superuser, in the new and empty database (psql -v owner_password=… -v password=…).

CREATE ROLE orchestrator_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE orchestrator LOGIN PASSWORD :'password';
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO orchestrator_owner;
GRANT USAGE ON SCHEMA public TO orchestrator;
ALTER DEFAULT PRIVILEGES FOR ROLE orchestrator_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO orchestrator;
ALTER DEFAULT PRIVILEGES FOR ROLE orchestrator_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO orchestrator;
ALTER DEFAULT PRIVILEGES FOR ROLE orchestrator_owner IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO orchestrator;
