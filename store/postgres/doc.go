// Package postgres keeps accounts in PostgreSQL.
package postgres
