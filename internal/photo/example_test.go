package photo_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/photo"
)

// A command line reads all that the machine's user may read anyway.
func ExampleReader_Read() {
	dir, err := os.MkdirTemp("", "photographs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "a.png")
	if err := os.WriteFile(path, []byte("\x89PNG"), 0o600); err != nil {
		fmt.Println(err)
	}
	reader, err := photo.New(photo.Config{Kinds: []photo.Kind{photo.File, photo.Stdin, photo.Inline, photo.URL}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{path, "data:image/png;base64,iVBORw", "http://127.0.0.1/a.png"} {
		data, err := reader.Read(context.Background(), name)
		fmt.Printf("%s: %d bytes, %q\n", photo.KindOf(name), len(data), face.CodeOf(err))
	}
	// Output:
	// file: 4 bytes, ""
	// data URI: 4 bytes, ""
	// URL: 0 bytes, "invalid"
}

// A server takes what it is sent, and nothing else.
func ExampleReader_Inline() {
	reader, err := photo.New(photo.Config{MaxBytes: 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, text := range []string{"data:image/png;base64,iVBORw==", "iVBORw", "iVBORw0KGgo"} {
		data, err := reader.Inline(text)
		fmt.Println(len(data), "bytes, error:", err)
	}
	// Output:
	// 4 bytes, error: <nil>
	// 4 bytes, error: <nil>
	// 0 bytes, error: the photograph sent has more than 6 bytes
}
