package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar is a progress bar on a terminal, and nothing elsewhere.
type bar struct {
	terminal *os.File // nil for none
	what     string   // is counted
	bar      *progressbar.ProgressBar
}

func newBar(w io.Writer, what string) *bar {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &bar{}
	}
	return &bar{terminal: file, what: what}
}

// count is how many files a folder will have to be read, nearly; the ingest's
// own walk is only ever a few thousand files ahead of its work. It is 0 where there is
// no bar to be shown.
func (b *bar) count(root string) int {
	files := 0
	if b.terminal == nil {
		return files
	}
	_ = filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files++
		}
		return nil // what cannot be read the ingest reports
	})
	return files
}

// show says how many of how many are done. A terminal that went away is no
// reason to stop.
func (b *bar) show(done, total int, note string) {
	if b.terminal == nil {
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.terminal), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString(b.what), progressbar.OptionClearOnFinish())
	}
	b.bar.ChangeMax(total)
	b.bar.Describe(note)
	_ = b.bar.Set(done)
}

// close takes the bar off the terminal.
func (b *bar) close() error {
	if b.bar == nil {
		return nil
	}
	return errors.Join(b.bar.Clear(), b.bar.Exit())
}
