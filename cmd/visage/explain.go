package main

import (
	"errors"
	"strings"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// explain is an error as people read it: without what a part of the program
// says for the log about its own working (Op and what caused it), and without
// its message where another of the same code stands before it. Of a database that is
// not reached it tells where that was tried.
func explain(err error) string {
	if why := postgres.Unreached(err); why != "" {
		return without(err) + ": " + why + "; see that it runs and that the database URL is right"
	}
	return without(err)
}

// without is an error without what is for the log.
func without(err error) string {
	text := err.Error()
	var told, before *face.Error
	for ; errors.As(err, &told); err, before = told.Err, told {
		switch {
		case told.Op == "":
		case before != nil && before.Code == told.Code:
			return strings.Replace(text, ": "+told.Error(), "", 1)
		default:
			return strings.Replace(text, told.Error(), told.Message, 1)
		}
	}
	return text
}
