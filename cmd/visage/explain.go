package main

import (
	"errors"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// explain is an error as people read it: without what a part of the program
// says for the log about its own working (Op and what caused it).
func explain(err error) string {
	text := err.Error()
	var told *face.Error
	for errors.As(err, &told) {
		if told.Op != "" {
			return strings.Replace(text, told.Error(), told.Message, 1)
		}
		err = told.Err
	}
	return text
}
