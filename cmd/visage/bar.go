package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar is a progress bar on a terminal. Elsewhere it is a line every now and then,
// where it was made so, and nothing otherwise.
type bar struct {
	terminal *os.File // nil for none
	what     string   // is counted
	bar      *progressbar.ProgressBar

	lines      io.Writer // nil for none
	every      time.Duration
	begun, due time.Time
	last       string
}

// lineEvery is the time between two lines where there is no terminal.
const lineEvery = 10 * time.Second

func newBar(w io.Writer, what string) *bar {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return &bar{what: what}
	}
	return &bar{terminal: file, what: what}
}

// withLines has a bar that is on no terminal write lines.
func (b *bar) withLines(w io.Writer, every time.Duration) *bar {
	if b.terminal == nil {
		b.lines, b.every, b.begun = w, every, time.Now()
		b.due = b.begun.Add(every)
	}
	return b
}

// count is how many files a folder will have to be read, nearly; the ingest's
// own walk is only ever a few thousand files ahead of its work. It is 0 for what is
// no folder, and where there is no bar to be shown.
func (b *bar) count(root string) int {
	files := 0
	if info, err := os.Stat(root); b.terminal == nil || err != nil || !info.IsDir() {
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
	switch {
	case b.lines != nil:
		b.line(done, total, note)
		return
	case b.terminal == nil:
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

// line writes how far it is, if the time has come. A total that is not known
// yet is 0.
func (b *bar) line(done, total int, note string) {
	of := ""
	if total > 0 {
		of = fmt.Sprintf(" of %d", total)
	}
	b.last = fmt.Sprintf("%d%s %s, %s, %s so far", done, of, b.what, note, time.Since(b.begun).Round(time.Second))
	if now := time.Now(); !now.Before(b.due) {
		b.due = now.Add(b.every)
		fmt.Fprintln(b.lines, b.last)
		b.last = ""
	}
}

// close takes the bar off the terminal, or writes the last line.
func (b *bar) close() error {
	if b.last != "" {
		fmt.Fprintln(b.lines, b.last)
	}
	if b.bar == nil {
		return nil
	}
	return errors.Join(b.bar.Clear(), b.bar.Exit())
}
