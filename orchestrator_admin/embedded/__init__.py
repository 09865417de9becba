"""The database engine of a machine without DATABASE_URL: real PostgreSQL from a wheel, started when first needed."""
