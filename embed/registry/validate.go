package registry

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

var kinds = []Kind{Detector, Recognizer, Attribute, Liveness}

// validate says what of a model's description cannot be.
func (e Entry) validate() error {
	switch {
	case !isFileName(e.Name):
		return fmt.Errorf("name %q: an imported file is named after it, so it wants at most %d printable characters, none of them /, and none of the names that the folder keeps for itself", e.Name, maxName)
	case fold(e.Name) == "" || slices.ContainsFunc(e.Aliases, func(a string) bool { return fold(a) == "" }):
		return fmt.Errorf("name %q or aliases %q: each wants letters", e.Name, e.Aliases)
	case !slices.Contains(kinds, e.Kind):
		return fmt.Errorf("kind is %q, want one of %q", e.Kind, kinds)
	case !slices.Contains([]string{"yes", "no", "unclear"}, e.Commercial):
		return fmt.Errorf("commercial is %q, want yes, no or unclear", e.Commercial)
	case e.Kind != Detector && (e.Backend != "" || e.BoxEyes != nil || e.Loosen):
		return fmt.Errorf("backend, box_eyes and loosen are a detector's")
	case e.BoxEyes != nil && !(share(e.BoxEyes.Distance) && share(e.BoxEyes.Line)):
		return fmt.Errorf("box_eyes are %+v, want shares between 0 and 1", *e.BoxEyes)
	}
	if err := cmp.Or(e.Recognition.validate(e.Kind), e.Attribution.validate(e.Kind), e.Presentation.validate(e.Kind, e.Files)); err != nil {
		return err
	}
	for _, f := range e.Files {
		for i, part := range f.All() {
			if err := part.validate(i > 0); err != nil {
				return fmt.Errorf("file %q: %w", part.Name, err)
			}
		}
	}
	return nil
}

func share(x float64) bool { return x > 0 && x < 1 }

func (f File) validate(isPart bool) error {
	switch {
	case !isFileName(f.Name):
		return fmt.Errorf("this cannot be a file's name")
	case f.URL == "" && f.Made == "":
		return fmt.Errorf("it has neither a url nor what it was made of")
	case f.URL != "" && !isHTTPS(f.URL):
		return fmt.Errorf("url is %q, want https", f.URL)
	case slices.ContainsFunc(f.Mirrors, func(url string) bool { return f.URL == "" || !isHTTPS(url) }):
		return fmt.Errorf("mirrors are %q, want https addresses besides a url", f.Mirrors)
	case f.Archive != "" && f.Archive != archiveZip && f.Archive != archiveBz2:
		return fmt.Errorf("archive is %q, want %s or %s", f.Archive, archiveZip, archiveBz2)
	case f.Archive != "" && f.URL == "":
		return fmt.Errorf("an archive needs a url")
	case (f.Member != "") != (f.Archive == archiveZip):
		return fmt.Errorf("a zip file needs a member, and nothing else has one")
	case isPart && len(f.Parts) > 0:
		return fmt.Errorf("a part has parts")
	default:
		return f.validateHashes()
	}
}

func (f File) validateHashes() error {
	switch {
	case f.ArchiveSHA256 != "" && (f.Archive == "" || !isHash(f.ArchiveSHA256)):
		return fmt.Errorf("archive_sha256 is %q, want an archive's 64 lower case hex digits", f.ArchiveSHA256)
	case f.SHA256 != "" && !isHash(f.SHA256):
		return fmt.Errorf("sha256 is %q, want 64 lower case hex digits, or unpinned", f.SHA256)
	case f.GitBlob != "" && (f.URL == "" || f.SHA256 != "" || !isBlob(f.GitBlob)):
		return fmt.Errorf("git_blob is %q, want 40 lower case hex digits, for a file with a url and without sha256", f.GitBlob)
	case f.Unpinned && (f.verifiable() || f.Bytes != 0):
		return fmt.Errorf("an unpinned file has no sha256, git_blob, archive_sha256 or bytes")
	case !f.Unpinned && !f.verifiable():
		return fmt.Errorf("it has no sha256, git_blob or archive_sha256, or unpinned")
	case f.Bytes < 0 || f.About < 0 || f.Bytes > 0 && f.About > 0:
		return fmt.Errorf("bytes is %d and about %d, want one of them, at least 1, or none where the publisher does not tell", f.Bytes, f.About)
	}
	return nil
}

func isHTTPS(url string) bool { return strings.HasPrefix(url, "https://") }

// maxName is how many bytes a name may have: with the hash, part and extension of
// an imported file it stays below the 255 that file systems allow.
const maxName = 200

// isFileName says whether a file may lie under the name in a models folder,
// beside the files that a Store keeps for itself.
func isFileName(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && !strings.HasPrefix(name, ".") &&
		len(name) <= maxName && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) &&
		!strings.HasPrefix(name, pinsName) && !strings.HasPrefix(name, ownName) && !strings.HasSuffix(name, partSuffix)
}
