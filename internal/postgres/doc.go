// Package postgres keeps galleries, the ledger and templates in a PostgreSQL
// database with pgvector, and searches them there. It holds all SQL outside
// package migrations. Its errors are face.Errors: what a SQLSTATE means to the
// caller is decided in one place, interpret.
package postgres
