package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// File is one weights file, known by its hash.
type File struct {
	Name string `yaml:"name" json:"name"`
	URL  string `yaml:"url" json:"url,omitempty"`
	// Mirrors are further addresses at which the publisher has the same file, in
	// the order in which they are tried.
	Mirrors []string `yaml:"mirrors" json:"mirrors,omitempty"`
	// Made says how a file was made that nobody publishes: it has no URL, and can
	// be imported only.
	Made   string `yaml:"made" json:"made,omitempty"`
	SHA256 string `yaml:"sha256" json:"sha256,omitempty"` // 64 lower case hex digits
	// GitBlob is what git calls the file's content, 40 lower case hex digits: the
	// SHA-1 of "blob", its length and the content. It is given where it is known
	// and the SHA-256 is not.
	GitBlob string `yaml:"git_blob" json:"git_blob,omitempty"`
	Bytes   int64  `yaml:"bytes" json:"bytes,omitempty"` // 0 where the publisher tells the hash alone
	About   int64  `yaml:"about" json:"about,omitempty"` // bytes, nearly, for people, where Bytes is 0
	// Unpinned says that nobody gives a hash of any kind.
	Unpinned bool `yaml:"unpinned" json:"unpinned,omitempty"`
	// Recorded says that SHA256 and Bytes are those of pins.yaml, as the file was
	// when it first came. It is set in a Store's entries only.
	Recorded bool `yaml:"-" json:"recorded,omitempty"`
	// Archive is "zip" or "bz2" where the URL gives an archive; hash and size
	// are those of what is in it, Member its name in a zip file. ArchiveSHA256
	// may be known besides, or alone.
	Archive       string `yaml:"archive" json:"archive,omitempty"`
	Member        string `yaml:"member" json:"member,omitempty"`
	ArchiveSHA256 string `yaml:"archive_sha256" json:"archive_sha256,omitempty"`
	// Parts are further files that are needed together with this one, in the
	// order in which they are used. They have no parts themselves.
	Parts []File `yaml:"parts" json:"parts,omitempty"`
}

// The archives that are read.
const (
	archiveZip = "zip"
	archiveBz2 = "bz2"
)

// maxUnknown bounds a file whose size nobody has said: 2 GiB, four times the
// largest weights that DeepFace uses (VGG-Face, 580 MB).
const maxUnknown = 2 << 30

// All is the file and its parts, in order.
func (f File) All() []File {
	return append([]File{f}, f.Parts...)
}

// any says whether the file or a part of it has the property.
func (f File) any(has func(File) bool) bool { return slices.ContainsFunc(f.All(), has) }

// Pullable says whether the file and its parts have a URL.
func (f File) Pullable() bool {
	return !f.any(func(part File) bool { return part.URL == "" })
}

// Known says whether the SHA-256 of the file and of its parts are known, which
// they are used by.
func (f File) Known() bool {
	return !f.any(func(part File) bool { return part.SHA256 == "" })
}

// Size is how many bytes the file and its parts have, 0 where that is unknown.
func (f File) Size() int64 {
	var sum int64
	for _, part := range f.All() {
		if part.Bytes == 0 {
			return 0
		}
		sum += part.Bytes
	}
	return sum
}

// Estimate is how many bytes the file and its parts have, nearly, 0 where nobody
// knows.
func (f File) Estimate() int64 {
	var sum int64
	for _, part := range f.All() {
		sum += cmp.Or(part.Bytes, part.About)
	}
	return sum
}

// limit is how many bytes the file may have at most.
func (f File) limit() int64 {
	if f.Bytes == 0 {
		return maxUnknown
	}
	return f.Bytes
}

// resumable says whether a download that was cut short may go on where it
// ended: only a hash shows that both pieces were of one file, and only the
// known size of what the URL gives that nothing is missing.
func (f File) resumable() bool {
	return (f.SHA256 != "" || f.GitBlob != "") && f.Bytes > 0 && f.Archive == ""
}

// made joins what is said of how the file and its parts were made.
func (f File) made() string {
	var texts []string
	for _, part := range f.All() {
		if part.Made != "" && !slices.Contains(texts, part.Made) {
			texts = append(texts, part.Made)
		}
	}
	return strings.Join(texts, "; ")
}

// may says whether a file of the given size and name may be this one, whose
// SHA-256 is known.
func (f File) may(size int64, name string) bool {
	return f.SHA256 != "" && f.fits(size, name)
}

// fits says whether a file's size is this one's, or its name where the size is
// unknown.
func (f File) fits(size int64, name string) bool {
	return f.Bytes == size || f.Bytes == 0 && f.Name == name
}

func (f File) size() string {
	switch {
	case f.Bytes > 0:
		return fmt.Sprintf("%.1f MB", float64(f.Bytes)/1e6)
	case f.About > 0:
		return fmt.Sprintf("about %d MB", (f.About+500_000)/1_000_000)
	default:
		return "of unknown size"
	}
}
