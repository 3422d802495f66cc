package registry

// Vouched says whether something tells the right file and parts from others
// when they are downloaded: a hash of them, or of the archive that they are in.
func (f File) Vouched() bool {
	return !f.any(func(part File) bool { return !part.verifiable() })
}

func (f File) verifiable() bool { return f.SHA256 != "" || f.GitBlob != "" || f.ArchiveSHA256 != "" }

// Vouch is what a file rests on.
type Vouch string

// What files rest on.
const (
	ByHash    Vouch = "SHA-256" // as its publisher, or the registry, gives it
	ByGitBlob Vouch = "git blob"
	ByArchive Vouch = "archive's SHA-256"
	ByNobody  Vouch = "first pull" // it must stay as it was when it first came
)

// Vouch says what the file itself rests on, not its parts.
func (f File) Vouch() Vouch {
	switch {
	case f.Unpinned:
		return ByNobody
	case f.SHA256 != "" && !f.Recorded:
		return ByHash
	case f.GitBlob != "":
		return ByGitBlob
	default:
		return ByArchive
	}
}
