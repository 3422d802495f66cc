package registry

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// What bzip2 makes of content, and of a million zeros (2^20).
const (
	packedContent = "QlpoOTFBWSZTWR9cpiAAABKRgEAEM+ucoCAAIiT08qNP1DEFNMjExMQkQxAXrZVeVEtN2lUXVoQ+J5p9Bzzou5IpwoSA+uUxAA=="
	packedZeros   = "QlpoOTFBWSZTWThXHOUACAhAAMAEAAggADDMBSmmCAbEIB4u5IpwoSBwrjnK"
)

func decode(t *testing.T, text string) string {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// zipOf packs one member, whose header claims the given size.
func zipOf(t *testing.T, name, text string, claims int) string {
	t.Helper()
	var packed, archive bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := deflate.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := deflate.Close(); err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(&archive)
	member, err := w.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(text)),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(claims),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := member.Write(packed.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.String()
}

func TestArchives(t *testing.T) {
	t.Parallel()
	inside, size, zeros := "nets/net.onnx", len(content), strings.Repeat("\x00", 1<<20)
	good := zipOf(t, inside, content, size)
	bz2 := decode(t, packedContent)
	known := weights("net.onnx", content)
	unknown := File{Name: "net.onnx", Unpinned: true}
	for name, c := range map[string]struct {
		file          File
		kind, archive string
		code          face.Code
		text          string
	}{
		"zip":                                 {known, archiveZip, good, "", ""},
		"zip of unknown content":              {unknown, archiveZip, good, "", ""},
		"bz2":                                 {known, archiveBz2, bz2, "", ""},
		"bz2 of unknown content":              {unknown, archiveBz2, bz2, "", ""},
		"zip without the member":              {known, archiveZip, zipOf(t, "net.onnx", content, size), face.Mismatch, "no member nets/net.onnx"},
		"zip of another file":                 {known, archiveZip, zipOf(t, inside, strings.ToUpper(content), size), face.Mismatch, "SHA-256"},
		"zip bomb":                            {known, archiveZip, zipOf(t, inside, zeros, len(zeros)), face.Mismatch, "1048576 bytes, want 44"},
		"zip bomb that lies":                  {known, archiveZip, zipOf(t, inside, zeros, size), face.Mismatch, ""},
		"zip bomb of unknown content":         {unknown, archiveZip, zipOf(t, inside, zeros, maxUnknown+1), face.Mismatch, "2147483649 bytes"},
		"zip that is cut":                     {known, archiveZip, good[:len(good)-9], face.Mismatch, "damaged"},
		"zip that is none":                    {known, archiveZip, content, face.Mismatch, "damaged"},
		"zip of unknown content, that lies":   {unknown, archiveZip, zipOf(t, inside, content, size+1), face.Mismatch, "damaged"},
		"bz2 bomb":                            {known, archiveBz2, decode(t, packedZeros), face.Mismatch, "more than 44 bytes"},
		"bz2 that is cut":                     {known, archiveBz2, bz2[:len(bz2)-9], face.Mismatch, "damaged"},
		"bz2 of unknown content, that is cut": {unknown, archiveBz2, bz2[:len(bz2)-9], face.Mismatch, "damaged"},
	} {
		f := c.file
		f.Archive = c.kind
		if c.kind == archiveZip {
			f.Member = inside
		}
		s := newShop(t, map[string]string{"/archive": c.archive})
		f.URL = s.URL + "/archive"
		_, err := s.pull(t, entry(f), true)
		if face.CodeOf(err) != c.code || c.code != "" && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %q with %q", name, err, c.code, c.text)
		}
		if c.code != "" {
			if left := files(t, s.dir); left != "" {
				t.Errorf("%s: left behind %s", name, left)
			}
			continue
		}
		data, err := os.ReadFile(filepath.Join(s.dir, "net.onnx"))
		if err != nil || string(data) != content || strings.Contains(files(t, s.dir), ".part") {
			t.Errorf("%s: unpacked %q, %v, files %s", name, data, err, files(t, s.dir))
		}
		if _, _, err := NewStore([]Entry{entry(f)}, s.dir).Installed(entry(f)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An archive whose own hash is known is not unpacked if it is another.
func TestArchiveOfAKnownHash(t *testing.T) {
	t.Parallel()
	packed := decode(t, packedContent)
	for sum, code := range map[string]face.Code{weights("", packed).SHA256: "", sum64: face.Mismatch} {
		s := newShop(t, map[string]string{"/net.bz2": packed})
		f := File{Name: "net.onnx", URL: s.URL + "/net.bz2", Archive: archiveBz2, ArchiveSHA256: sum}
		if _, err := s.pull(t, entry(f), false); face.CodeOf(err) != code {
			t.Errorf("got %v, want %q", err, code)
		}
	}
}

// However long what comes is, no more than the file's size is written.
func TestPlaceStopsAtTheFilesSize(t *testing.T) {
	t.Parallel()
	f := weights("net.onnx", content)
	endless := strings.NewReader(strings.Repeat("x", 1<<20))
	_, err := NewStore(nil, t.TempDir()).place(entry(f), f, endless)
	if read := 1<<20 - endless.Len(); face.CodeOf(err) != face.Mismatch || read > len(content)+1 {
		t.Errorf("read %d bytes of %d, %v", read, len(content), err)
	}
}
