package ingest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/ingest"
)

func ExampleRun() {
	root, err := os.MkdirTemp("", "people")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	for name, content := range map[string]string{"ann/1.jpg": "face 1 ann", "ann/notes.txt": "text"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			fmt.Println(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			fmt.Println(err)
		}
	}
	cfg := ingest.Config{Root: root, Space: space, Detector: "fake"}
	report, err := ingest.Run(context.Background(), cfg, &embedder{}, newLedger())
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(report.Files, "files,", report.Faces, "face,", report.Rejected)
	// Output: 2 files, 1 face, map[unsupported:1]
}
