CREATE TABLE visage.api_keys (
    id           text        PRIMARY KEY CONSTRAINT api_keys_id_check CHECK (id ~ '^[0-9a-f]{16}$'),
    name         text        NOT NULL CONSTRAINT api_keys_name_check CHECK (octet_length(name) BETWEEN 1 AND 1024),
    hash         bytea       NOT NULL CONSTRAINT api_keys_hash_check CHECK (octet_length(hash) = 32),
    scopes       text[]      NOT NULL CONSTRAINT api_keys_scopes_check
                             CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'enrol', 'delete', 'admin']),
    galleries    text[]      NOT NULL DEFAULT '{}',
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
COMMENT ON TABLE visage.api_keys IS 'Who may use the HTTP service, and for what. Rows of revoked and expired keys stay: as long as there is a row, a key is asked for.';
COMMENT ON COLUMN visage.api_keys.id IS 'Public part of the key, by which it is looked up: 8 random bytes in hexadecimal.';
COMMENT ON COLUMN visage.api_keys.name IS 'What the operator calls it; need not be unique.';
COMMENT ON COLUMN visage.api_keys.hash IS 'SHA-256 of the whole key. It holds 256 random bits, which nobody can try out, so that a slow hash would protect nothing.';
COMMENT ON COLUMN visage.api_keys.scopes IS 'What it may do: read, enrol, delete, or admin, which is all of them and more.';
COMMENT ON COLUMN visage.api_keys.galleries IS 'Names of the only galleries that it may use; empty for all.';
COMMENT ON COLUMN visage.api_keys.expires_at IS 'When it ends, by the clock of this database; null for never.';
COMMENT ON COLUMN visage.api_keys.last_used_at IS 'When it was last used, to a minute.';
