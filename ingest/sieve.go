package ingest

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// sieve says which files of a folder are meant; the zero one, all.
type sieve struct{ include, exclude [][]string }

// newSieve reads patterns: the names of a path below the root with slashes
// between them, each as path.Match has it, or ** for any number of names, also
// none. It returns Invalid for one that no path can match.
func newSieve(include, exclude []string) (sieve, error) {
	var s sieve
	for _, kind := range []struct {
		field    string
		patterns []string
		to       *[][]string
	}{{"Include", include, &s.include}, {"Exclude", exclude, &s.exclude}} {
		for _, pattern := range kind.patterns {
			names := strings.Split(strings.TrimSuffix(pattern, "/"), "/")
			for _, name := range names {
				if _, err := path.Match(name, ""); err != nil || name == "" || name == "." || name == ".." {
					return sieve{}, face.Errorf(face.Invalid,
						`ingest: %s: %q is no pattern for a path below the folder, such as "**/*.jpg" or "guests/**"`, kind.field, pattern)
				}
			}
			*kind.to = append(*kind.to, names)
		}
	}
	return s, nil
}

// bars says whether a file or folder is excluded by its own name, and so with
// all that is below it.
func (s sieve) bars(listed string) bool { return matchAny(s.exclude, namesOf(listed)) }

// wants says whether a file is included, if it is not excluded.
func (s sieve) wants(listed string) bool {
	return len(s.include) == 0 || matchAny(s.include, namesOf(listed))
}

// passes says whether a file is meant, whatever of its folders it goes by.
func (s sieve) passes(listed string) bool {
	names := namesOf(listed)
	for n := range names {
		if matchAny(s.exclude, names[:n+1]) {
			return false
		}
	}
	return s.wants(listed)
}

func namesOf(listed string) []string { return strings.Split(listed, string(filepath.Separator)) }

func matchAny(patterns [][]string, names []string) bool {
	for _, pattern := range patterns {
		if match(pattern, names) {
			return true
		}
	}
	return false
}

// match goes through the names once, and after a dead end on from the last **
// with one name more for it; an earlier ** would not help.
func match(pattern, names []string) bool {
	const any = "**"
	p, n, last, taken := 0, 0, -1, 0
	for n < len(names) {
		switch {
		case p < len(pattern) && pattern[p] == any:
			last, taken = p, n
			p++
		case p < len(pattern) && matchName(pattern[p], names[n]):
			p, n = p+1, n+1
		case last >= 0:
			taken++
			p, n = last+1, taken
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == any {
		p++
	}
	return p == len(pattern)
}

func matchName(pattern, name string) bool {
	matches, _ := path.Match(pattern, name) // newSieve has seen to the error
	return matches
}
