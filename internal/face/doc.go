// Package face holds the words of the domain: what is found in a photograph
// (Detection), what is stored and compared (Template), which templates may be
// compared at all (Space), who is enrolled (Identity, Gallery) and what a
// search answers (Candidate). Every other package speaks these words; this one
// imports none of them.
package face
