// Package migrations holds the database schema as numbered SQL files, each
// with its way back, in the form that golang-migrate reads.
package migrations

import "embed"

// Files are the migrations, NNNNNN_noun.up.sql and NNNNNN_noun.down.sql. They
// expect the schema visage and the extension vector to exist.
//
//go:embed *.sql
var Files embed.FS
