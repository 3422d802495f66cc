package registry

import (
	"fmt"
	"slices"
	"strings"
)

// File is one weights file, known by its hash.
type File struct {
	Name string `yaml:"name" json:"name"`
	URL  string `yaml:"url" json:"url,omitempty"`
	// Made says how a file was made that nobody publishes: it has no URL, and can
	// be imported only.
	Made   string `yaml:"made" json:"made,omitempty"`
	SHA256 string `yaml:"sha256" json:"sha256,omitempty"` // 64 lower case hex digits
	Bytes  int64  `yaml:"bytes" json:"bytes,omitempty"`   // 0 where the publisher tells the hash alone
	// Unpinned says that the publisher gives no hash. In a Store's entries the
	// hash and size are those recorded when it was first pulled, if it was.
	Unpinned bool `yaml:"unpinned" json:"unpinned,omitempty"`
	// Archive is "zip" or "bz2" where the URL gives an archive; hash and size
	// are those of what is in it, Member its name in a zip file. ArchiveSHA256
	// may be known besides.
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

// Pullable says whether the file and its parts have a URL.
func (f File) Pullable() bool {
	return !slices.ContainsFunc(f.All(), func(part File) bool { return part.URL == "" })
}

// Known says whether the hashes of the file and its parts are known.
func (f File) Known() bool {
	return !slices.ContainsFunc(f.All(), func(part File) bool { return part.SHA256 == "" })
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

// limit is how many bytes the file may have at most.
func (f File) limit() int64 {
	if f.SHA256 == "" || f.Bytes == 0 {
		return maxUnknown
	}
	return f.Bytes
}

// resumable says whether a download that was cut short may go on where it
// ended: only a known hash shows that both pieces were of one file, and only
// the known size of what the URL gives that nothing is missing.
func (f File) resumable() bool {
	return f.SHA256 != "" && f.Bytes > 0 && f.Archive == ""
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
// hash is known.
func (f File) may(size int64, name string) bool {
	return f.SHA256 != "" && (f.Bytes == size || f.Bytes == 0 && f.Name == name)
}

func (f File) size() string {
	if f.Bytes == 0 {
		return "of unknown size"
	}
	return fmt.Sprintf("%d bytes", f.Bytes)
}
