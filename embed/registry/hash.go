package registry

import (
	"crypto/sha1" // what git names contents by
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// hashFile returns a file's SHA-256 and size.
func hashFile(path string) (sum string, size int64, err error) {
	return digest(path, func(int64) hash.Hash { return sha256.New() })
}

// gitBlob returns what git calls a file's content.
func gitBlob(path string) (string, error) {
	sum, _, err := digest(path, func(size int64) hash.Hash {
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", size)
		return h
	})
	return sum, err
}

// digest hashes a file by what start makes for its size.
func digest(path string, start func(size int64) hash.Hash) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, face.Wrap(face.Unavailable, err, "weights")
	}
	defer func() {
		if e := f.Close(); e != nil && err == nil {
			err = face.Wrap(face.Unavailable, e, "weights %s", path)
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return "", 0, face.Wrap(face.Unavailable, err, "weights %s", path)
	}
	h := start(info.Size())
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, face.Wrap(face.Unavailable, err, "weights %s", path)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// is says whether the file at a path, of the given SHA-256, is this one.
func (f File) is(sum, path string) (bool, error) {
	if f.SHA256 != "" || f.GitBlob == "" {
		return f.SHA256 == sum, nil
	}
	blob, err := gitBlob(path)
	return blob == f.GitBlob, err
}

// isHex says whether text is so many lower case hex digits.
func isHex(text string, digits int) bool {
	return len(text) == digits && strings.Trim(text, "0123456789abcdef") == ""
}

// isHash says whether text can be a SHA-256.
func isHash(text string) bool { return isHex(text, hex.EncodedLen(sha256.Size)) }

// isBlob says whether text can be a git blob's name.
func isBlob(text string) bool { return isHex(text, hex.EncodedLen(sha1.Size)) }
