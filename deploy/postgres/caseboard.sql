-- Run once by the superuser, when the volume is made: a role for Caseboard that owns its database and
-- may nothing beyond it, whatever somebody makes it say.
\getenv password POSTGRES_PASSWORD
create role caseboard login password :'password';
create database caseboard owner caseboard;
-- The superuser comes in from within the container only, where no password is asked.
alter role postgres password null;
