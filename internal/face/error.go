package face

import (
	"errors"
	"fmt"
)

// Code says what kind of thing went wrong, for programs. The list is closed.
type Code string

// The codes. Those of one photograph (NoFace to Vanished) are also the reasons
// under which an ingest reports a rejected file, as are those of faces that are
// found but not good enough (TooSmall to Spoof).
const (
	Internal    Code = "internal"      // a fault of ours or of the machine
	Invalid     Code = "invalid"       // the caller asked for something that cannot be
	NotFound    Code = "not_found"     // the named thing does not exist
	Exists      Code = "exists"        // the named thing exists already
	Mismatch    Code = "mismatch"      // templates of different spaces, wrong dimension or hash
	Conflict    Code = "conflict"      // what others did meanwhile stands against it
	Unavailable Code = "unavailable"   // a part is missing or does not answer: database, library, weights
	Cancelled   Code = "cancelled"     // the caller's context ended
	NoFace      Code = "no_face"       // the photograph shows no face
	Unsupported Code = "unsupported"   // not an image, or of a kind that is not read
	Undecodable Code = "decode_failed" // an image that is damaged or cut short
	TooLarge    Code = "too_large"     // more bytes or pixels than the limit
	Empty       Code = "empty"         // a file of no bytes
	Unreadable  Code = "unreadable"    // no right to read it, or not a regular file
	Vanished    Code = "vanished"      // listed, then gone

	TooSmall      Code = "too_small"      // a face of too few pixels
	LowConfidence Code = "low_confidence" // the detector doubts that it is a face
	Blurred       Code = "blurred"        // a face without detail
	BadAlignment  Code = "bad_alignment"  // turned far away, or its landmarks are wrong
	LowQuality    Code = "low_quality"    // a face whose quality, all in all, is less than was asked for
	SeveralFaces  Code = "several_faces"  // more than the one that was asked for
	Spoof         Code = "spoof"          // a picture of a face, not a live one
)

// Error is the one error type that crosses package borders. Code is for
// programs, Message for the caller (what is wrong with what, and what to do),
// Op and Err for the log.
type Error struct {
	Code    Code
	Op      string // what was being done, such as "postgres.Enrol"; may be empty
	Message string
	Err     error // the cause; may be nil
}

// Error joins operation, message and cause.
func (e *Error) Error() string {
	text := e.Message
	if e.Op != "" {
		text = e.Op + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of the given code that has no cause.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error of the given code around its cause. The message says
// what is wrong with what; the cause is appended to it.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: cause}
}

// CodeOf returns the code of the first Error in err's chain, Internal where
// there is none, and "" for nil.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	default:
		return Internal
	}
}
